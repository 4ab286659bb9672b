//! Every requirement that code or a document cites is defined in a protocol document.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::markdown::{Block, Document, Kind};
use super::references::{Reference, Target, leading_numbers};

/// Each prefix of a requirement, and the document that defines the requirements.
const DEFINED_IN: [(&str, &str); 6] = [
    ("SS", "docs/protocol/sessions-service.md"),
    ("CA", "docs/protocol/citrixauth.md"),
    ("ST", "docs/protocol/store-services.md"),
    ("CQ", "docs/protocol/client-quirks.md"),
    ("WA", "docs/protocol/web-api.md"),
    ("SI", "docs/protocol/storefront-import.md"),
];

/// Where the rows of bad input are defined.
const BAD_INPUTS: &str = "docs/bad-inputs.md";

/// Folders of documents whose sections are cited by the file's name alone.
const FOLDERS: [&str; 3] = ["docs/protocol/", "docs/", ""];

/// What the documents define.
pub(super) struct Definitions {
    targets: BTreeSet<Target>,
    documents: BTreeSet<String>,
}

impl Definitions {
    /// Collects the definitions of all documents, by their paths below the workspace's root.
    ///
    /// A definition is a heading, a table row, a list item or a bold text that begins with the id.
    /// A section is a heading that begins with its number.
    pub(super) fn collect(documents: &BTreeMap<String, Document>) -> Self {
        let mut targets = BTreeSet::new();
        for (path, document) in documents {
            let name = path.rsplit('/').next().unwrap_or(path);
            for block in &document.blocks {
                let Some(start) = definition_start(block) else {
                    continue;
                };
                if block.kind == Kind::Heading
                    && let Some(section) = section_number(start)
                {
                    targets.insert(Target::Section(name.to_owned(), section.to_owned()));
                }
                if path == BAD_INPUTS {
                    targets.extend(leading_numbers(start).into_iter().map(Target::BadInput));
                } else if let Some((prefix, _)) = DEFINED_IN.iter().find(|(_, at)| at == path) {
                    let numbers = requirement_numbers(prefix, start).into_iter();
                    targets.extend(
                        numbers.map(|number| Target::Requirement((*prefix).to_owned(), number)),
                    );
                }
            }
        }
        Self {
            targets,
            documents: documents.keys().cloned().collect(),
        }
    }

    /// Returns a fault for each reference of a file that leads to nothing. References to documents
    /// that do not exist are added to `missing` instead.
    pub(super) fn faults(
        &self,
        file: &str,
        references: &[Reference],
        missing: &mut BTreeMap<String, usize>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        for Reference { target, line } in references {
            let (path, shown) = match target {
                Target::Requirement(prefix, number) => {
                    (document_of(prefix).to_owned(), format!("{prefix}-{number}"))
                }
                Target::Section(name, section) => {
                    (self.path_of(name), format!("{name} §{section}"))
                }
                Target::BadInput(number) => (BAD_INPUTS.to_owned(), format!("bad input {number}")),
            };
            if !self.documents.contains(&path) {
                *missing.entry(path).or_default() += 1;
            } else if !self.targets.contains(target) {
                faults.push(Fault::new(file, *line, format!("{shown} is not in {path}")));
            }
        }
        faults
    }

    /// Returns the path of a document that is cited by its file's name. One that does not exist is
    /// expected among the protocol documents.
    fn path_of(&self, name: &str) -> String {
        let mut paths = FOLDERS.iter().map(|folder| format!("{folder}{name}"));
        let existing = paths.find(|path| self.documents.contains(path));
        existing.unwrap_or_else(|| format!("docs/protocol/{name}"))
    }
}

/// Returns where the requirements with a prefix are defined.
fn document_of(prefix: &str) -> &'static str {
    let known = DEFINED_IN.iter().find(|(known, _)| *known == prefix);
    known.map_or("", |(_, path)| path)
}

/// Returns the text of a block after its markers, if the block can be a definition.
fn definition_start(block: &Block) -> Option<&str> {
    let text = match block.kind {
        Kind::Row => block.cells().into_iter().next()?,
        Kind::Heading | Kind::Item => block.text.as_str(),
        Kind::Paragraph => block
            .text
            .strip_prefix("**")
            .or_else(|| block.text.strip_prefix('<'))?,
    };
    let text = match text.split_once("</a>") {
        Some((anchor, after)) if anchor.contains("id=") || anchor.contains("name=") => after,
        _ => text,
    };
    Some(text.trim_start_matches(['*', '`', '[', ' ', '_']))
}

