//! The contract of [`crate::ports::Push`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::DeviceId;

use crate::{App, ports::Wake};

/// What is handed over is found again, the newest first.
pub async fn what_is_sent_is_remembered(app: &App) {
    let wake = |unread| Wake {
        user: super::user(),
        device: DeviceId(super::user().0),
        conversation: super::conversation(),
        unread,
    };
    let (first, second) = (wake(1), wake(2));
    app.push.wake(first).await.unwrap();
    app.push.wake(second).await.unwrap();
    let sent = app.push.sent(1_000).await.unwrap();
    let place = |wake| sent.iter().position(|sent| *sent == wake).unwrap();
    assert!(place(second) < place(first));
}
