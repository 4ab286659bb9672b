//! The module tree of a crate, and which file defines what a path names.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::syntax::{Import, Syntax, parse};

/// How many re-exports a name may pass through. Real chains have two or three.
const MAX_HOPS: usize = 16;

/// The source files of a crate: the text by path below `src/`, such as `fairness/queue.rs`.
pub(super) type Sources = BTreeMap<String, String>;

type ModulePath = Vec<String>;

/// All modules of one library or binary.
#[derive(Debug, Default)]
struct Modules {
    by_path: BTreeMap<ModulePath, Module>,
}

#[derive(Debug, Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    imports: Vec<Import>,
}

/// What a path names.
#[derive(Debug)]
enum Target {
    Module(ModulePath),
    /// An item, and the file that defines it.
    Item(String),
}

/// Returns the imports between the files that belong to `root` (`lib.rs` or `main.rs`).
pub(super) fn imports(root: &str, sources: &Sources) -> Graph {
    let mut parsed = Vec::new();
    let mut modules = Modules::default();
    collect(root, Vec::new(), sources, &mut modules, &mut parsed);
    let mut graph = Graph::default();
    for (file, base, syntax) in &parsed {
        for import in &syntax.imports {
            let module = joined(base, &import.module);
            match modules.resolve(&module, &import.path, MAX_HOPS) {
                Some(Target::Item(target)) => graph.add(file, &target, import.line),
                Some(Target::Module(target)) => {
                    if let Some(target) = modules.by_path.get(&target)
                        && (import.is_glob || !is_followed(import, syntax))
                    {
                        graph.add(file, &target.file, import.line);
                    }
                }
                None => {}
            }
        }
        for path in &syntax.paths {
            let module = joined(base, &path.module);
            let target = match modules.resolve(&module, &path.path, MAX_HOPS) {
                Some(Target::Item(target)) => target,
                Some(Target::Module(target)) => match modules.by_path.get(&target) {
                    Some(target) => target.file.clone(),
                    None => continue,
                },
                None => continue,
            };
            graph.add(file, &target, path.line);
        }
    }
    graph
}

/// Returns whether the file names items of an imported module by a path, such as
/// `queue::Enqueued`. Those paths are the imports then, since a module may only re-export what
/// they name.
fn is_followed(import: &Import, syntax: &Syntax) -> bool {
    let first = import.name.as_ref();
    let paths = syntax.paths.iter().map(|path| (&path.module, &path.path));
    let uses = syntax.imports.iter().map(|it| (&it.module, &it.path));
    paths
        .chain(uses)
        .any(|(module, path)| path.len() > 1 && path.first() == first && *module == import.module)
}

/// Adds the module of a file, and those that it declares.
fn collect(
    file: &str,
    path: ModulePath,
    sources: &Sources,
    modules: &mut Modules,
    parsed: &mut Vec<(String, ModulePath, Syntax)>,
) {
    let Some(code) = sources.get(file) else {
        return;
    };
    let syntax = parse(code);
    for inner in std::iter::once(&Vec::new()).chain(&syntax.inline) {
        let items = syntax.items.iter().filter(|(module, _)| module == inner);
        let imports = syntax
            .imports
            .iter()
            .filter(|import| import.module == *inner);
        let module = Module {
            file: file.to_owned(),
            items: items.map(|(_, name)| name.clone()).collect(),
            imports: imports.cloned().collect(),
        };
        modules.by_path.insert(joined(&path, inner), module);
    }
    for (inner, name) in &syntax.declared {
        let child = joined(&joined(&path, inner), std::slice::from_ref(name));
        let base = child.join("/");
        for candidate in [format!("{base}.rs"), format!("{base}/mod.rs")] {
            collect(&candidate, child.clone(), sources, modules, parsed);
        }
    }
    parsed.push((file.to_owned(), path, syntax));
}

