//! Layering: the dependencies that each crate of the workspace may have.
//!
//! `ARCHITECTURE.md` gives the reasons; the tables here are enforced.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{cargo, output};

/// Tier of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    /// No socket, file, clock, randomness, environment or runtime.
    Core,
    /// Input and output around the core.
    Extra,
    /// Tests and tools.
    Internal,
}

/// The crates of the workspace that a crate may depend on.
#[derive(Clone, Copy)]
enum MayUse {
    These(&'static [&'static str]),
    All,
}

use MayUse::{All, These};
use Tier::{Core, Extra, Internal};

/// The crates of the workspace, from the core outwards, each with its allowed dependencies.
const LAYERS: [(&str, Tier, MayUse); 26] = [
    ("roamd-xml", Core, These(&[])),
    ("roamd-store-proto", Core, These(&["roamd-xml"])),
    (
        "roamd-web-proto",
        Core,
        These(&["roamd-store-proto", "roamd-xml"]),
    ),
    ("roamd-nfuse-proto", Core, These(&["roamd-xml"])),
    ("roamd-seal", Core, These(&[])),
    ("roamd-backup", Core, These(&["roamd-seal"])),
    (
        "roamd-citrixauth",
        Core,
        These(&["roamd-seal", "roamd-store-proto"]),
    ),
    (
        "roamd-sessions",
        Core,
        These(&["roamd-seal", "roamd-store-proto"]),
    ),
    (
        "roamd-config",
        Core,
        These(&[
            "roamd-citrixauth",
            "roamd-nfuse-proto",
            "roamd-sessions",
            "roamd-store-proto",
            "roamd-web-proto",
        ]),
    ),
    (
        "roamd-storefront-import",
        Core,
        These(&["roamd-config", "roamd-sessions", "roamd-xml"]),
    ),
    ("roamd-fairness", Extra, These(&[])),
    ("roamd-http", Extra, These(&["roamd-fairness"])),
    ("roamd-etcd-client", Extra, These(&[])),
    (
        "roamd-state",
        Extra,
        These(&["roamd-etcd-client", "roamd-fairness", "roamd-seal"]),
    ),
    ("roamd-nfuse-client", Extra, These(&["roamd-nfuse-proto"])),
    ("roamd-store-client", Extra, These(&["roamd-store-proto"])),
    (
        "roamd-farm",
        Extra,
        These(&["roamd-fairness", "roamd-http", "roamd-nfuse-proto"]),
    ),
    (
        "roamd-server",
        Extra,
        These(&[
            "roamd-backup",
            "roamd-citrixauth",
            "roamd-config",
            "roamd-fairness",
            "roamd-http",
            "roamd-nfuse-client",
            "roamd-nfuse-proto",
            "roamd-seal",
            "roamd-sessions",
            "roamd-state",
            "roamd-store-proto",
            "roamd-web-proto",
        ]),
    ),
    (
        "roamd",
        Extra,
        These(&[
            "roamd-farm",
            "roamd-http",
            "roamd-server",
            "roamd-store-client",
            "roamd-storefront-import",
        ]),
    ),
    (
        "roamd-fuzzing",
        Internal,
        These(&[
            "roamd-citrixauth",
            "roamd-farm",
            "roamd-nfuse-proto",
            "roamd-seal",
            "roamd-server",
            "roamd-sessions",
            "roamd-state",
            "roamd-store-proto",
            "roamd-storefront-import",
            "roamd-web-proto",
            "roamd-xml",
        ]),
    ),
    (
        "roamd-testkit",
        Internal,
        These(&["roamd-nfuse-proto", "roamd-store-proto"]),
    ),
    (
        "roamd-bench",
        Internal,
        These(&["roamd-nfuse-proto", "roamd-store-proto", "roamd-testkit"]),
    ),
    (
        "roamd-attacks",
        Internal,
        These(&[
            "roamd-bench",
            "roamd-nfuse-proto",
            "roamd-store-proto",
            "roamd-testkit",
        ]),
    ),
    ("roamd-simulation", Internal, All),
    ("roamd-testsuite", Internal, All),
    ("xtask", Internal, These(&[])),
];

/// The crate that tests of all crates outside of the core tier may use.
const TEST_KIT: &str = "roamd-testkit";

/// Third-party crates that no core crate may depend on, directly or indirectly.
const NEVER_BELOW_CORE: [&str; 6] = ["tokio", "hyper", "mio", "socket2", "rusqlite", "rustls"];

