//! Following the signed members of groups.

use std::collections::BTreeMap;

use shared_types::{ConversationId, Role, UserId, keys::SignedMembers};

use super::Device;
use crate::{
    Error, Result,
    list::to_base64,
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
        let signing_key = &self.listed(statement.signer)?.ed25519;
        let members = Members::follow(known, statement, signing_key)?;
        // Newcomers begin where they were brought in, and nowhere else.
        if known.is_none() && !members.contains(self.me.user_id) {
            return Err(Error::UnsignedMembership);
        }
        self.groups.insert(statement.conversation_id, members);
        Ok(Step::Followed)
    }

    /// The statement that makes these the members of a group, signed. It is followed once the server has taken it.
    ///
    /// # Errors
    /// [`Error::UnsignedMembership`] where this person may not make that change.
    pub fn sign_members(&self, conversation: ConversationId, roles: &BTreeMap<UserId, Role>) -> Result<SignedMembers> {
        let before = self.groups.get(conversation);
        let mut statement = membership::statement(conversation, before, roles, self.me);
        statement.signature = self.sign(&membership::signed(&statement));
        Members::follow(before, &statement, &to_base64(self.my_signing_key()))?;
        Ok(statement)
    }

    /// Forgets a group that this person is no member of any more.
    pub fn forget_group(&mut self, conversation: ConversationId) {
        self.groups.remove(conversation);
        self.speaking.remove(conversation);
    }
}
