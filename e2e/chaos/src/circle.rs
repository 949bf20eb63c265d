//! People who talk: each with a device whose keys are known, everyone with everyone, and most of them in one group.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use crypto_core::device::AccountSecret;
use serde_json::json;
use shared_types::{ConversationId, UserId};
use uuid::Uuid;

use crate::api::{Account, Api};
use crate::dice::Dice;
use crate::history::{Client, Recorder};
use crate::keys::{Keys, Line, Mishaps};

/// How their devices are made.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    /// Where they are signed in.
    pub(crate) api: &'a Api,
    /// Where they write down what they do.
    pub(crate) notes: &'a Recorder,
    /// What goes wrong on them by itself.
    pub(crate) mishaps: Mishaps,
}

/// The people, each with a first device; clients are numbered in this order.
#[derive(Debug, Default)]
pub(crate) struct Circle {
    pub(crate) people: Vec<(Account, Keys)>,
    /// The keys of their accounts, by which further devices are linked without a word over the network.
    secrets: BTreeMap<Uuid, AccountSecret>,
}

impl Circle {
    /// Makes people, `name` and a number each. All but the last are in a group whose members the first has signed.
    pub(crate) async fn gather(
        making: &Making<'_>,
        (name, people): (&str, u32),
        dice: &mut Dice,
    ) -> Result<(Self, Vec<Account>)> {
        let mut circle = Self::default();
        for client in 0..people {
            let account = making.api.register(&format!("{name}{client}")).await?;
            for (other, _) in &circle.people {
                making.api.converse(&account.token, other.user).await?;
            }
            circle.secrets.insert(account.user, AccountSecret::generate());
            let mut keys = circle.keys(making, (client, &account), dice)?;
            keys.join(&Line { api: making.api, token: &account.token }).await?;
            circle.people.push((account, keys));
        }
        let accounts: Vec<Account> = circle.people.iter().map(|(account, _)| account.clone()).collect();
        circle.group(making.api, name).await?;
        Ok((circle, accounts))
    }

    async fn group(&mut self, api: &Api, title: &str) -> Result<()> {
        let [(founder, keys), others @ .., _] = self.people.as_mut_slice() else { anyhow::bail!("nobody is there") };
        let others: Vec<Uuid> = others.iter().map(|(account, _)| account.user).collect();
        let members: Vec<UserId> = others.iter().copied().map(UserId).collect();
        let statement = keys.sign_group(ConversationId(Uuid::now_v7()), &members)?;
        api.gather(&founder.token, (title, &others), Some(&json!(statement))).await?;
        Ok(())
    }

    /// One more device of someone; it brings its keys when it first connects.
    pub(crate) async fn another(
        &self,
        making: &Making<'_>,
        (client, owner): (Client, &Account),
        dice: &mut Dice,
    ) -> Result<(Account, Keys)> {
        let account = making.api.login(&owner.username).await?;
        let keys = self.keys(making, (client, &account), dice)?;
        Ok((account, keys))
    }

    fn keys(&self, making: &Making<'_>, (client, account): (Client, &Account), dice: &mut Dice) -> Result<Keys> {
        let secret = self.secrets.get(&account.user).cloned().context("an account without a key")?;
        let its = (client, making.notes.clone());
        Ok(Keys::new((account, secret), its, (dice.fork(), making.mishaps)))
    }
}
