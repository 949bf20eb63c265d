//! The directory: this device's own keys in it, the signed lists of others, and the members of groups as they were signed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared_types::keys::{Address, ChangedLists, Claimed, DeviceList, SignedMembers, Statements};
use shared_types::{ConversationId, Role, UserId};

use super::{Called, Keys, Line, now_ms};

/// As many one-time keys as the directory wants: only what is due by its age is made.
const MOST_KEYS: u32 = 50;
/// The server's own bound of a call.
const MOST_CLAIMS: usize = 100;

pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T> {
    serde_json::from_value(body).context("an answer of another shape")
}

impl Keys {
    /// Brings this device's keys and puts it into the signed list of its account, unless it is there.
    pub(crate) async fn join(&mut self, line: &Line<'_>) -> Result<()> {
        let me = self.device.me();
        let path = format!("/users/{}/devices", me.user_id);
        loop {
            let before: Option<DeviceList> = match self.call(line, ("GET", &path, None), &["not_found"]).await? {
                Called::Yes(list) => Some(read(list)?),
                Called::No(_) => None,
            };
            let devices = before.as_ref().map(|list| list.devices.as_slice()).unwrap_or_default();
            let is_listed = devices.iter().any(|device| device.id == me.device_id);
            self.bring(line, if is_listed { MOST_KEYS } else { 0 }).await?;
            if let Some(list) = before.as_ref().filter(|_| is_listed) {
                return self.learn(std::slice::from_ref(list));
            }
            let devices = devices.iter().cloned().chain([self.device.keys()]).collect();
            let list = self.device.sign_devices(before.as_ref(), devices)?;
            let mut body = json!(list);
            if let Some(fields) = body.as_object_mut() {
                fields.remove("user_id");
            }
            match self.call(line, ("PUT", "/keys/account", Some(&body)), &["stale_version", "invalid"]).await? {
                Called::Yes(_) => return self.learn(&[list]),
                // Right after a failover, a pod may not see yet which keys another has taken. That passes, or this device
                // never comes in, and that is found.
                Called::No(code) if code == "invalid" => bail!("the keys of this device are not seen yet"),
                // The other device of this person was faster: then once more, on top of that.
                Called::No(_) => {}
            }
        }
    }

    /// Brings new keys, where the directory has only so many left.
    pub(crate) async fn bring(&mut self, line: &Line<'_>, left: u32) -> Result<()> {
        let Some(keys) = self.device.new_prekeys(left, now_ms()) else { return Ok(()) };
        self.commit()?;
        self.good(line, ("PUT", "/keys/device", Some(&json!(keys)))).await?;
        self.device.prekeys_taken();
        self.commit()
    }

    /// Fetches what has changed of people's lists.
    pub(crate) async fn look(&mut self, line: &Line<'_>, people: &[UserId]) -> Result<()> {
        let version = |user: &UserId| self.device.peer(*user).map_or(0, |peer| peer.list.version);
        let known: BTreeMap<UserId, u64> = people.iter().map(|user| (*user, version(user))).collect();
        if known.is_empty() {
            return Ok(());
        }
        let body = json!({ "known": known });
        let changed: ChangedLists = read(self.good(line, ("POST", "/keys/devices", Some(&body))).await?)?;
        self.learn(&changed.lists)
    }

    fn learn(&mut self, lists: &[DeviceList]) -> Result<()> {
        for list in lists {
            if let Err(error) = self.device.learn(list) {
                self.refuse("a list", &error);
            }
        }
        self.commit()
    }

    /// Begins with every device of these people that was not begun with.
    pub(super) async fn reach(&mut self, line: &Line<'_>, people: &[UserId]) -> Result<()> {
        let devices = self.device.devices_of(people.iter().copied());
        let unreached = self.device.unreached(&devices, now_ms());
        for some in unreached.chunks(MOST_CLAIMS) {
            self.begin(line, some).await?;
        }
        Ok(())
    }

    /// Begins a session with each of these devices; false where one has left no keys.
    pub(super) async fn begin(&mut self, line: &Line<'_>, devices: &[Address]) -> Result<bool> {
        let body = json!({ "devices": devices });
        let claimed: Claimed = read(self.good(line, ("POST", "/keys/claim", Some(&body))).await?)?;
        for keys in &claimed.keys {
            if let Err(error) = self.device.begin(keys, now_ms()) {
                self.refuse("a prekey", &error);
            }
        }
        self.commit()?;
        Ok(claimed.keys.len() == devices.len())
    }

    /// The first statement about a group of these people.
    pub(crate) fn sign_group(&self, group: ConversationId, others: &[UserId]) -> Result<SignedMembers> {
        let others = others.iter().map(|user| (*user, Role::Member));
        let roles: BTreeMap<UserId, Role> = others.chain([(self.device.me().user_id, Role::Owner)]).collect();
        Ok(self.device.sign_members(group, &roles)?)
    }

    /// Follows what was signed about a group's members since.
    pub(crate) async fn follow(&mut self, line: &Line<'_>, group: ConversationId) -> Result<()> {
        let mut after = self.device.members(group).map_or(0, |members| members.epoch);
        loop {
            let path = format!("/conversations/{group}/statements?after_epoch={after}");
            let page: Statements = read(self.good(line, ("GET", &path, None)).await?)?;
            let signers = page.statements.iter().map(|statement| statement.signer.user_id);
            let members = page.statements.last().map(|last| last.members.as_slice()).unwrap_or_default();
            let people: BTreeSet<UserId> = signers.chain(members.iter().map(|member| member.user_id)).collect();
            self.look(line, &people.into_iter().collect::<Vec<_>>()).await?;
            for step in self.device.follow_all(&page.statements) {
                if let Err(error) = step {
                    self.refuse("a statement", &error);
                }
            }
            self.commit()?;
            match page.statements.last() {
                Some(last) if page.has_more => after = last.epoch,
                _ => return Ok(()),
            }
        }
    }
}
