//! Every port on engines that many pods share: RabbitMQ, MongoDB, Redis and S3. One module a technology; its shapes
//! (documents, keys, queues) never leave it.

mod background;
pub mod courier;
pub mod doctor;
mod gather;
mod heard;
mod letter;
pub mod mongo;
pub mod near;
pub mod rabbit;
pub mod redis;
pub mod s3;

pub use background::Background;

/// A setting of an engine that can't be used, or an engine that refuses it: said once, at the start.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{setting}: {what}; {cure}")]
pub struct Unusable {
    /// The setting's name.
    pub setting: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl Unusable {
    fn new(setting: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { setting, what: what.into(), cure: cure.into() }
    }
}

/// Why an engine could not be connected to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Waiting won't help.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// It is away; it may come.
    #[error("{engine} does not answer: {why}")]
    Away {
        /// Which.
        engine: &'static str,
        /// How it failed.
        why: String,
    },
}

impl ConnectError {
    fn away(engine: &'static str, why: impl std::fmt::Display) -> Self {
        // One line, whatever a driver has to say.
        let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Away { engine, why }
    }
}
