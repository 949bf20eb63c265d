//! The mark in a message's words: which run it belongs to, when it was due, and who sent it.

use std::time::Duration;

/// What a message's words begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// The run: what is late from an earlier one counts for nothing.
    pub(crate) run: u32,
    /// Microseconds from the run's beginning to the moment it was due.
    pub(crate) due_us: u64,
    /// The sender's number.
    pub(crate) sender: u32,
}

impl Mark {
    /// As text.
    pub(crate) fn written(self) -> String {
        format!("@{}t{}s{}@", self.run, self.due_us, self.sender)
    }

    /// The mark in a frame, if it is a message of a benchmark.
    pub(crate) fn read(frame: &str) -> Option<Self> {
        if !frame.starts_with("42[\"message\"") {
            return None;
        }
        let text = frame.split('@').nth(1)?;
        let (run, rest) = text.split_once('t')?;
        let (due, sender) = rest.split_once('s')?;
        Some(Self { run: run.parse().ok()?, due_us: due.parse().ok()?, sender: sender.parse().ok()? })
    }

    /// How long after the run's beginning it was due.
    pub(crate) const fn due(self) -> Duration {
        Duration::from_micros(self.due_us)
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn a_mark_is_read_from_messages_only() {
        let mark = Mark { run: 7, due_us: 1500, sender: 3 };
        let words = mark.written();
        assert_eq!(Mark::read(&format!("42[\"message\",{{\"text\":\"{words} and\"}}]")), Some(mark));
        assert_eq!(Mark::read(&format!("42[\"typing\",{{\"text\":\"{words}\"}}]")), None);
        assert_eq!(Mark::read("42[\"message\",{\"text\":\"who@example.org and me@example.org\"}]"), None);
        assert_eq!(Mark::read("431[{\"ok\":true}]"), None);
    }
}
