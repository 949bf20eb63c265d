//! Following the signed members of groups.

use std::collections::BTreeMap;

use shared_types::{
    ConversationId, Role, UserId,
    keys::{Address, SignedMembers},
};

use super::Device;
use crate::{
    Error, Result,
    membership::{self, Members},
};

/// Where a statement leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was known.
    Known,
    /// The members are these now.
    Followed,
    /// Some statements before it are missing: fetch those after this epoch.
    After(u64),
}

impl Device {
    /// The members of a group, as far as this device has followed their chain.
    pub fn members(&self, conversation: ConversationId) -> Option<&Members> {
        self.groups.get(conversation)
    }

    /// Follows a group's chain by one statement.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] where the signer's list is not known, [`Error::BadSignature`], [`Error::UnsignedMembership`].
    pub fn follow(&mut self, statement: &SignedMembers) -> Result<Step> {
        let known = self.groups.get(statement.conversation_id);
        if let Some(known) = known {
            if statement.epoch > known.epoch + 1 {
                return Ok(Step::After(known.epoch));
            }
            if statement.epoch <= known.epoch {
                let is_same = statement.epoch < known.epoch || membership::hash(statement) == known.hash;
                return if is_same { Ok(Step::Known) } else { Err(Error::UnsignedMembership) };
            }
        }
        let mut members = Members::follow(known, statement, &self.account_key_of(statement.signer)?)?;
        if known.is_none() {
            members.from = statement.epoch;
        }
        // Newcomers begin where they were brought in, and nowhere else.
        if known.is_none() && !members.contains(self.me.user_id) {
            return Err(Error::UnsignedMembership);
        }
        self.groups.insert(statement.conversation_id, members);
        Ok(Step::Followed)
    }

    /// Follows statements in their order, as far as they lead; says how it went with each.
    ///
    /// Whoever has not followed the group yet begins with the first that brings them in. One that can't be followed because
    /// its signer's account has begun anew is passed over where a later one leads on.
    pub fn follow_all(&mut self, statements: &[SignedMembers]) -> Vec<Result<Step>> {
        let mut is_held_up = false;
        let follow = |statement: &SignedMembers| {
            let mut step = self.follow(statement);
            if is_held_up && matches!(step, Ok(Step::After(_))) {
                step = self.take_up(statement);
            }
            is_held_up = match &step {
                Ok(Step::Followed) => false,
                Err(Error::BadSignature(_)) => true,
                Ok(Step::Known | Step::After(_)) | Err(_) => is_held_up,
            };
            step
        };
        statements.iter().map(follow).collect()
    }

    fn take_up(&mut self, statement: &SignedMembers) -> Result<Step> {
        let known = self.groups.get(statement.conversation_id).ok_or(Error::UnsignedMembership)?;
        let members = Members::take_up(known, statement, &self.account_key_of(statement.signer)?)?;
        self.groups.insert(statement.conversation_id, members);
        Ok(Step::Followed)
    }

    /// The account key that a person's list is pinned with.
    fn account_key_of(&self, signer: Address) -> Result<String> {
        if signer.user_id == self.me.user_id
            && let Some(mine) = self.account_key()
        {
            return Ok(mine);
        }
        self.peers.get(signer.user_id).map(|peer| peer.list.account_key.clone()).ok_or_else(|| Self::unknown(signer))
    }

    /// The statement that makes these the members of a group, signed. It is followed once the server has taken it.
    ///
    /// # Errors
    /// [`Error::UnsignedMembership`] where this person may not make that change, [`Error::NotLinked`].
    pub fn sign_members(&self, conversation: ConversationId, roles: &BTreeMap<UserId, Role>) -> Result<SignedMembers> {
        let before = self.groups.get(conversation);
        let mut statement = membership::statement(conversation, before, roles, self.me);
        let secret = self.secrets()?.0;
        statement.signature = secret.sign_bytes(&membership::signed(&statement));
        Members::follow(before, &statement, &secret.public())?;
        Ok(statement)
    }

    /// Speaks no more in a group that this person is no member of any more, as far as the server says. Who was in it stays
    /// known: else a server could take somebody out, and bring them into a group of its own making under the same id.
    pub fn stop_speaking(&mut self, conversation: ConversationId) {
        self.speaking.remove(conversation);
    }
}
