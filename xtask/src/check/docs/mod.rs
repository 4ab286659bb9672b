//! What documents and comments refer to exists: tests, fuzz targets, requirements, files and
//! headings.

mod cited_tests;
mod fault;
mod fuzz_targets;
mod links;
mod markdown;
mod paths;
mod references;
mod requirements;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};

use self::fault::Fault;
use self::markdown::Document;
use self::references::references;
use self::requirements::Definitions;
use crate::process::root;
use crate::tracked_files::tracked_files;

/// The texts that are searched for references to requirements.
const CITING: [&str; 3] = [".rs", ".md", ".toml"];

/// The documents that call bad inputs rows.
const WITH_ROWS: [&str; 3] = ["docs/bad-inputs.md", "docs/farms.md", "docs/security.md"];

/// The texts whose references are examples.
const EXAMPLES: &str = "xtask/src/check/docs/";

/// Checks all documents, and the references to requirements in code.
pub(crate) fn check() -> Result<()> {
    let files = tracked_files()?;
    let mut documents = BTreeMap::new();
    let mut cited = Vec::new();
    for file in files
        .iter()
        .filter(|file| CITING.iter().any(|end| file.ends_with(end)))
    {
        let path = root().join(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if file.ends_with(".md") {
            documents.insert(file.clone(), Document::parse(&text));
        }
        if !file.starts_with(EXAMPLES) {
            let has_rows = WITH_ROWS.contains(&file.as_str());
            cited.push((file, references(&text, has_rows)));
        }
    }

    let crates = cited_tests::read_crates(&root().join("crates"))?;
    let targets = fuzz_targets::read_targets(&root().join("fuzz/fuzz_targets"))?;
    let is_there = |path: &str| root().join(path).exists();
    let mut faults: Vec<Fault> = Vec::new();
    let mut tests = 0;
    for (path, document) in &documents {
        let ticks = document
            .blocks
            .iter()
            .filter_map(|block| block.code().err());
        faults.extend(ticks.map(|tick| Fault::new(path, tick.line, "a back tick has no partner")));
        let (count, missing) = cited_tests::faults(path, document, &crates);
        tests += count;
        faults.extend(missing);
        faults.extend(fuzz_targets::faults(path, document, &targets));
        faults.extend(paths::faults(path, document, is_there));
    }
    faults.extend(links::faults(&documents, is_there));

    let definitions = Definitions::collect(&documents);
    let mut missing = BTreeMap::new();
    let mut requirements = 0;
    for (file, references) in &cited {
        requirements += references.len();
        faults.extend(definitions.faults(file, references, &mut missing));
    }

    faults.sort();
    for fault in &faults {
        eprintln!("{fault}");
    }
    for (document, count) in &missing {
        eprintln!("{document} does not exist, and is cited {count} times");
    }
    if !faults.is_empty() || !missing.is_empty() {
        bail!(
            "{} references of documents and comments are wrong",
            faults.len() + missing.len()
        );
    }
    println!(
        "{} documents: {tests} cited tests, {requirements} references to requirements and all \
         links are right.",
        documents.len()
    );
    Ok(())
}