/// Third-party crates that only the listed crates may depend on directly, except in tests.
///
/// Crates for hashes (`sha2`) are not in the table: their users are many, and misuse is visible in
/// one line.
const OWNED: [(&str, &[&str]); 14] = [
    ("toml", &["roamd-config", "roamd-farm"]),
    ("toml_writer", &["roamd-storefront-import"]),
    ("zip", &["roamd-storefront-import"]),
    ("aws-lc-rs", &["roamd-seal"]),
    ("hkdf", &["roamd-seal"]),
    ("hmac", &["roamd-farm", "roamd-server", "roamd-state"]),
    ("argon2", &["roamd-backup", "roamd-farm"]),
    (
        "rustls",
        &[
            "roamd-etcd-client",
            "roamd-http",
            "roamd-nfuse-client",
            "roamd-store-client",
        ],
    ),
    // The last three are internal: proxies and clients of the programs under test.
    (
        "tokio-rustls",
        &[
            "roamd-etcd-client",
            "roamd-http",
            "roamd-nfuse-client",
            "roamd-bench",
            "roamd-testkit",
            "roamd-testsuite",
        ],
    ),
    ("rustls-native-certs", &["roamd-nfuse-client"]),
    ("hyper-rustls", &["roamd-store-client"]),
    ("x509-cert", &["roamd-http", "roamd-nfuse-client"]),
    ("rusqlite", &["roamd-farm", "roamd-state"]),
    // The second is internal: a server of etcd's messages.
    ("prost", &["roamd-etcd-client", "roamd-simulation"]),
];

/// Checks the dependencies of our crates and reports every one that is not allowed.
pub(crate) fn check() -> Result<()> {
    let metadata = output(cargo().args(["metadata", "--format-version=1", "--locked"]))?;
    let graph = Graph::from_metadata(&serde_json::from_str(&metadata)?)?;
    let faults = faults(&graph);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!(
            "{} dependencies are not allowed; the rules are in xtask/src/check/deps.rs",
            faults.len()
        );
    }
    println!(
        "All dependencies of the {} crates are allowed.",
        graph.ours.len()
    );
    Ok(())
}

/// Returns the names of the crates in the core tier.
pub(crate) fn core_crates() -> impl Iterator<Item = &'static str> {
    LAYERS
        .iter()
        .filter(|(_, tier, _)| *tier == Core)
        .map(|(name, ..)| *name)
}

/// Dependencies between crates, by name.
#[derive(Default)]
struct Graph {
    ours: BTreeSet<String>,
    /// Dependencies of a crate's library or binary.
    normal: BTreeMap<String, BTreeSet<String>>,
    /// The same, with those of its tests and build script.
    any: BTreeMap<String, BTreeSet<String>>,
}

fn faults(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for name in &graph.ours {
        let Some((_, tier, may_use)) = LAYERS.iter().find(|(known, ..)| known == name) else {
            faults.push(format!("{name} has no line in the table LAYERS"));
            continue;
        };
        if let These(allowed) = may_use {
            for used in direct(&graph.any, name) {
                let is_for_tests = used == TEST_KIT
                    && *tier != Core
                    && !direct(&graph.normal, name).any(|used| used == TEST_KIT);
                if graph.ours.contains(used) && !allowed.contains(&used) && !is_for_tests {
                    faults.push(format!("{name} must not depend on {used}"));
                }
            }
        }
        for (outside, owners) in OWNED {
            if direct(&graph.normal, name).any(|used| used == outside)
                && !owners.contains(&name.as_str())
            {
                faults.push(format!(
                    "{name} must not depend on {outside}, which belongs to {}",
                    owners.join(" and ")
                ));
            }
        }
        if *tier == Core {
            for outside in NEVER_BELOW_CORE {
                if let Some(path) = path_to(graph, name, outside) {
                    faults.push(format!(
                        "{name} is in the core tier and must not depend on {outside}: {}",
                        path.join(" → ")
                    ));
                }
            }
        }
    }
    faults
}

fn direct<'a>(
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    name: &str,
) -> impl Iterator<Item = &'a str> {
    edges.get(name).into_iter().flatten().map(String::as_str)
}

/// Returns a shortest path from one crate to another along normal dependencies.
fn path_to<'a>(graph: &'a Graph, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::from([from]);
    let mut paths = vec![vec![from]];
    while !paths.is_empty() {
        let mut longer = Vec::new();
        for path in paths {
            let last = *path.last()?;
            if last == to {
                return Some(path);
            }
            for next in direct(&graph.normal, last).filter(|next| seen.insert(next)) {
                longer.push(path.iter().copied().chain([next]).collect());
            }
        }
        paths = longer;
    }
    None
}

/// The part of the output of `cargo metadata` that the check needs.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

