//! Whether a licence expression can be satisfied by licences that we allow.

/// Evaluates an SPDX expression; an unreadable one is not allowed.
pub(crate) fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    // The old form of OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { tokens: &tokens, at: 0, allowed };
    let verdict = reader.any_of();
    verdict == Some(true) && reader.at == tokens.len()
}

struct Reader<'a> {
    tokens: &'a [&'a str],
    at: usize,
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn any_of(&mut self) -> Option<bool> {
        let mut verdict = self.all_of()?;
        while self.take("OR") {
            verdict |= self.all_of()?;
        }
        Some(verdict)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict &= self.one()?;
        }
        Some(verdict)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let verdict = self.any_of()?;
            return self.take(")").then_some(verdict);
        }
        let name = (*self.tokens.get(self.at)?).to_owned();
        self.at += 1;
        if !self.take("WITH") {
            return Some(self.allowed.contains(&name.as_str()));
        }
        let exception = self.tokens.get(self.at)?;
        self.at += 1;
        // An exception only ever adds permissions.
        let whole = format!("{name} WITH {exception}");
        Some(self.allowed.contains(&name.as_str()) || self.allowed.contains(&whole.as_str()))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn one_permitted_choice_is_enough_and_every_part_of_a_sum_is_needed() {
        let ours = ["MIT", "Apache-2.0", "Unicode-3.0"];
        assert!(is_allowed("MIT", &ours));
        assert!(is_allowed("MIT/GPL-3.0", &ours));
        assert!(is_allowed("GPL-2.0-only OR MIT", &ours));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0", &ours));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception", &ours));
        assert!(!is_allowed("AGPL-3.0-only", &ours));
        assert!(!is_allowed("MIT AND GPL-3.0-only", &ours));
        assert!(!is_allowed("(MIT", &ours));
        assert!(!is_allowed("", &ours));
    }
}
