//! Every relative link of a document leads to a file, and its anchor to a heading.

use std::collections::BTreeMap;
use std::path::Path;

use super::fault::Fault;
use super::markdown::{Block, Document};

/// Returns the links that lead nowhere. `is_there` says whether a path below the root exists.
pub(super) fn faults(
    documents: &BTreeMap<String, Document>,
    is_there: impl Fn(&str) -> bool,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, document) in documents {
        for link in document.blocks.iter().flat_map(Block::links) {
            let target = link.target.as_str();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = match target.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (target, None),
            };
            let file = if file.is_empty() {
                path.clone()
            } else {
                beside(path, file)
            };
            let text = if !is_there(&file) {
                format!("the link {target} leads to no file")
            } else if let Some(anchor) = anchor
                && let Some(other) = documents.get(&file)
                && !other.anchors().contains(anchor)
            {
                format!("the link {target} leads to no heading")
            } else {
                continue;
            };
            faults.push(Fault::new(path, link.line, text));
        }
    }
    faults
}

/// Returns a path that is relative to a document, as a path below the root.
fn beside(document: &str, target: &str) -> String {
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    let mut parts: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_link_or_anchor_is_reported() {
        let files = ["README.md", "docs/a.md", "docs/b/c.md", "xtask/src/main.rs"];
        for (link, expected) in [
            ("https://example.org/x#y", None),
            ("a.md", None),
            ("./a.md#the-heading", None),
            ("#here", None),
            ("../README.md", None),
            ("b/c.md", None),
            ("../xtask/src/main.rs#L1", None),
            ("c.md", Some("the link c.md leads to no file")),
            (
                "../../README.md",
                Some("the link ../../README.md leads to no file"),
            ),
            (
                "a.md#other",
                Some("the link a.md#other leads to no heading"),
            ),
            ("#there", Some("the link #there leads to no heading")),
        ] {
            let document = Document::parse(&format!("# Here\n[x]({link})"));
            let documents = BTreeMap::from([
                ("docs/from.md".to_owned(), document),
                ("docs/a.md".to_owned(), Document::parse("## The heading")),
            ]);
            let found = faults(&documents, |file| {
                files.contains(&file) || documents.contains_key(file)
            });
            let expected = expected.map(|text| Fault::new("docs/from.md", 2, text));
            assert_eq!(found, Vec::from_iter(expected), "{link}");
        }
    }
}
