//! The devices of a person, signed.

use shared_types::{
    Code, ServerEvent, UserId,
    keys::{Address, ChangedLists, DeviceList, KnownLists, NewDeviceList},
    socket::DevicesEvent,
};

use crate::{
    App, Caller, Error, Refusal,
    domain::{keys::check_list, limits::Limited},
    ports::Audience,
};

/// Puts one's list of devices in the place of the one before. New devices must have brought their keys, so that whoever
/// reads the list can begin with them; of devices that are gone nothing is kept.
pub async fn put_devices(app: &App, me: Caller, new: NewDeviceList) -> Result<(), Error> {
    app.spend(Limited::Request, me.user).await?;
    let list = check_list(me.user, new)?;
    let before = app.keys.lists(&[me.user]).await?.pop();
    let listed = |list: Option<&DeviceList>| -> Vec<Address> {
        let devices = list.map(|list| list.devices.as_slice()).unwrap_or_default();
        devices.iter().map(|device| Address { user_id: me.user, device_id: device.id }).collect()
    };
    let (was, is) = (listed(before.as_ref()), listed(Some(&list)));
    let new: Vec<Address> = is.iter().filter(|device| !was.contains(device)).copied().collect();
    let stocks = app.keys.stocks(&new).await?;
    for device in &new {
        if !stocks.iter().any(|(stocked, stock)| stocked == device && stock.is_complete) {
            let place = is.iter().position(|listed| listed == device).unwrap_or_default();
            let rule = "a device brings its fallback and post-quantum key first";
            return Err(Refusal::field(format!("devices[{place}]"), rule).into());
        }
    }
    if !app.keys.put_list(&list).await? {
        let stale = Refusal::new(Code::StaleVersion, "a list of this or a higher version stands");
        return Err(Refusal { field: Some("version".into()), ..stale }.into());
    }
    for gone in was.iter().filter(|device| !is.contains(device)) {
        app.keys.forget(*gone).await?;
        app.mailboxes.clear(*gone).await?;
    }
    let changed = ServerEvent::Devices(DevicesEvent { version: list.version });
    app.delivery.tell(Audience::Users(vec![me.user]), changed).await;
    Ok(())
}

/// The most people in one call: the members of a group.
const MOST_PEOPLE: usize = 1_024;

/// The lists of these people that are of another version than the caller knows.
pub async fn changed_lists(app: &App, me: Caller, input: KnownLists) -> Result<ChangedLists, Error> {
    if !(1..=MOST_PEOPLE).contains(&input.known.len()) {
        return Err(Refusal::field("known", format!("1 to {MOST_PEOPLE} people")).into());
    }
    app.spend(Limited::Request, me.user).await?;
    let people: Vec<UserId> = input.known.keys().copied().collect();
    let mut lists = app.keys.lists(&people).await?;
    lists.retain(|list| input.known.get(&list.user_id) != Some(&list.version));
    Ok(ChangedLists { lists })
}

/// A person's devices.
pub async fn device_lists(app: &App, me: Caller, user: UserId) -> Result<DeviceList, Error> {
    app.spend(Limited::Request, me.user).await?;
    let list = app.keys.lists(&[user]).await?.pop();
    Ok(list.ok_or_else(|| Refusal::not_found("list of devices"))?)
}
