//! Rules for accessible pages, checked by axe.

use std::fs;
use std::path::PathBuf;

use super::browser::Browser;

/// Runs axe in the page, and panics if it finds a violation.
pub(super) async fn assert_accessible(browser: &Browser, case: &str) {
    let file = workspace().join("target/axe-core/axe.min.js");
    let axe = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run `cargo xtask test`, which downloads it",
            file.display()
        )
    });
    browser.run(&format!("{axe}; window.axe = axe")).await;
    let run = "const done = arguments[arguments.length - 1]; \
               axe.run(document, { resultTypes: ['violations'] }).then( \
               (found) => done(found.violations.flatMap((rule) => rule.nodes.map( \
               (node) => rule.id + ': ' + node.html + ' ' + node.failureSummary))), \
               (error) => done([String(error)]))";
    let found = browser.driver.execute_async(run, vec![]).await.unwrap();
    let found = found.json().as_array().unwrap().iter();
    let found: Vec<_> = found.map(|it| it.as_str().unwrap().to_owned()).collect();
    assert!(found.is_empty(), "{case}:\n{}", found.join("\n"));
}

/// Root of the workspace.
pub(super) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
