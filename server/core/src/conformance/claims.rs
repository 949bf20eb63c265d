//! The contract of [`crate::ports::Claims`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::MessageId;

use crate::{App, ports::Claim};

fn claim(byte: u8) -> Claim {
    Claim { sender: [byte; 16].into(), digest: [byte; 32] }
}

/// Whoever comes second is told of the first.
pub async fn the_first_claim_wins(app: &App) {
    let at = (super::conversation(), MessageId(super::user().0));
    assert_eq!(app.claims.find(at).await.unwrap(), None);
    assert_eq!(app.claims.claim(at, claim(1)).await.unwrap(), None);
    assert_eq!(app.claims.claim(at, claim(2)).await.unwrap(), Some(claim(1)));
    assert_eq!(app.claims.find(at).await.unwrap(), Some(claim(1)));
}

/// Given back, it can be taken again; the same id elsewhere is another one.
pub async fn a_released_claim_is_free(app: &App) {
    let id = MessageId(super::user().0);
    let (here, there) = ((super::conversation(), id), (super::conversation(), id));
    app.claims.claim(here, claim(1)).await.unwrap();
    app.claims.claim(there, claim(2)).await.unwrap();
    app.claims.release(&[here]).await.unwrap();
    assert_eq!(app.claims.find(here).await.unwrap(), None);
    assert_eq!(app.claims.find(there).await.unwrap(), Some(claim(2)));
}

/// Settled, it is remembered for as long as the port says, or free at once where it says 0.
pub async fn a_settled_claim_is_remembered_as_promised(app: &App) {
    let at = (super::conversation(), MessageId(super::user().0));
    app.claims.claim(at, claim(1)).await.unwrap();
    app.claims.settle(&[at]).await.unwrap();
    let expected = (app.claims.remembers_ms() > 0).then(|| claim(1));
    assert_eq!(app.claims.find(at).await.unwrap(), expected);
}
