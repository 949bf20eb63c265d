//! What only HTTP carries: the server's self-description, health.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who has an invite.
    Invite,
    /// Nobody; an operator makes accounts.
    Closed,
}

/// `GET /server`: what a client may know before it signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerInfo {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether private conversations may carry plain text: development and load tests only.
    pub plaintext_allowed: bool,
}

/// `GET /readyz`: each port, and whether it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// Whether all do.
    pub ready: bool,
    /// Port to `ok` or what is wrong.
    pub ports: BTreeMap<String, String>,
}
