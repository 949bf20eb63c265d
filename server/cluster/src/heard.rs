//! What comes over a subscription, whatever it stands on.

/// What is heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Something said.
    Said(Said),
    /// The subscription stands.
    Listening,
    /// The subscription broke: from here to the next `Listening` everything is missed.
    Deaf,
}

/// Something said on a channel.
#[derive(Debug)]
pub(crate) struct Said {
    /// The channel.
    pub(crate) channel: String,
    /// What was said.
    pub(crate) payload: Vec<u8>,
}
