//! Tables of fuzz targets name all targets, and only those.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::fault::Fault;
use super::markdown::{Block, Document, Kind};

/// The head of the first column of a table of targets.
const HEAD: &str = "target";

/// Reads the names of all targets from the files in a folder.
pub(super) fn read_targets(folder: &Path) -> Result<BTreeSet<String>> {
    let mut targets = BTreeSet::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "rs")
            && let Some(name) = path.file_stem()
        {
            targets.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(targets)
}

/// Returns a fault for each name in a table of targets that is none, and for each target that the
/// tables of the document leave out. A document without such a table has no faults.
pub(super) fn faults(path: &str, document: &Document, targets: &BTreeSet<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut missing = targets.clone();
    let mut head_line = None;
    let mut is_in_table = false;
    let next = document.blocks.iter().skip(1).map(Some).chain([None]);
    for (block, next) in document.blocks.iter().zip(next) {
        if next.is_some_and(Block::is_separator) {
            is_in_table = block.cells().first() == Some(&HEAD);
            if is_in_table {
                head_line.get_or_insert(block.line);
            }
        } else if block.kind != Kind::Row {
            is_in_table = false;
        }
        if !is_in_table {
            continue;
        }
        let cells = block.code().unwrap_or_default();
        for span in cells.into_iter().next().unwrap_or_default() {
            if !targets.contains(&span.text) {
                let text = format!("there is no fuzz target {}", span.text);
                faults.push(Fault::new(path, span.line, text));
            }
            missing.remove(&span.text);
        }
    }
    if let Some(line) = head_line {
        faults.extend(
            missing
                .iter()
                .map(|name| Fault::new(path, line, format!("no row has the fuzz target {name}"))),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_to_name_exactly_the_targets() {
        let targets = ["door", "wall"].map(str::to_owned).into();
        let wall = "a.md:1: no row has the fuzz target wall";
        let window = "a.md:4: there is no fuzz target window";
        for (text, expected) in [
            ("no table, `window`", vec![]),
            ("| test |\n|---|\n| `window` |", vec![]),
            (
                "| target | x |\n|---|---|\n| `door`, `wall` | `x` |",
                vec![],
            ),
            ("| target | x |\n|---|---|\n| `door` | `wall` |", vec![wall]),
            (
                "| target |\n|---|\n| `door`, `wall` |\n| `window` |",
                vec![window],
            ),
        ] {
            let found = faults("a.md", &Document::parse(text), &targets);
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
