//! Keys that a device brings, so that others can begin with it while it sleeps.

use shared_types::keys::{Address, NewPrekeys, PrekeysLeft};

use crate::{
    App, Caller, Error,
    domain::{
        keys::{MOST_ONE_TIME, check_prekeys},
        limits::Limited,
    },
};

/// Adds to what this device has left. Doing it again with the same keys changes nothing.
pub async fn put_prekeys(app: &App, me: Caller, new: NewPrekeys) -> Result<PrekeysLeft, Error> {
    app.spend(Limited::Request, me.user).await?;
    let mut prekeys = check_prekeys(new)?;
    let device = Address { user_id: me.user, device_id: me.device };
    let left = app.keys.stocks(&[device]).await?.first().map_or(0, |(_, stock)| stock.one_time_left);
    if left as usize >= MOST_ONE_TIME {
        // It has what it needs; without this a client could pile them up.
        prekeys.one_time.clear();
    }
    let stock = app.keys.put_prekeys(device, &prekeys, app.clock.now()).await?;
    Ok(PrekeysLeft { one_time_left: stock.one_time_left })
}
