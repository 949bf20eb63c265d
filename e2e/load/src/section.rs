//! Parts of a page between two markers: read, and replaced, with the rest left as it is.

/// Two lines that enclose a part of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// The line before it.
    pub(crate) begin: &'static str,
    /// The line after it.
    pub(crate) end: &'static str,
}

impl Section {
    /// What stands between them, with one line end after it; nothing where they are missing.
    pub(crate) fn of(self, page: &str) -> String {
        let inside = page.split_once(self.begin).and_then(|(_, rest)| rest.split_once(self.end));
        let text = inside.map_or("", |(text, _)| text.trim_matches('\n'));
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }

    /// The markers around a text.
    pub(crate) fn around(self, text: &str) -> String {
        format!("{}\n{text}{}\n", self.begin, self.end)
    }

    /// The page with another text between the markers, which are put at its end where they are missing.
    pub(crate) fn replaced(self, page: &str, text: &str) -> String {
        let whole = self.around(text);
        let (Some(begin), Some(end)) = (page.find(self.begin), page.find(self.end)) else {
            return format!("{page}\n{whole}");
        };
        let after = page.get(end + self.end.len()..).unwrap_or_default();
        format!("{}{}{after}", page.get(..begin).unwrap_or_default(), whole.trim_end_matches('\n'))
    }
}

#[cfg(test)]
mod tests {
    use super::Section;

    const MARKS: Section = Section { begin: "<!-- a -->", end: "<!-- b -->" };

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let page = "before\n<!-- a -->\nold\n<!-- b -->\nafter\n";
        assert_eq!(MARKS.of(page), "old\n");
        let new = MARKS.replaced(page, "new\n");
        assert_eq!(new, "before\n<!-- a -->\nnew\n<!-- b -->\nafter\n");
        assert_eq!(MARKS.replaced(&new, "old\n"), page);
    }

    #[test]
    fn a_page_without_the_section_gets_it() {
        assert_eq!(MARKS.of("page\n"), "");
        assert_eq!(MARKS.of(&MARKS.replaced("page\n", "new\n")), "new\n");
    }
}
