//! An account, and what its names and password may be.

use serde::{Deserialize, Serialize};
use shared_types::{Secret, Timestamp, User, UserId};

use crate::Refusal;

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Unique, lower case.
    pub username: String,
    /// Shown to people.
    pub display_name: String,
    /// PHC string of the password's hash.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// What others see.
    pub fn user(&self) -> User {
        User { id: self.id, username: self.username.clone(), display_name: self.display_name.clone() }
    }
}

/// The name as it is kept, lower case, or the rule it breaks.
pub fn username(raw: &str) -> Result<String, Refusal> {
    let name = raw.to_ascii_lowercase();
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits = (2..=32).contains(&name.len());
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    if starts_well && fits && plain {
        return Ok(name);
    }
    Err(Refusal::field("username", "2 to 32 of a-z, 0-9, '_', '.', '-', starting with a letter or digit"))
}

/// A name for people to read: trimmed, 1 to `most` characters, nothing invisible that could deceive.
pub fn shown_name(field: &'static str, raw: &str, most: usize) -> Result<String, Refusal> {
    let name = raw.trim();
    if name.is_empty() || name.chars().count() > most {
        return Err(Refusal::field(field, format!("1 to {most} characters")));
    }
    if name.chars().any(deceives) {
        return Err(Refusal::field(field, "no control characters and no text direction overrides"));
    }
    Ok(name.to_owned())
}

/// Control characters, and the marks that turn the direction of text around them.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// Checks a new password's length; what is in it is its owner's business (NIST SP 800-63B).
pub fn new_password(password: &Secret) -> Result<(), Refusal> {
    if (8..=256).contains(&password.0.chars().count()) {
        return Ok(());
    }
    Err(Refusal::field("password", "8 to 256 characters"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn capitals_are_lowered() {
        assert_eq!(username("Ana.Petrova").unwrap(), "ana.petrova");
    }

    #[test]
    fn names_that_deceive_are_refused() {
        for raw in ["", "   ", "a\u{0}b", "evil\u{202E}gnp.exe", "line\nbreak"] {
            assert_eq!(
                shown_name("display_name", raw, 64).unwrap_err().field.as_deref(),
                Some("display_name"),
                "{raw:?}"
            );
        }
        assert_eq!(shown_name("display_name", "  Ana Петрова 🙂 ", 64).unwrap(), "Ana Петрова 🙂");
    }

    #[test]
    fn a_password_is_measured_in_characters() {
        assert!(new_password(&Secret("пароль12".into())).is_ok());
        assert!(new_password(&Secret("short".into())).is_err());
        assert!(new_password(&Secret("x".repeat(257))).is_err());
    }

    proptest! {
        #[test]
        fn a_kept_username_is_kept_as_it_is(raw in "\\PC{0,40}") {
            if let Ok(name) = username(&raw) {
                prop_assert_eq!(username(&name).unwrap(), name);
            }
        }
    }
}
