//! Which server the sentinels call master, looked at again and again. One that was silent while it was replaced does not
//! know that; for some ten seconds it takes what is lost when it learns.

use std::time::Duration;

use redis::Client;

use super::address::Address;

/// How often it is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks in a row must find another one: sentinels may disagree for a moment.
const SURE: u32 = 2;

/// The server that is used.
pub(super) struct Master {
    /// Where it is; not known where nobody replaces it.
    at: Option<String>,
    others: u32,
}

impl Master {
    /// One that sentinels have named.
    pub(super) fn named(client: &Client) -> Self {
        Self { at: Some(place(client)), others: 0 }
    }

    /// One that stays, or that says itself who has replaced it.
    pub(super) fn fixed() -> Self {
        Self { at: None, others: 0 }
    }

    /// Looks; says whether it was replaced. Sentinels that are silent change nothing.
    pub(super) async fn is_replaced(&mut self, address: &Address) -> bool {
        let Some(at) = &self.at else { return false };
        match tokio::time::timeout(LOOK_EVERY, address.master()).await {
            Ok(Ok(Some(master))) if place(&master) != *at => self.others += 1,
            Ok(Ok(_)) => self.others = 0,
            Ok(Err(_)) | Err(_) => {}
        }
        self.others >= SURE
    }
}

fn place(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}
