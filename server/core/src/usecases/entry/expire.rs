//! Take the words of what has expired.

use crate::{App, Error};

/// The most entries emptied in one step.
const STEP: usize = 500;

/// Empties everything that has expired by now; gives how many entries that were. Readers stopped seeing them at their
/// moment; this takes them off the store.
pub async fn expire(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let mut total = 0;
    loop {
        let emptied = app.log.expire(now, STEP).await?;
        total += emptied;
        if emptied < STEP {
            return Ok(total);
        }
    }
}
