//! Watching what devices have left: a server can't make their keys, it can only ask for them.

use shared_types::{ServerEvent, keys::Address, socket::KeysEvent};

use crate::{
    App, Error,
    domain::keys::{FEW_ONE_TIME, RENEW_AFTER_MS},
    ports::Audience,
};

/// How many devices are asked in one round.
const MOST: usize = 1_000;

/// Asks every device that has few one-time keys left, or old ones; says how many there were. Whoever is not connected
/// looks for itself when it is.
pub async fn nudge(app: &App) -> Result<usize, Error> {
    let before = app.clock.now().plus_ms(-RENEW_AFTER_MS);
    let wanting = app.keys.wanting(FEW_ONE_TIME, before, MOST).await?;
    let stocks = app.keys.stocks(&wanting).await?;
    for (device, stock) in &stocks {
        ask(app, *device, stock.one_time_left).await;
    }
    Ok(stocks.len())
}

/// Asks a device for new keys.
pub(super) async fn ask(app: &App, device: Address, one_time_left: u32) {
    let event = ServerEvent::Keys(KeysEvent { device_id: device.device_id, one_time_left });
    app.delivery.tell(Audience::Users(vec![device.user_id]), event).await;
}
