//! Who is in a group: a chain of statements, each signed with the account key of somebody who may change the members, which
//! every linked device of theirs holds. So a statement stands even when the device that made it is gone.
//!
//! The server keeps and hands out the chain. It can withhold the end of it; it cannot add a member, remove one, or
//! make one an admin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared_types::{
    ConversationId, Role, UserId,
    keys::{Address, MemberRole, SignedMembers},
};

use crate::{
    Error, Result,
    digest::sha256,
    list::{unbase64, verify},
    transcript::Transcript,
};

/// Most members of a group.
pub const MOST_MEMBERS: usize = 1_024;

/// The members of a group as far as a device has followed their chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// How many statements there were.
    pub epoch: u64,
    /// The hash of the last one.
    pub hash: [u8; 32],
    /// Who is in, and what they may.
    pub roles: BTreeMap<UserId, Role>,
    /// Who was in, and with which statement they were no more.
    pub gone: BTreeMap<UserId, u64>,
    /// The statement with which one came in oneself: what was said before was not said to one.
    #[serde(default)]
    pub from: u64,
}

impl Members {
    /// Follows the chain by one statement; `account_key` is that of the person who signed (Ed25519, base64).
    ///
    /// Who has not followed it yet begins at any statement that a member with the right to make it has signed.
    ///
    /// # Errors
    /// [`Error::BadSignature`], or [`Error::UnsignedMembership`] where the signer may not do that or a statement is missing.
    pub fn follow(before: Option<&Self>, next: &SignedMembers, account_key: &str) -> Result<Self> {
        Self::step(before, next, account_key, |before| {
            let follows = next.epoch == before.epoch + 1 && unbase64(&next.previous, "the members")? == before.hash;
            let roles = roles_of(next);
            let signer = next.signer.user_id;
            Ok(follows && (before.may_turn_into(&roles, signer) || before.is_leaving(&roles, signer)))
        })
    }

    /// Takes up the chain at a later statement, where one in between can't be followed any more: whoever signed that one has
    /// begun their account anew. Whoever signed this one must have been allowed to, as far as was followed.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn take_up(before: &Self, next: &SignedMembers, account_key: &str) -> Result<Self> {
        Self::step(Some(before), next, account_key, |before| {
            Ok(next.epoch > before.epoch && before.may_turn_into(&roles_of(next), next.signer.user_id))
        })
    }

    fn step(
        before: Option<&Self>,
        next: &SignedMembers,
        account_key: &str,
        may_follow: impl Fn(&Self) -> Result<bool>,
    ) -> Result<Self> {
        verify(account_key, &signed(next), &next.signature, "the members")?;
        let roles = roles_of(next);
        let ascending = next.members.is_sorted_by(|one, other| one.user_id < other.user_id);
        if !ascending || roles.is_empty() || roles.len() > MOST_MEMBERS {
            return Err(Error::Malformed("the members"));
        }
        let may = match before {
            None => may_change(roles.get(&next.signer.user_id)),
            Some(before) => may_follow(before)?,
        };
        if !may {
            return Err(Error::UnsignedMembership);
        }
        let mut gone = before.map(|members| members.gone.clone()).unwrap_or_default();
        gone.extend(before.iter().flat_map(|members| members.roles.keys()).map(|user| (*user, next.epoch)));
        gone.retain(|user, _| !roles.contains_key(user));
        let from = before.map_or(0, |members| members.from);
        Ok(Self { epoch: next.epoch, hash: hash(next), roles, gone, from })
    }

    /// Admins bring in and take out members; only an owner changes what others may, or takes out an admin.
    fn may_turn_into(&self, roles: &BTreeMap<UserId, Role>, signer: UserId) -> bool {
        match self.roles.get(&signer) {
            Some(Role::Owner) => true,
            Some(Role::Admin) => {
                let kept_or_plain = self.roles.iter().all(|(user, role)| match roles.get(user) {
                    Some(now) => now == role,
                    None => *role == Role::Member || *user == signer,
                });
                let new_are_plain =
                    roles.iter().all(|(user, role)| self.roles.contains_key(user) || *role == Role::Member);
                kept_or_plain && new_are_plain
            }
            Some(Role::Member) | None => false,
        }
    }

    /// Anyone may leave.
    fn is_leaving(&self, roles: &BTreeMap<UserId, Role>, signer: UserId) -> bool {
        let mut without = self.roles.clone();
        without.remove(&signer).is_some() && without == *roles
    }

    /// Whether somebody was in while there were so many statements, as far as is known.
    pub fn was_in(&self, user: UserId, epoch: u64) -> bool {
        self.contains(user) || self.gone.get(&user).is_some_and(|until| epoch < *until)
    }

    /// Whether somebody is in, or ever was.
    pub fn knows(&self, user: UserId) -> bool {
        self.contains(user) || self.gone.contains_key(&user)
    }

    /// Whether somebody is in.
    pub fn contains(&self, user: UserId) -> bool {
        self.roles.contains_key(&user)
    }
}

/// Who is in after a statement, and what they may.
fn roles_of(statement: &SignedMembers) -> BTreeMap<UserId, Role> {
    statement.members.iter().map(|member| (member.user_id, member.role)).collect()
}

/// The state after a statement that was followed before: what the next one is held against.
impl From<&SignedMembers> for Members {
    fn from(statement: &SignedMembers) -> Self {
        Self {
            epoch: statement.epoch,
            hash: hash(statement),
            roles: roles_of(statement),
            gone: BTreeMap::new(),
            from: 0,
        }
    }
}

const fn may_change(role: Option<&Role>) -> bool {
    matches!(role, Some(Role::Owner | Role::Admin))
}

/// The statement that would come next, without its signature.
pub fn statement(
    conversation: ConversationId,
    before: Option<&Members>,
    roles: &BTreeMap<UserId, Role>,
    signer: Address,
) -> SignedMembers {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    SignedMembers {
        conversation_id: conversation,
        epoch: before.map_or(0, |members| members.epoch) + 1,
        previous: STANDARD.encode(before.map_or([0; 32], |members| members.hash)),
        members: roles.iter().map(|(user_id, role)| MemberRole { user_id: *user_id, role: *role }).collect(),
        signer,
        signature: String::new(),
    }
}

/// The hash by which the next statement names this one.
pub(crate) fn hash(statement: &SignedMembers) -> [u8; 32] {
    sha256(&signed(statement))
}

/// What is signed of a statement.
pub(crate) fn signed(statement: &SignedMembers) -> Vec<u8> {
    let start = Transcript::new("sotto/members/1")
        .bytes(&statement.conversation_id.bytes())
        .number(statement.epoch)
        .bytes(statement.previous.as_bytes())
        .bytes(&statement.signer.user_id.bytes())
        .bytes(&statement.signer.device_id.bytes());
    let members = statement.members.iter().fold(start, |transcript, member| {
        let role: &[u8] = match member.role {
            Role::Owner => b"owner",
            Role::Admin => b"admin",
            Role::Member => b"member",
        };
        transcript.bytes(&member.user_id.bytes()).bytes(role)
    });
    members.finish()
}
