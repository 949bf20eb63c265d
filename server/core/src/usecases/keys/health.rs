//! How it goes with devices' keys: the one number by which an operator sees that people can't read.

use shared_types::keys::KeysHealth;

use crate::{App, Caller, Error, Refusal, domain::limits::Limited};

/// More than a device can have gone through between two reports.
const MOST: u32 = 10_000;

/// Checks a device's report. Who told is not kept.
pub async fn report_health(app: &App, me: Caller, report: KeysHealth) -> Result<KeysHealth, Error> {
    for (field, count) in [("undecryptable", report.undecryptable), ("repaired", report.repaired)] {
        if count > MOST {
            return Err(Refusal::field(field, format!("at most {MOST}")).into());
        }
    }
    app.spend(Limited::Request, me.user).await?;
    Ok(report)
}
