//! A graph of files, and its cycles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Which file imports which, with the line of the first import.
#[derive(Debug, Default)]
pub(super) struct Graph {
    edges: BTreeMap<String, BTreeMap<String, usize>>,
}

/// Files that import each other, directly or through others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Component {
    /// All files of the strongly connected component, sorted.
    pub(super) files: Vec<String>,
    /// The shortest cycle among them: each file with the line where it imports the next one. The
    /// last imports the first.
    pub(super) cycle: Vec<(String, usize)>,
}

impl Graph {
    /// Adds an import. Only the first line counts, and a file does not import itself.
    pub(super) fn add(&mut self, from: &str, to: &str, line: usize) {
        if from != to {
            let targets = self.edges.entry(from.to_owned()).or_default();
            let first = targets.entry(to.to_owned()).or_insert(line);
            *first = line.min(*first);
        }
    }

    /// Returns the strongly connected components of more than one file, in order of their first
    /// file.
    pub(super) fn components(&self) -> Vec<Component> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .edges
            .keys()
            .map(|file| (file.as_str(), self.reached_from(file)))
            .collect();
        let mut done = BTreeSet::new();
        let mut found = Vec::new();
        for (file, reached_here) in &reached {
            if !reached_here.contains(file) || done.contains(file) {
                continue;
            }
            let files: BTreeSet<&str> = reached_here
                .iter()
                .copied()
                .filter(|other| reached.get(other).is_some_and(|back| back.contains(file)))
                .collect();
            done.extend(files.iter().copied());
            let cycle = files
                .iter()
                .filter_map(|start| self.cycle_through(start))
                .min_by_key(Vec::len)
                .unwrap_or_default();
            found.push(Component {
                files: files.into_iter().map(str::to_owned).collect(),
                cycle,
            });
        }
        found
    }

    /// Returns each import: the file, the file that it imports, and the line.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        let files = self.edges.keys();
        files.flat_map(|from| {
            self.targets(from)
                .map(move |(to, line)| (from.as_str(), to, line))
        })
    }

    /// Returns each import as `from:line → to`.
    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<String> {
        self.edges()
            .map(|(from, to, line)| format!("{from}:{line} → {to}"))
            .collect()
    }

    fn targets(&self, file: &str) -> impl Iterator<Item = (&str, usize)> {
        let targets = self.edges.get(file).into_iter().flatten();
        targets.map(|(to, line)| (to.as_str(), *line))
    }

    /// Returns the files that `start` imports, directly or through others.
    fn reached_from(&self, start: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = self.targets(start).map(|(to, _)| to).collect();
        while let Some(file) = open.pop() {
            if seen.insert(file) {
                open.extend(self.targets(file).map(|(to, _)| to));
            }
        }
        seen
    }

    /// Returns a shortest path of imports from `start` back to itself.
    fn cycle_through(&self, start: &str) -> Option<Vec<(String, usize)>> {
        let mut seen = BTreeSet::new();
        let mut open = VecDeque::from([(start, Vec::new())]);
        while let Some((file, path)) = open.pop_front() {
            for (next, line) in self.targets(file) {
                let mut longer = path.clone();
                longer.push((file.to_owned(), line));
                if next == start {
                    return Some(longer);
                }
                if seen.insert(next) {
                    open.push_back((next, longer));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str, usize)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to, line) in edges {
            graph.add(from, to, *line);
        }
        graph
    }

    #[test]
    fn tree_without_cycle_has_no_component() {
        let graph = graph(&[("a", "b", 1), ("a", "c", 2), ("b", "c", 1), ("a", "a", 9)]);
        assert_eq!(graph.components(), []);
    }

    #[test]
    fn component_has_all_files_and_a_shortest_cycle() {
        let edges = [
            ("a", "b", 1),
            ("b", "c", 2),
            ("c", "a", 3),
            ("c", "b", 9),
            ("c", "b", 4),
            ("c", "d", 5),
            ("x", "y", 6),
            ("y", "x", 7),
        ];
        let expected = [
            Component {
                files: ["a", "b", "c"].map(str::to_owned).into(),
                cycle: vec![("b".to_owned(), 2), ("c".to_owned(), 4)],
            },
            Component {
                files: ["x", "y"].map(str::to_owned).into(),
                cycle: vec![("x".to_owned(), 6), ("y".to_owned(), 7)],
            },
        ];
        assert_eq!(graph(&edges).components(), expected);
    }
}
