//! The contract of [`crate::ports::Backups`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use crate::{App, ports::BackupHead};

fn head(version: u64) -> BackupHead {
    BackupHead {
        version,
        recovery: Some(format!("{version}")),
        passphrase: None,
        parts: (1..version).map(|it| it.to_string()).collect(),
    }
}

/// Each version follows the one before, whoever races.
pub async fn a_head_follows_the_one_before(app: &App) {
    let user = super::user();
    assert_eq!(app.backups.head(user).await.unwrap(), None);
    assert!(!app.backups.put_head(user, &head(2)).await.unwrap(), "there is no first");
    assert!(app.backups.put_head(user, &head(1)).await.unwrap());
    assert!(!app.backups.put_head(user, &head(1)).await.unwrap());
    assert!(!app.backups.put_head(user, &head(3)).await.unwrap());
    let (one, other) = (head(2), BackupHead { passphrase: Some("p".into()), ..head(2) });
    let both = super::join(app.backups.put_head(user, &one), app.backups.put_head(user, &other)).await;
    let (first, second) = (both.0.unwrap(), both.1.unwrap());
    assert!(first != second, "one of them wins");
    assert_eq!(app.backups.head(user).await.unwrap(), Some(if first { one } else { other }));
    assert_eq!(app.backups.head(super::user()).await.unwrap(), None);
}

/// Gone is gone, and the next begins at 1.
pub async fn a_removed_head_is_gone(app: &App) {
    let user = super::user();
    for _ in 0..2 {
        assert!(app.backups.put_head(user, &head(1)).await.unwrap());
        app.backups.remove_head(user).await.unwrap();
        app.backups.remove_head(user).await.unwrap();
        assert_eq!(app.backups.head(user).await.unwrap(), None);
    }
}
