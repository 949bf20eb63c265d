//! Defects on purpose, for tests that must find them: what loses or doubles messages has to be caught by the checker, or the
//! checker is worth nothing. There only with the feature `sabotage`, which no shipped build has.

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Entries are taken off their queue before they are written.
    AckFirst,
    /// Nobody looks whether an id stands in the log already.
    NoDedupe,
    /// A message counts as accepted as soon as it is sent.
    Unconfirmed,
}

impl Sabotage {
    /// Whether this defect was asked for, by the variable `SOTTO_SABOTAGE`.
    #[cfg(feature = "sabotage")]
    pub fn is_on(self) -> bool {
        static ASKED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        let word = match self {
            Self::AckFirst => "ack_first",
            Self::NoDedupe => "no_dedupe",
            Self::Unconfirmed => "unconfirmed",
        };
        ASKED.get_or_init(|| std::env::var("SOTTO_SABOTAGE").ok()).as_deref() == Some(word)
    }

    /// Never, in a build that has no defects to choose from.
    #[cfg(not(feature = "sabotage"))]
    pub const fn is_on(self) -> bool {
        false
    }
}
