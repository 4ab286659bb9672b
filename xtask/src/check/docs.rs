//! What the documents say of tests is so: every test that one names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::root;

/// The documents that name a test beside each claim.
const DOCUMENTS: [&str; 2] = ["docs/security.md", "docs/farms.md"];

/// The tests of a crate: its test functions, and the modules that they are in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tests {
    functions: BTreeSet<String>,
    files: BTreeSet<String>,
}

/// The tests of all crates, by their names.
type Crates = BTreeMap<String, Tests>;

/// What a document says of a test.
#[derive(Debug, PartialEq, Eq)]
struct Citation<'d> {
    /// The crate that it names, if it does.
    of_crate: Option<&'d str>,
    test: &'d str,
}

/// Reads the documents and the crates, and names the tests that are not there.
pub(crate) fn check() -> Result<()> {
    let crates = crates()?;
    let mut wrong = Vec::new();
    let mut named = 0;
    for document in DOCUMENTS {
        let text = read(&root().join(document))?;
        let words: Vec<_> = text.split_whitespace().collect();
        let words = words.join(" ");
        for citation in citations(&words, &crates) {
            named += 1;
            if !is_there(&citation, &crates) {
                wrong.push(format!("{document}: {}", citation.test));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("these tests do not exist:\n{}", wrong.join("\n"));
    }
    println!("The documents name {named} tests, which are there.");
    Ok(())
}

/// The citations of a text: `crate: test`, and sentences such as `nobody_is_told_why`.
///
/// Line breaks count as blanks, so the text has none.
fn citations<'d>(text: &'d str, crates: &Crates) -> Vec<Citation<'d>> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter_map(|code| match code.split_once(": ") {
        Some((name, test)) if crates.contains_key(name) => Some(Citation {
            of_crate: Some(name),
            test,
        }),
        Some(_) => None,
        None => is_sentence(code).then_some(Citation {
            of_crate: None,
            test: code,
        }),
    })
    .collect()
}

/// Whether a name can only be that of a test: it has four words, and is not a metric.
fn is_sentence(name: &str) -> bool {
    let mut letters = name.chars();
    letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
        && name.split('_').count() >= 4
        && !name.starts_with("roamd_")
}

fn is_there(citation: &Citation<'_>, crates: &Crates) -> bool {
    let Citation { of_crate, test } = citation;
    let file = test.strip_suffix(".rs").unwrap_or(test);
    crates
        .iter()
        .filter(|(name, _)| of_crate.is_none_or(|of_crate| of_crate == *name))
        .any(|(_, tests)| tests.functions.contains(*test) || tests.files.contains(file))
}

fn crates() -> Result<Crates> {
    let mut crates = Crates::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let entry = entry?;
        let mut tests = Tests::default();
        for folder in ["src", "tests"] {
            collect(&entry.path().join(folder), &mut tests)?;
        }
        crates.insert(entry.file_name().to_string_lossy().into_owned(), tests);
    }
    Ok(crates)
}

/// Takes the tests of all files below a folder.
fn collect(folder: &Path, tests: &mut Tests) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let functions = functions(&read(&path)?);
            if !functions.is_empty() {
                let file = path.file_stem().unwrap_or_default();
                tests.files.insert(file.to_string_lossy().into_owned());
            }
            tests.functions.extend(functions);
        }
    }
    Ok(())
}

/// The names of the test functions of a file.
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

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
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
        Crates::from([
            ("roamd-door".to_owned(), tests),
            ("roamd-wall".to_owned(), Tests::default()),
        ])
    }

    #[test]
    fn functions_that_are_tests_are_known_from_others() {
        let expected = ["a_door_is_shut_at_night", "door"].map(str::to_owned);
        assert_eq!(functions(CODE), expected.into());
    }

    #[test]
    fn a_test_that_is_not_there_is_seen() {
        let crates = crates();
        for (text, expected) in [
            ("no code", None),
            ("`some_key` and `roamd_doors_shut_total`", None),
            ("`status: open`", None),
            ("`roamd-door: door`", Some(true)),
            ("`roamd-door: doors.rs`, `roamd-door", Some(true)),
            ("`roamd-door: a_door_is_shut_at_night`", Some(true)),
            ("`a_door_is_shut_at_night`", Some(true)),
            ("`a_door_is_shut_at_noon`", Some(false)),
            ("`roamd-door: window`", Some(false)),
            ("`roamd-wall: door`", Some(false)),
            ("`a_helper_that_is_no_test`", Some(false)),
        ] {
            let found = citations(text, &crates);
            let found = found.first().map(|citation| is_there(citation, &crates));
            assert_eq!(found, expected, "{text}");
        }
    }
}
