//! Every test that a document cites exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::fault::Fault;
use super::markdown::{Block, Document, Kind, Span};

/// The heads of table columns in which each name is that of a test.
const TEST_COLUMNS: [&str; 3] = ["test", "tests", "shown by"];

/// The head of a table column of configuration keys, which may be as long as names of tests.
const KEY_COLUMN: &str = "key";

/// Fewest words of the name of a test in a column of tests, and elsewhere.
const LEAST_WORDS: (usize, usize) = (2, 4);

/// The tests of a crate: its test functions, and the files that they are in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tests {
    functions: BTreeSet<String>,
    files: BTreeSet<String>,
}

/// The tests of all crates, by the crate's name.
pub(super) type Crates = BTreeMap<String, Tests>;

/// A test that a document names.
#[derive(Debug, PartialEq, Eq)]
struct Citation {
    /// The crate, if the document names it with this test, or with one before it in the same
    /// paragraph, list item or table cell.
    of_crate: Option<String>,
    test: String,
    line: usize,
}

/// Returns the number of citations in a document, and a fault for each test that does not exist.
///
/// Blocks with an unbalanced back tick are skipped: they are reported on their own.
pub(super) fn faults(path: &str, document: &Document, crates: &Crates) -> (usize, Vec<Fault>) {
    let citations = citations(document, crates);
    let missing = citations
        .iter()
        .filter(|citation| !exists(citation, crates));
    let faults = missing.map(|citation| {
        let Citation {
            of_crate,
            test,
            line,
        } = citation;
        let place = match of_crate {
            Some(name) => format!("in {name}"),
            None => "in any crate".to_owned(),
        };
        Fault::new(path, *line, format!("there is no test {test} {place}"))
    });
    (citations.len(), faults.collect())
}

/// Finds the citations: `crate: test`, any name in a column of tests, and elsewhere names of four
/// words or more, such as `full_queue_evicts_heaviest_user`.
fn citations(document: &Document, crates: &Crates) -> Vec<Citation> {
    let mut found = Vec::new();
    // Fewest words in each column of a table; `None` if it has no tests.
    let mut least_words: Vec<Option<usize>> = Vec::new();
    let next = document.blocks.iter().skip(1).map(Some).chain([None]);
    for (block, next) in document.blocks.iter().zip(next) {
        if next.is_some_and(Block::is_separator) {
            let of_column = |cell: &str| match cell.to_lowercase().as_str() {
                KEY_COLUMN => None,
                head if TEST_COLUMNS.contains(&head) => Some(LEAST_WORDS.0),
                _ => Some(LEAST_WORDS.1),
            };
            least_words = block.cells().into_iter().map(of_column).collect();
        } else if block.kind != Kind::Row {
            least_words.clear();
        }
        let Ok(cells) = block.code() else { continue };
        for (index, spans) in cells.into_iter().enumerate() {
            let of_elsewhere = Some(LEAST_WORDS.1);
            let Some(least_words) = least_words.get(index).copied().unwrap_or(of_elsewhere) else {
                continue;
            };
            let mut last_crate = None;
            for span in spans {
                if let Some(mut citation) = citation(span, least_words, crates) {
                    last_crate = citation.of_crate.take().or(last_crate);
                    citation.of_crate.clone_from(&last_crate);
                    found.push(citation);
                }
            }
        }
    }
    found
}

fn citation(span: Span, least_words: usize, crates: &Crates) -> Option<Citation> {
    let Span { text, line } = span;
    if let Some((name, test)) = text.split_once(": ") {
        return crates.contains_key(name).then(|| Citation {
            of_crate: Some(name.to_owned()),
            test: test.to_owned(),
            line,
        });
    }
    is_test_name(&text, least_words).then_some(Citation {
        of_crate: None,
        test: text,
        line,
    })
}

/// Returns whether a name is in snake case with this many words, and is not a metric.
fn is_test_name(name: &str, least_words: usize) -> bool {
    let mut letters = name.chars();
    letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
        && name.split('_').count() >= least_words
        && !name.starts_with("roamd_")
}

fn exists(citation: &Citation, crates: &Crates) -> bool {
    let Citation { of_crate, test, .. } = citation;
    let file = test.strip_suffix(".rs").unwrap_or(test);
    crates
        .iter()
        .filter(|(name, _)| of_crate.as_ref().is_none_or(|of_crate| of_crate == *name))
        .any(|(_, tests)| tests.functions.contains(test) || tests.files.contains(file))
}

