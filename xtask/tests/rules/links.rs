//! The rule about documents: what they link to in this repository is there.

use std::path::Path;

use crate::sources::Source;

/// The README and every page under docs/.
pub(crate) fn pages(root: &Path) -> Vec<Source> {
    let docs = std::fs::read_dir(root.join("docs")).into_iter().flatten().flatten().map(|entry| entry.path());
    let markdown = docs.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    std::iter::once(root.join("README.md"))
        .chain(markdown)
        .map(|path| Source {
            text: std::fs::read_to_string(&path).unwrap_or_default(),
            path: path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned(),
        })
        .collect()
}

/// Links and pictures that lead nowhere.
pub(crate) fn dead(root: &Path, pages: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for page in pages {
        let folder = root.join(&page.path).parent().map(Path::to_path_buf).unwrap_or_default();
        for target in targets(&page.text) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !folder.join(file).exists() {
                findings.push(format!("{} links to {target}", page.path));
            }
        }
    }
    findings
}

/// What a page links to inside the repository: Markdown links, and the `src` and `srcset` of pictures.
fn targets(text: &str) -> Vec<&str> {
    let after =
        |start: &'static str, end: char| text.split(start).skip(1).filter_map(move |rest| rest.split(end).next());
    let all = after("](", ')').chain(after("src=\"", '"')).chain(after("srcset=\"", '"'));
    all.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

#[cfg(test)]
mod broken_on_purpose {
    use super::*;

    #[test]
    fn a_dead_link_is_found() {
        let text = "[a](xtask) [b](https://example.org) [c](gone.md#x) <img src=\"gone.png\"> [d](#here)";
        let page = Source { path: "README.md".to_owned(), text: text.to_owned() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(dead(root, &[page]), ["README.md links to gone.md#x", "README.md links to gone.png"]);
    }
}