impl Modules {
    /// Returns what a path names, seen from a module. `None` if it leads out of the crate.
    fn resolve(&self, module: &[String], path: &[String], hops: usize) -> Option<Target> {
        let hops = hops.checked_sub(1)?;
        let mut here = module.to_vec();
        let mut rest = path;
        let mut is_anchored = false;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => {
                    here.pop()?;
                }
                _ => break,
            }
            is_anchored = true;
            rest = after;
        }
        let Some((first, after)) = rest.split_first() else {
            return Some(Target::Module(here));
        };
        let mut target = match self.lookup(&here, first, hops) {
            Some(target) => target,
            None if is_anchored => return self.item_of(&here),
            None => return None,
        };
        for name in after {
            let Target::Module(module) = &target else {
                break;
            };
            target = match self.lookup(module, name, hops) {
                Some(target) => target,
                None => return self.item_of(module),
            };
        }
        Some(target)
    }

    /// Returns what a name stands for inside a module: a child, an import, an item, or one that a
    /// glob brings.
    fn lookup(&self, module: &[String], name: &String, hops: usize) -> Option<Target> {
        let child = joined(module, std::slice::from_ref(name));
        if self.by_path.contains_key(&child) {
            return Some(Target::Module(child));
        }
        let here = self.by_path.get(module)?;
        if here.items.contains(name) {
            return Some(Target::Item(here.file.clone()));
        }
        let named = here
            .imports
            .iter()
            .filter(|it| it.name.as_ref() == Some(name));
        for import in named {
            // `use url::Url` names a crate, also where this is looked up for `url` itself.
            if import.path.first() == Some(name) {
                continue;
            }
            if let Some(target) = self.resolve(module, &import.path, hops) {
                return Some(target);
            }
        }
        let globs = here.imports.iter().filter(|import| import.is_glob);
        for import in globs {
            let hops = hops.checked_sub(1)?;
            if let Some(Target::Module(target)) = self.resolve(module, &import.path, hops)
                && target != module
                && let Some(target) = self.lookup(&target, name, hops)
            {
                return Some(target);
            }
        }
        None
    }

    fn item_of(&self, module: &[String]) -> Option<Target> {
        let module = self.by_path.get(module)?;
        Some(Target::Item(module.file.clone()))
    }
}

fn joined(base: &[String], more: &[String]) -> ModulePath {
    base.iter().chain(more).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the edges between files, as `from:line → to`.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Sources = files
            .iter()
            .map(|(file, code)| ((*file).to_owned(), (*code).to_owned()))
            .collect();
        imports("lib.rs", &sources).lines()
    }

    #[test]
    fn declared_modules_make_no_edge() {
        assert_eq!(
            edges(&[("lib.rs", "mod a;"), ("a.rs", "fn f() {}")]),
            [""; 0]
        );
    }

    #[test]
    fn import_leads_to_the_longest_module_path() {
        let files = [
            ("lib.rs", "mod a; mod d;"),
            ("a/mod.rs", "pub mod b; pub struct A;"),
            ("a/b.rs", "pub struct B;\npub fn c() {}"),
            (
                "d.rs",
                "use crate::a::{A,\n b::B};\nfn f() { crate::a::b::c() }",
            ),
        ];
        assert_eq!(edges(&files), ["d.rs:2 → a/b.rs", "d.rs:1 → a/mod.rs"]);
    }

    #[test]
    fn super_and_self_are_resolved() {
        let files = [
            ("lib.rs", "mod a; pub struct Root;"),
            ("a/mod.rs", "mod b; use self::b::B; pub struct A;"),
            (
                "a/b.rs",
                "use super::A;\nuse super::super::Root;\nstruct B;",
            ),
        ];
        let expected = [
            "a/b.rs:1 → a/mod.rs",
            "a/b.rs:2 → lib.rs",
            "a/mod.rs:1 → a/b.rs",
        ];
        assert_eq!(edges(&files), expected);
    }

    #[test]
    fn re_export_leads_to_the_file_that_defines() {
        let files = [
            ("lib.rs", "mod farm; mod user; pub use farm::Farm;"),
            ("farm/mod.rs", "mod inner; pub use inner::*;"),
            ("farm/inner.rs", "pub struct Farm;"),
            (
                "user.rs",
                "use crate::Farm;\nuse crate::farm;\nfn f(_: farm::Farm) {}",
            ),
        ];
        let expected = [
            "farm/mod.rs:1 → farm/inner.rs",
            "lib.rs:1 → farm/inner.rs",
            "user.rs:1 → farm/inner.rs",
        ];
        assert_eq!(edges(&files), expected);
    }

    #[test]
    fn relative_paths_and_aliases_are_resolved() {
        let files = [
            ("lib.rs", "mod a; mod b; fn f() { a::g(); }"),
            ("a.rs", "use crate::b as other;\npub fn g() { other::h() }"),
            ("b.rs", "use std::fmt; pub fn h() {}"),
        ];
        assert_eq!(edges(&files), ["a.rs:2 → b.rs", "lib.rs:1 → a.rs"]);
    }

    #[test]
    fn imports_inside_an_inline_module_are_relative_to_it() {
        let files = [
            ("lib.rs", "mod a;\npub struct Root;"),
            (
                "a.rs",
                "mod inner {\n use super::A;\n use super::super::Root;\n}\nstruct A;",
            ),
        ];
        assert_eq!(edges(&files), ["a.rs:3 → lib.rs"]);
    }

    #[test]
    fn imports_that_name_each_other_end() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub use crate::b::X; pub use crate::b::*;"),
            ("b.rs", "pub use crate::a::X; pub use crate::a::*;"),
        ];
        assert_eq!(edges(&files).len(), 2);
    }
}
