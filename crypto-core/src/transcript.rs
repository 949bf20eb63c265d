//! The one encoding of everything that is signed, authenticated or hashed: each part with its length before it.
//!
//! Injective: two different sequences of parts never give the same bytes, and the label keeps purposes apart.

pub(crate) struct Transcript(Vec<u8>);

impl Transcript {
    /// Begins with the purpose, like `sotto/message/1`.
    pub(crate) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(256)).bytes(label.as_bytes())
    }

    pub(crate) fn bytes(mut self, part: &[u8]) -> Self {
        // Parts come from memory: none is near 4 GiB, and a length that did not fit must not wrap.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(crate) fn number(self, part: u64) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    /// A part that may be absent; absent and empty differ.
    pub(crate) fn optional(self, part: Option<&[u8]>) -> Self {
        match part {
            Some(part) => self.number(1).bytes(part),
            None => self.number(0),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Transcript;

    #[test]
    fn where_a_part_ends_is_part_of_it() {
        let one = Transcript::new("x").bytes(b"ab").bytes(b"c").finish();
        let other = Transcript::new("x").bytes(b"a").bytes(b"bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn absent_is_not_empty() {
        assert_ne!(Transcript::new("x").optional(None).finish(), Transcript::new("x").optional(Some(b"")).finish());
    }
}
