//! Layers within a crate: a folder imports only from its own layer and from those below it.
//!
//! `ARCHITECTURE.md` describes the layers of the server; the README of `roamd-farm` has its own.

use std::collections::BTreeSet;

use super::graph::Graph;

/// The layers of a crate.
pub(super) struct Layers {
    /// Name of the crate.
    pub(super) name: &'static str,
    /// From the lowest: the files and folders of each layer, without `.rs`.
    from_below: &'static [&'static [&'static str]],
    /// Imports against the order, each with its reason.
    exceptions: &'static [(&'static str, &'static str)],
}

/// The crates with layers.
pub(super) const LAYERS: [Layers; 2] = [
    Layers {
        name: "roamd-farm",
        from_below: &[
            &["model"],
            &["rules"],
            &["error", "recent", "crypto", "turns"],
            &["store"],
            &["launch"],
            &["farms"],
            &["service", "admin"],
        ],
        exceptions: &[],
    },
    Layers {
        name: "roamd-server",
        from_below: &[
            &[
                "clock",
                "data_dir",
                "fairness",
                "file_access",
                "printable_json",
            ],
            &["tls"],
            &["config"],
            &["http"],
            &["trace"],
            &[
                "keys",
                "group",
                "revocations",
                "account_forms",
                "changes",
                "large_work",
            ],
            &["backup", "farms"],
            &["audit"],
            &["error"],
            &["metrics"],
            &["auth", "web"],
            &["routes", "control", "app"],
        ],
        exceptions: &[
            // Each counts its events where they happen, with the counters of its metrics.
            ("farms", "metrics"),
            ("tls", "metrics"),
            // A probe fails like the start of a server.
            ("farms", "error"),
        ],
    },
];

impl Layers {
    /// Returns what is wrong: files without a layer, imports against the order, and exceptions
    /// that no import needs.
    pub(super) fn violations(&self, graph: &Graph) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut used = BTreeSet::new();
        for (from, to, line) in graph.edges() {
            if is_root(from) || is_root(to) {
                continue;
            }
            let (upper, lower) = (part(from), part(to));
            match (self.level(upper), self.level(lower)) {
                (None, _) => drop(found.insert(format!("{from} has no layer"))),
                (_, None) => drop(found.insert(format!("{to} has no layer"))),
                (Some(level), Some(needed)) if level < needed => {
                    let is_exception = |known: &&(&str, &str)| **known == (upper, lower);
                    match self.exceptions.iter().find(is_exception) {
                        Some(exception) => drop(used.insert(exception)),
                        None => drop(found.insert(format!(
                            "{from}:{line} imports from {to}, which is in a higher layer"
                        ))),
                    }
                }
                _ => {}
            }
        }
        let unused = self.exceptions.iter().filter(|it| !used.contains(it));
        found.extend(unused.map(|(from, to)| format!("no file of {from} imports from {to}")));
        found
            .into_iter()
            .map(|it| format!("{}: {it}", self.name))
            .collect()
    }

    fn level(&self, part: &str) -> Option<usize> {
        self.from_below
            .iter()
            .position(|layer| layer.contains(&part))
    }
}

/// Whether a file declares the modules of the crate.
fn is_root(file: &str) -> bool {
    matches!(file, "lib.rs" | "main.rs")
}

/// Returns the first folder of a path, or the name of a file without a folder.
fn part(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: Layers = Layers {
        name: "a",
        from_below: &[&["model"], &["rules", "text"], &["store"]],
        exceptions: &[("model", "text")],
    };

    fn violations(edges: &[(&str, &str)]) -> Vec<String> {
        let mut graph = Graph::default();
        graph.add("model/a.rs", "text.rs", 1);
        for (from, to) in edges {
            graph.add(from, to, 7);
        }
        LAYERS.violations(&graph)
    }

    #[test]
    fn import_from_a_higher_layer_is_reported() {
        assert_eq!(
            violations(&[("model/user.rs", "store/mod.rs"), ("text.rs", "store/a.rs")]),
            [
                "a: model/user.rs:7 imports from store/mod.rs, which is in a higher layer",
                "a: text.rs:7 imports from store/a.rs, which is in a higher layer",
            ]
        );
    }

    #[test]
    fn import_from_the_same_or_a_lower_layer_is_allowed() {
        let edges = [
            ("lib.rs", "store/a.rs"),
            ("store/a.rs", "lib.rs"),
            ("store/a.rs", "model/user.rs"),
            ("rules/a.rs", "text.rs"),
        ];
        assert_eq!(violations(&edges), [""; 0]);
    }

    #[test]
    fn file_without_a_layer_is_reported() {
        let edges = [("new.rs", "model/user.rs")];
        assert_eq!(violations(&edges), ["a: new.rs has no layer"]);
    }

    #[test]
    fn exception_without_an_import_is_reported() {
        assert_eq!(
            LAYERS.violations(&Graph::default()),
            ["a: no file of model imports from text"]
        );
    }
}
