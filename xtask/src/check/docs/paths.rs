//! Every path of the repository that a document writes as code exists.

use super::fault::Fault;
use super::markdown::Document;

/// The folders whose paths are checked.
const FOLDERS: [&str; 7] = [
    ".github/", "crates/", "dist/", "docs/", "fuzz/", "samples/", "xtask/",
];

/// Returns a fault for each path that does not exist. `is_there` says whether a path below the root
/// exists. A path may leave out `crates/`. One with a placeholder, such as `crates/NAME/tests`, is
/// not checked.
pub(super) fn faults(
    path: &str,
    document: &Document,
    is_there: impl Fn(&str) -> bool,
) -> Vec<Fault> {
    let spans = document
        .blocks
        .iter()
        .filter_map(|block| block.code().ok())
        .flatten()
        .flatten();
    spans
        .filter(|span| is_path(&span.text))
        .filter(|span| !is_there(&span.text) && !is_there(&format!("crates/{}", span.text)))
        .map(|span| Fault::new(path, span.line, format!("there is no {}", span.text)))
        .collect()
}

/// Returns whether a text is a path into one of the folders or into a crate, without placeholders.
fn is_path(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-/".contains(it);
    let is_placeholder = |part: &str| {
        !part.is_empty() && part.chars().all(|it| it.is_ascii_uppercase() || it == '_')
    };
    let crate_name = text.split_once('/').map_or("", |(name, _)| name);
    let is_known = FOLDERS.iter().any(|folder| text.starts_with(folder))
        || crate_name == "roamd"
        || crate_name.starts_with("roamd-");
    is_known && text.chars().all(is_plain) && !text.split('/').any(is_placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_path_is_reported() {
        let files = ["docs/a.md", "crates/roamd-door/src/lib.rs", "fuzz/"];
        for (text, is_missing) in [
            ("`docs/a.md`, `fuzz/`, docs/b.md", false),
            ("`crates/roamd-door/src/lib.rs`", false),
            ("`roamd-door/src/lib.rs`", false),
            ("`roamd-door/src/door.rs`", true),
            ("`docs/b.md`", true),
            ("`crates/NAME/src`, `crates/X/tests/`", false),
            (
                "`docs/a.md --flag`, `/etc/roamd/roamd.toml`, `auth/v1/token`",
                false,
            ),
            ("| a | `xtask/src/door.rs` |", true),
        ] {
            let found = faults("a.md", &Document::parse(text), |path| files.contains(&path));
            assert_eq!(!found.is_empty(), is_missing, "{text}");
        }
    }
}
