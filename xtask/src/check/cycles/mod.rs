//! Import cycles between the files of a crate.
//!
//! A `use` or a path in code is an edge from its file to the file that defines what it names,
//! through re-exports. A `mod` declaration alone is no edge.

mod graph;
mod layers;
mod modules;
mod syntax;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::graph::Component;
use self::layers::LAYERS;
use self::modules::{Sources, imports};
use crate::process::root;

/// Lists the cycles of all crates, or of one, and fails if there are any.
pub(crate) fn check(only: Option<&str>) -> Result<()> {
    let mut crates = crates()?;
    if let Some(only) = only {
        crates.retain(|(name, _)| name == only);
        if crates.is_empty() {
            bail!("there is no crate {only} in this workspace");
        }
    }
    report(&crates)
}

/// Checks the order of the layers within the crates that have them.
pub(crate) fn check_layers() -> Result<()> {
    let mut violations = Vec::new();
    for layers in &LAYERS {
        let sources = read_sources(&root().join("crates").join(layers.name).join("src"))?;
        violations.extend(layers.violations(&imports("lib.rs", &sources)));
    }
    if !violations.is_empty() {
        bail!(
            "layers are not kept; their order is in xtask/src/check/cycles/layers.rs:\n{}",
            violations.join("\n")
        );
    }
    println!("The layers of {} crates are kept.", LAYERS.len());
    Ok(())
}

fn report(crates: &[(String, PathBuf)]) -> Result<()> {
    let mut files = 0;
    let mut cycles = 0;
    for (name, source) in crates {
        let sources = read_sources(source)?;
        files += sources.len();
        let components = components(&sources);
        let in_cycles: usize = components.iter().map(|it| it.files.len()).sum();
        if in_cycles > 0 {
            eprintln!(
                "{name}: {in_cycles} of {} files are in import cycles",
                sources.len()
            );
        }
        for component in &components {
            cycles += 1;
            eprintln!("{}", shown(component));
        }
    }
    if cycles > 0 {
        bail!("files import each other: move what they share into a file of its own");
    }
    println!(
        "No import cycles among {files} files of {} crates.",
        crates.len()
    );
    Ok(())
}

/// Returns the cycles of a crate: those of its library and those of its binary.
fn components(sources: &Sources) -> Vec<Component> {
    let roots = ["lib.rs", "main.rs"];
    let mut found: Vec<Component> = Vec::new();
    for component in roots
        .iter()
        .flat_map(|root| imports(root, sources).components())
    {
        if !found.contains(&component) {
            found.push(component);
        }
    }
    found
}

/// Writes a component as its files, its shortest cycle, and the line of each import of that.
fn shown(component: &Component) -> String {
    let cycle = &component.cycle;
    let names = cycle
        .iter()
        .chain(cycle.first())
        .map(|(file, _)| file.as_str());
    let names: Vec<&str> = names.collect();
    let lines: Vec<_> = cycle
        .iter()
        .map(|(file, line)| format!("{file}:{line}"))
        .collect();
    let mut text = format!("  {} (imports at {})", names.join(" → "), lines.join(", "));
    if component.files.len() > cycle.len() {
        let all = component.files.join(", ");
        text.push_str(&format!(
            "\n    {} files in all: {all}",
            component.files.len()
        ));
    }
    text
}

/// Returns the name and the `src` folder of each crate.
fn crates() -> Result<Vec<(String, PathBuf)>> {
    let mut folders = vec![("xtask".to_owned(), root().join("xtask/src"))];
    for entry in fs::read_dir(root().join("crates")).context("cannot list crates")? {
        let entry = entry?;
        let source = entry.path().join("src");
        if source.is_dir() {
            folders.push((entry.file_name().to_string_lossy().into_owned(), source));
        }
    }
    folders.sort();
    Ok(folders)
}

fn read_sources(folder: &Path) -> Result<Sources> {
    let mut sources = Sources::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
                sources.insert(name, text);
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files
            .iter()
            .map(|(file, code)| ((*file).to_owned(), (*code).to_owned()))
            .collect();
        components(&sources).iter().map(shown).collect()
    }

    #[test]
    fn clean_tree_has_no_cycle() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            (
                "b.rs",
                "pub struct B;\n#[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn cycle_of_two_files_is_reported_with_lines() {
        let files = [
            ("main.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B;\nstruct A;"),
            ("b.rs", "struct B;\nfn f(_: &crate::a::A) {}"),
        ];
        assert_eq!(
            found(&files),
            ["  a.rs → b.rs → a.rs (imports at a.rs:1, b.rs:2)"]
        );
    }

    #[test]
    fn cycle_through_super_is_reported() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b;\nuse b::B;\npub struct A;"),
            ("a/b.rs", "use super::A;\npub struct B;"),
        ];
        let expected = "  a/b.rs → a/mod.rs → a/b.rs (imports at a/b.rs:1, a/mod.rs:2)";
        assert_eq!(found(&files), [expected]);
    }

    #[test]
    fn cycle_through_a_re_export_is_reported() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;"),
            ("a.rs", "use crate::b::B;\npub struct A;"),
            ("b.rs", "use crate::c::C;\npub struct B;"),
            ("c.rs", "use crate::A;\npub struct C;"),
        ];
        let expected = "  a.rs → b.rs → c.rs → a.rs (imports at a.rs:1, b.rs:1, c.rs:1)";
        assert_eq!(found(&files), [expected]);
    }

    #[test]
    fn parent_that_only_re_exports_makes_no_cycle() {
        let files = [
            ("lib.rs", "mod a; pub use a::{B, C};"),
            ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
            ("a/b.rs", "use super::C;\npub struct B;"),
            ("a/c.rs", "pub struct C;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }
}