/// Returns the number of a section from `6.2 Title`, `6. Title` or `§6 Title`.
fn section_number(heading: &str) -> Option<&str> {
    let text = heading.trim_start_matches('§');
    let end = text
        .find(|it: char| !it.is_ascii_digit() && it != '.')
        .unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    (!number.is_empty()).then_some(number)
}

/// Returns the numbers from `SS-9`, `SS-9 to SS-12`, `SS-9 to 12` or `SS-9, SS-10`.
fn requirement_numbers(prefix: &str, text: &str) -> Vec<u32> {
    let opening = format!("{prefix}-");
    match text.strip_prefix(&opening) {
        Some(rest) => leading_numbers(&rest.replace(&opening, "")),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::references::{PREFIXES, references};
    use super::*;

    fn found(files: &[(&str, &str)], text: &str) -> (Vec<String>, Vec<String>) {
        let documents = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Document::parse(text)))
            .collect();
        let mut missing = BTreeMap::new();
        let definitions = Definitions::collect(&documents);
        let faults = definitions.faults("a.rs", &references(text, false), &mut missing);
        let faults = faults.iter().map(ToString::to_string).collect();
        (faults, missing.into_keys().collect())
    }

    #[test]
    fn definitions_in_all_forms_are_found() {
        let text = "\
            ## SS-1\n\n- **SS-2** (S) x\n- SS-3: x\n\n| id | x |\n|---|---|\n| SS-4 | x |\n\
            | `SS-5` | x |\n| **SS-6 to SS-8** | x |\n\n**SS-9.** x\n\n\
            <a id=\"ss-10\"></a>**SS-10** x";
        let files = [("docs/protocol/sessions-service.md", text)];
        let cited = "SS-1, SS-2, SS-3, SS-4, SS-5, SS-6, SS-7, SS-8, SS-9, SS-10";
        assert_eq!(found(&files, cited), (Vec::new(), Vec::new()));
    }

    #[test]
    fn undefined_requirement_is_reported() {
        let text = "See SS-3.\n\nSS-3 is only cited here.\n\n- **SS-2** x";
        let files = [("docs/protocol/sessions-service.md", text)];
        let faults = vec!["a.rs:2: SS-3 is not in docs/protocol/sessions-service.md".to_owned()];
        assert_eq!(found(&files, "// SS-2 and\n// SS-3"), (faults, Vec::new()));
    }

    #[test]
    fn sections_are_headings_with_a_number() {
        let files = [(
            "docs/protocol/nfuse.md",
            "## 6. A\n### 6.2 B\n## §7 C\n## 8\n9 is no heading",
        )];
        let (faults, _) = found(&files, "nfuse.md §6, §6.2, §7, §8");
        assert_eq!(faults, [""; 0]);
        let (faults, _) = found(&files, "nfuse.md §6.1, nfuse.md §9");
        let expected = ["6.1", "9"]
            .map(|section| format!("a.rs:1: nfuse.md §{section} is not in docs/protocol/nfuse.md"));
        assert_eq!(faults, expected);
    }

    #[test]
    fn bad_inputs_are_rows_or_items() {
        let files = [(
            "docs/bad-inputs.md",
            "| row | x |\n|---|---|\n| 1-3 | x |\n| 9, 10 | x |",
        )];
        let (faults, _) = found(
            &files,
            "bad-inputs 1 to 2; bad input 10; bad inputs 3 and 4",
        );
        assert_eq!(faults, ["a.rs:1: bad input 4 is not in docs/bad-inputs.md"]);
    }

    #[test]
    fn missing_document_is_reported_once() {
        let (faults, missing) = found(&[], "SS-1, SS-2, nfuse.md §3, nfuse.md §4, bad-inputs 1");
        let expected = [
            "docs/bad-inputs.md",
            "docs/protocol/nfuse.md",
            "docs/protocol/sessions-service.md",
        ];
        assert_eq!(
            (faults, missing),
            (Vec::new(), expected.map(str::to_owned).into())
        );
    }

    #[test]
    fn every_prefix_has_a_document() {
        assert_eq!(PREFIXES, DEFINED_IN.map(|(prefix, _)| prefix));
    }
}