/// Reads the tests of all crates below a folder.
pub(super) fn read_crates(folder: &Path) -> Result<Crates> {
    let mut crates = Crates::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let mut tests = Tests::default();
        for folder in ["src", "tests"] {
            collect(&entry.path().join(folder), &mut tests)?;
        }
        crates.insert(entry.file_name().to_string_lossy().into_owned(), tests);
    }
    Ok(crates)
}

/// Adds the tests of all files below a folder.
fn collect(folder: &Path, tests: &mut Tests) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let code = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let functions = functions(&code);
            if !functions.is_empty() {
                let file = path.file_stem().unwrap_or_default();
                tests.files.insert(file.to_string_lossy().into_owned());
            }
            tests.functions.extend(functions);
        }
    }
    Ok(())
}

/// Returns the names of the test functions of a file.
fn functions(code: &str) -> BTreeSet<String> {
    let mut is_test = false;
    let mut names = BTreeSet::new();
    for line in code.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        }
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some(function) = function.strip_prefix("fn ")
            && std::mem::take(&mut is_test)
        {
            names.extend(function.split('(').next().map(str::to_owned));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "
        #[test]
        fn a_door_is_shut_at_night() {}
        fn a_helper_that_is_no_test() {}
        #[tokio::test(start_paused = true)]
        #[expect(clippy::unwrap_used, reason = \"a test\")]
        async fn door() {}
    ";

    fn crates() -> Crates {
        let tests = Tests {
            functions: functions(CODE),
            files: ["doors".to_owned()].into(),
        };
        let others = Tests {
            functions: ["wall_of_a_house_stands".to_owned()].into(),
            files: ["walls".to_owned()].into(),
        };
        Crates::from([
            ("roamd-door".to_owned(), tests),
            ("roamd-wall".to_owned(), others),
        ])
    }

    #[test]
    fn only_test_functions_are_collected() {
        let expected = ["a_door_is_shut_at_night", "door"].map(str::to_owned);
        assert_eq!(functions(CODE), expected.into());
    }

    #[test]
    fn missing_test_is_reported() {
        let crates = crates();
        for (text, cited, is_missing) in [
            ("no code", 0, false),
            ("`some_key` and `roamd_doors_shut_total`", 0, false),
            ("`status: open`", 0, false),
            ("`roamd-door: door`", 1, false),
            ("`roamd-door: doors.rs`, `roamd-door`", 1, false),
            ("`roamd-door: a_door_is_shut_at_night`", 1, false),
            ("`a_door_is_shut_at_night`", 1, false),
            ("`roamd-door:\na_door_is_shut_at_night`", 1, false),
            ("`a_door_is_shut_at_noon`", 1, true),
            ("`roamd-door: window`", 1, true),
            ("`roamd-wall: door`", 1, true),
            ("`a_helper_that_is_no_test`", 1, true),
            ("`roamd-door: door`, `a_door_is_shut_at_night`", 2, false),
            ("`roamd-wall: walls.rs`, `a_door_is_shut_at_night`", 2, true),
            (
                "- `roamd-wall: wall_of_a_house_stands`\n- `a_door_is_shut_at_night`",
                2,
                false,
            ),
            (
                "| what | test |\n|---|---|\n| `some_key` | `a_door_is_shut_at_night` |",
                1,
                false,
            ),
            (
                "| key | what |\n|---|---|\n| `a_key_of_five_words` | `a_door_is_shut_at_noon` |",
                1,
                true,
            ),
            (
                "| what | test |\n|---|---|\n| `some_key` | `door_opens` |",
                1,
                true,
            ),
        ] {
            let (count, faults) = faults("a.md", &Document::parse(text), &crates);
            assert_eq!((count, !faults.is_empty()), (cited, is_missing), "{text}");
        }
    }

    #[test]
    fn missing_tick_hides_only_its_own_paragraph() {
        let text = "`roamd-door: door`,\ndoor`, `x`.\n\n`a_door_is_shut_at_noon`";
        let (_, faults) = faults("a.md", &Document::parse(text), &crates());
        let expected = "a.md:4: there is no test a_door_is_shut_at_noon in any crate";
        assert_eq!(
            faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [expected]
        );
    }
}
