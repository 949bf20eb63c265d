//! What can go wrong: a refusal that the caller is told of, or a port that does not answer.

use std::borrow::Cow;

use shared_types::{Code, UserId};

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule says no. Nothing was changed.
    #[error("{0}")]
    Refused(Refusal),
    /// A port did not answer. The caller may try again.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A rule that says no, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable word.
    pub code: Code,
    /// The rule, for people.
    pub detail: Cow<'static, str>,
    /// The field that broke it.
    pub field: Option<Cow<'static, str>>,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
    /// Whose device lists to fetch again.
    pub refresh: Vec<UserId>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl Refusal {
    /// A refusal without a field.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after: None, refresh: Vec::new() }
    }

    /// A field that breaks a rule.
    pub fn field(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Code::Invalid, rule) }
    }

    /// There is no such thing, or the caller may not know of it.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Code::NotFound, format!("no such {what}"))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A port that did not do its work: away, too slow, or full.
#[derive(Debug, thiserror::Error)]
#[error("{port} is not available: {source}")]
pub struct PortError {
    /// Which port.
    pub port: &'static str,
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl PortError {
    /// Wraps an adapter's own error.
    pub fn new(port: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { port, source: source.into() }
    }
}