/// Kind of a dependency; `None` for a normal one.
#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Graph {
    fn from_metadata(metadata: &Metadata) -> Result<Self> {
        let names: BTreeMap<&str, &str> = metadata
            .packages
            .iter()
            .map(|package| (package.id.as_str(), package.name.as_str()))
            .collect();
        let name_of = |id: &str| {
            names
                .get(id)
                .map(|name| (*name).to_owned())
                .context("a dependency is not in the list of packages")
        };
        let mut graph = Self::default();
        for member in &metadata.workspace_members {
            graph.ours.insert(name_of(member)?);
        }
        for node in &metadata.resolve.nodes {
            let from = name_of(&node.id)?;
            for dependency in &node.deps {
                let to = name_of(&dependency.pkg)?;
                if dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()) {
                    graph
                        .normal
                        .entry(from.clone())
                        .or_default()
                        .insert(to.clone());
                }
                graph.any.entry(from.clone()).or_default().insert(to);
            }
        }
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a workspace with these normal and test dependencies. Names with `roamd` are ours.
    fn graph(normal: &[(&str, &str)], dev: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in normal {
            graph
                .normal
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        for (from, to) in normal.iter().chain(dev) {
            graph
                .any
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
            let ours = [from, to]
                .into_iter()
                .filter(|name| name.starts_with("roamd"));
            graph.ours.extend(ours.map(|name| (*name).to_owned()));
        }
        graph
    }

    #[test]
    fn forbidden_dependency_is_reported() {
        let cases = [
            // The server reaches a farm only through NFuse.
            (
                graph(&[("roamd-server", "roamd-farm")], &[]),
                "roamd-server must not depend on roamd-farm",
            ),
            // The same holds for its tests.
            (
                graph(&[], &[("roamd-server", "roamd-farm")]),
                "roamd-server must not depend on roamd-farm",
            ),
            (
                graph(&[("roamd-sessions", "roamd-nfuse-proto")], &[]),
                "roamd-sessions must not depend on roamd-nfuse-proto",
            ),
            // Tests may use the test kit; the code that they test may not.
            (
                graph(&[("roamd-nfuse-client", "roamd-testkit")], &[]),
                "roamd-nfuse-client must not depend on roamd-testkit",
            ),
            (
                graph(&[], &[("roamd-sessions", "roamd-testkit")]),
                "roamd-sessions must not depend on roamd-testkit",
            ),
            (
                graph(&[("roamd-new", "roamd-xml")], &[]),
                "roamd-new has no line in the table LAYERS",
            ),
            (
                graph(&[("roamd-server", "rusqlite")], &[]),
                "roamd-server must not depend on rusqlite, which belongs to roamd-farm and \
                 roamd-state",
            ),
            (
                graph(&[("roamd-xml", "helper"), ("helper", "tokio")], &[]),
                "roamd-xml is in the core tier and must not depend on tokio: \
                 roamd-xml → helper → tokio",
            ),
        ];
        for (graph, fault) in cases {
            assert_eq!(faults(&graph), [fault]);
        }
    }

    #[test]
    fn allowed_dependencies_have_no_fault() {
        let graph = graph(
            &[
                ("roamd", "roamd-server"),
                ("roamd", "roamd-farm"),
                ("roamd-server", "tokio"),
                ("roamd-state", "rusqlite"),
                ("roamd-server", "roamd-state"),
            ],
            // Tests of a core crate may use a runtime.
            &[
                ("roamd-sessions", "tokio"),
                ("roamd-testsuite", "roamd-farm"),
                ("roamd-nfuse-client", "roamd-testkit"),
            ],
        );
        assert_eq!(faults(&graph), Vec::<String>::new());
    }

    #[test]
    fn layers_have_no_cycle_and_core_uses_core_only() {
        for (index, (name, tier, may_use)) in LAYERS.iter().enumerate() {
            let These(allowed) = may_use else { continue };
            for used in *allowed {
                let earlier = LAYERS[..index].iter().find(|(known, ..)| known == used);
                let (_, used_tier, _) =
                    earlier.unwrap_or_else(|| panic!("{name} uses {used}, which is not above it"));
                assert!(
                    *tier != Core || *used_tier == Core,
                    "{name} is core and may use {used}, which is not"
                );
            }
        }
    }

    #[test]
    fn dependency_kinds_are_read_from_metadata() {
        let metadata = r#"{
            "packages": [{"id": "a 1", "name": "a"}, {"id": "b 1", "name": "b"},
                         {"id": "c 1", "name": "c"}],
            "workspace_members": ["a 1"],
            "resolve": {"nodes": [
                {"id": "a 1", "deps": [
                    {"pkg": "b 1", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
                    {"pkg": "c 1", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "b 1", "deps": []},
                {"id": "c 1", "deps": []}]}
        }"#;
        let graph = Graph::from_metadata(&serde_json::from_str(metadata).unwrap()).unwrap();
        assert_eq!(direct(&graph.normal, "a").collect::<Vec<_>>(), ["b"]);
        assert_eq!(direct(&graph.any, "a").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(graph.ours, BTreeSet::from(["a".to_owned()]));
    }
}
