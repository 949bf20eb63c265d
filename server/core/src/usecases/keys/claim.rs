//! Taking keys with which sessions begin.

use shared_types::keys::{Address, ClaimKeys, Claimed};

use super::watch;
use crate::{
    App, Caller, Error, Refusal,
    domain::{keys::FEW_ONE_TIME, limits::Limited},
};

/// The most devices in one call.
const MOST: usize = 100;

/// A key of each device; those that brought none are missing in the answer. Devices that run low are asked for more.
pub async fn claim_keys(app: &App, me: Caller, input: ClaimKeys) -> Result<Claimed, Error> {
    let mut devices: Vec<Address> = input.devices;
    devices.sort_unstable();
    devices.dedup();
    if !(1..=MOST).contains(&devices.len()) {
        return Err(Refusal::field("devices", format!("1 to {MOST}")).into());
    }
    app.spend(Limited::Claim, me.user).await?;
    let keys = app.keys.claim(&devices).await?;
    for (device, stock) in app.keys.stocks(&devices).await? {
        // Each time one is taken: an event that got lost is made up for by the next.
        if stock.one_time_left < FEW_ONE_TIME {
            watch::ask(app, device, stock.one_time_left).await;
        }
    }
    Ok(Claimed { keys })
}
