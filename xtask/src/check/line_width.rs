//! Lines of comments and documents have at most 100 columns.
//!
//! rustfmt wraps code and leaves comments alone.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::check::fence::Fence;
use crate::process::root;
use crate::tracked_files::tracked_files;

/// The greatest width of a line, in characters.
const MAX_COLUMNS: usize = 100;

/// Inputs whose bytes matter.
const EXEMPT: &str = "fuzz/corpus/";

/// Measures the comments of all Rust code, and all documents.
pub(crate) fn check() -> Result<()> {
    let mut long = Vec::new();
    for file in tracked_files()? {
        let is_document = file.ends_with(".md");
        if !is_document && !file.ends_with(".rs") || file.starts_with(EXEMPT) {
            continue;
        }
        let path = root().join(&file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = if is_document {
            long_lines(text.lines().map(Some))
        } else {
            long_lines(text.lines().map(|line| is_comment(line).then_some(line)))
        };
        long.extend(
            lines
                .into_iter()
                .map(|(line, columns)| format!("{file}:{line}: {columns} columns")),
        );
    }
    if !long.is_empty() {
        bail!(
            "{} lines have more than {MAX_COLUMNS} columns; wrap them:\n{}",
            long.len(),
            long.join("\n")
        );
    }
    println!("No line of a comment or a document has more than {MAX_COLUMNS} columns.");
    Ok(())
}

/// Returns the numbers and widths of the lines that have to be wrapped. `None` is a line of code.
///
/// Headings, rows of tables, blocks of code and the targets of links cannot be wrapped.
fn long_lines<'t>(lines: impl Iterator<Item = Option<&'t str>>) -> Vec<(usize, usize)> {
    let mut long = Vec::new();
    let mut fence = Fence::default();
    for (index, line) in lines.enumerate() {
        let Some(line) = line else {
            fence = Fence::default();
            continue;
        };
        let content = without_marker(line);
        if fence.contains(content) || content.starts_with(['|', '#']) {
            continue;
        }
        let columns = line.chars().count();
        if columns > MAX_COLUMNS && columns - unbreakable(line) > MAX_COLUMNS {
            long.push((index + 1, columns));
        }
    }
    long
}

/// Whether the whole line is a comment.
fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Returns the content of a line without indentation and without the marker of a comment.
fn without_marker(line: &str) -> &str {
    let line = line.trim_start();
    let markers = ["///", "//!", "//"].into_iter();
    let content = markers.filter_map(|it| line.strip_prefix(it)).next();
    content.unwrap_or(line).trim_start()
}

/// Returns the number of characters in the targets of links and in URLs.
fn unbreakable(line: &str) -> usize {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let targets: usize = targets.map(|(target, _)| target.chars().count()).sum();
    let urls = line
        .split_whitespace()
        .filter(|word| word.contains("://") && !word.contains("]("));
    targets + urls.map(|url| url.chars().count()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_lines_of(text: &str, is_document: bool) -> Vec<usize> {
        let lines = text
            .lines()
            .map(|line| (is_document || is_comment(line)).then_some(line));
        long_lines(lines)
            .into_iter()
            .map(|(line, _)| line)
            .collect()
    }

    #[test]
    fn long_line_of_a_document_is_found() {
        let words = "word ".repeat(21);
        let url = format!("https://www.example.net/{}", "a".repeat(100));
        for (text, lines) in [
            (words.clone(), vec![1]),
            (format!("short\n\n- {words}"), vec![3]),
            ("é".repeat(100), vec![]),
            ("é".repeat(101), vec![1]),
            (format!("| {words} |"), vec![]),
            (format!("   | {words} |"), vec![]),
            (format!("## {words}"), vec![]),
            (format!("```sh\n{words}\n```\n{words}"), vec![4]),
            (format!("See [this]({url})."), vec![]),
            (format!("[this]: {url}"), vec![]),
            (format!("{words}[this]({url})"), vec![1]),
        ] {
            assert_eq!(long_lines_of(&text, true), lines, "{text}");
        }
    }

    #[test]
    fn long_comment_of_rust_code_is_found() {
        let words = "word ".repeat(21);
        for (text, lines) in [
            (format!("//! {words}"), vec![1]),
            (format!("fn a() {{\n    // {words}\n}}"), vec![2]),
            (format!("/// | {words} |"), vec![]),
            (format!("/// ```\n/// {words}\n/// ```"), vec![]),
            (format!("/// ```\nfn a();\n/// {words}"), vec![3]),
            (format!("let text = \"{words}\"; // short"), vec![]),
        ] {
            assert_eq!(long_lines_of(&text, false), lines, "{text}");
        }
    }
}
