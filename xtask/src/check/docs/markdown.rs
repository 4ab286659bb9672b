//! The parts of Markdown that the checks of documents need.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::fence::Fence;

/// A document, split into blocks. Fenced code is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
}

/// A heading, a list item, a table row, or a paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// The line where it begins, counted from 1.
    pub(super) line: usize,
    /// Its lines without indentation, and without the marker of a heading or an item.
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Heading,
    Item,
    Row,
    Paragraph,
}

/// A code span, with line breaks as blanks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) line: usize,
}

/// A link, and the line where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) target: String,
    pub(super) line: usize,
}

/// A back tick without a partner in the same paragraph, list item or table cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnbalancedTick {
    pub(super) line: usize,
}

impl Document {
    /// Splits a document into blocks.
    pub(super) fn parse(text: &str) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        let mut fence = Fence::default();
        let mut is_open = false;
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let trimmed = line.trim();
            if fence.contains(trimmed) || trimmed.is_empty() {
                is_open = false;
                continue;
            }
            let (kind, text) = kind_of(trimmed);
            if kind == Kind::Paragraph
                && is_open
                && let Some(last) = blocks.last_mut()
            {
                last.text.push('\n');
                last.text.push_str(text);
                continue;
            }
            is_open = matches!(kind, Kind::Paragraph | Kind::Item);
            blocks.push(Block {
                kind,
                line: line_number,
                text: text.to_owned(),
            });
        }
        Self { blocks }
    }

    /// Returns what a link such as `#the-listener` can name, by GitHub's rules.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for block in &self.blocks {
            if block.kind == Kind::Heading {
                let slug = slug(&block.text);
                let count = seen.entry(slug.clone()).or_default();
                anchors.insert(match *count {
                    0 => slug,
                    more => format!("{slug}-{more}"),
                });
                *count += 1;
            }
            for attribute in ["id=\"", "name=\""] {
                let named = block.text.split(attribute).skip(1);
                anchors.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
        anchors
    }
}

/// Returns the kind of a block that begins with this line, and the line without its marker.
fn kind_of(line: &str) -> (Kind, &str) {
    if line.starts_with('|') {
        return (Kind::Row, line);
    }
    let heading = line.trim_start_matches('#');
    if heading.len() < line.len() && heading.starts_with(' ') {
        return (Kind::Heading, heading.trim());
    }
    let digits = line.trim_start_matches(|it: char| it.is_ascii_digit());
    let markers = ["- ", "* ", "+ "].into_iter();
    let item = markers
        .filter_map(|marker| line.strip_prefix(marker))
        .next()
        .or_else(|| {
            let numbered = digits
                .strip_prefix(". ")
                .or_else(|| digits.strip_prefix(") "));
            numbered.filter(|_| digits.len() < line.len())
        });
    match item {
        Some(item) => (Kind::Item, item.trim()),
        None => (Kind::Paragraph, line),
    }
}

/// Returns the anchor that GitHub gives to a heading.
fn slug(heading: &str) -> String {
    without_link_targets(heading)
        .to_lowercase()
        .chars()
        .filter_map(|it| match it {
            ' ' => Some('-'),
            '-' | '_' => Some(it),
            _ => it.is_alphanumeric().then_some(it),
        })
        .collect()
}

/// Replaces `[text](target)` by `text`.
fn without_link_targets(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain + rest
}

impl Block {
    /// Returns the cells of a table row, or the whole text of another block.
    ///
    /// As on GitHub, a `|` ends a cell unless a backslash stands before it, also in code.
    pub(super) fn cells(&self) -> Vec<&str> {
        if self.kind != Kind::Row {
            return vec![&self.text];
        }
        let inner = self.text.strip_prefix('|').unwrap_or(&self.text);
        let inner = inner.strip_suffix('|').unwrap_or(inner);
        let mut cells = Vec::new();
        let mut start = 0;
        for (at, _) in inner.match_indices('|') {
            let cell = inner.get(start..at).unwrap_or_default();
            if !cell.ends_with('\\') {
                cells.push(cell.trim());
                start = at + 1;
            }
        }
        cells.push(inner.get(start..).unwrap_or_default().trim());
        cells
    }

    /// Returns whether this is the line below the head of a table.
    pub(super) fn is_separator(&self) -> bool {
        self.kind == Kind::Row && self.text.chars().all(|it| "|-: ".contains(it))
    }

    /// Returns the code spans of each cell.
    ///
    /// # Errors
    /// A back tick has no partner, or a span looks like the text between two others.
    pub(super) fn code(&self) -> Result<Vec<Vec<Span>>, UnbalancedTick> {
        self.cells()
            .into_iter()
            .map(|cell| self.code_of(cell))
            .collect()
    }

    fn code_of(&self, cell: &str) -> Result<Vec<Span>, UnbalancedTick> {
        let mut spans = Vec::new();
        let mut at = 0;
        while let Some((start, ticks)) = next_ticks(cell, at) {
            if ticks == 1
                && cell
                    .get(..start)
                    .is_some_and(|before| before.ends_with('\\'))
            {
                at = start + 1;
                continue;
            }
            let line = self.line + line_breaks(cell, start);
            let unbalanced = UnbalancedTick { line };
            let inner = start + ticks;
            let mut search = inner;
            let end = loop {
                let Some((end, count)) = next_ticks(cell, search) else {
                    return Err(unbalanced);
                };
                if count == ticks {
                    break end;
                }
                search = end + count;
            };
            let text = cell.get(inner..end).unwrap_or_default();
            if ticks == 1 && is_between_spans(text) {
                return Err(unbalanced);
            }
            spans.push(Span {
                text: text.split_whitespace().collect::<Vec<_>>().join(" "),
                line,
            });
            at = end + ticks;
        }
        Ok(spans)
    }

    /// Returns the targets of the links `[text](target)` and `[name]: target` outside code.
    pub(super) fn links(&self) -> Vec<Link> {
        let text = without_code(&self.text);
        let mut links = Vec::new();
        for (at, opening) in text.match_indices("](") {
            let target = text.get(at + opening.len()..).unwrap_or_default();
            if let Some((target, _)) = target.split_once(')') {
                let target = target.split_whitespace().next().unwrap_or_default();
                links.push(Link {
                    target: target.trim_matches(['<', '>']).to_owned(),
                    line: self.line + line_breaks(&text, at),
                });
            }
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(name) = line.strip_prefix('[')
                && let Some((_, target)) = name.split_once("]: ")
            {
                let target = target.split_whitespace().next().unwrap_or_default();
                links.push(Link {
                    target: target.to_owned(),
                    line: self.line + index,
                });
            }
        }
        for (at, opening) in text.match_indices("src=\"") {
            let target = text.get(at + opening.len()..).unwrap_or_default();
            if let Some((target, _)) = target.split_once('"') {
                links.push(Link {
                    target: target.to_owned(),
                    line: self.line + line_breaks(&text, at),
                });
            }
        }
        links
    }
}

/// Returns whether a span looks like the text between two spans: two ticks are missing then.
fn is_between_spans(text: &str) -> bool {
    let is_blank = |it: char| it == ' ' || it == '\n';
    text.ends_with(is_blank)
        && !text.trim().is_empty()
        && text.starts_with(|it: char| is_blank(it) || it == ',' || it == ';')
        && !text.trim().starts_with('`')
}

/// Replaces code spans by blanks of the same length. A tick without a partner stays.
fn without_code(text: &str) -> String {
    let mut plain = String::new();
    let mut at = 0;
    while let Some((start, ticks)) = next_ticks(text, at) {
        plain.push_str(text.get(at..start).unwrap_or_default());
        let inner = start + ticks;
        let ending = "`".repeat(ticks);
        let rest = text.get(inner..).unwrap_or_default();
        let length = rest.find(&ending).map_or(0, |length| length + ticks);
        let code = rest.get(..length).unwrap_or_default();
        plain.push_str(&" ".repeat(ticks));
        plain.extend(code.chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
        at = inner + length;
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    plain
}

/// Returns where the next run of back ticks begins, and its length.
fn next_ticks(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let start = rest.find('`')?;
    let run = rest.get(start..)?;
    Some((from + start, run.len() - run.trim_start_matches('`').len()))
}

fn line_breaks(text: &str, until: usize) -> usize {
    text.get(..until)
        .map_or(0, |before| before.matches('\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Vec<(Kind, usize, String)> {
        let blocks = Document::parse(text).blocks.into_iter();
        blocks.map(|it| (it.kind, it.line, it.text)).collect()
    }

    fn code(text: &str) -> Result<Vec<String>, usize> {
        let mut found = Vec::new();
        for block in Document::parse(text).blocks {
            let cells = block.code().map_err(|tick| tick.line)?;
            found.extend(cells.into_iter().flatten().map(|span| span.text));
        }
        Ok(found)
    }

    #[test]
    fn document_is_split_into_blocks() {
        let text = "# A\ntext\nmore\n\n- item\n  goes on\n1. next\n| a | b |\n```\n| x\n```\nlast";
        let expected = [
            (Kind::Heading, 1, "A"),
            (Kind::Paragraph, 2, "text\nmore"),
            (Kind::Item, 5, "item\ngoes on"),
            (Kind::Item, 7, "next"),
            (Kind::Row, 8, "| a | b |"),
            (Kind::Paragraph, 12, "last"),
        ];
        let expected = expected.map(|(kind, line, text)| (kind, line, text.to_owned()));
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn balanced_code_spans_are_read() {
        for (text, expected) in [
            ("`a` and\n`b\nc`", vec!["a", "b c"]),
            ("| `a` | `b \\| c` |", vec!["a", "b \\| c"]),
            ("`` a ` b `` and \\` alone", vec!["a ` b"]),
            ("```\n`\n```\n`a`", vec!["a"]),
            (
                "` locations`, `\" true \"`",
                vec!["locations", "\" true \""],
            ),
        ] {
            let expected = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(code(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn unbalanced_tick_is_reported_with_its_line() {
        for (text, line) in [
            ("`a`,\nb`,\n`c`", 2),
            ("fine\n\n- `a", 3),
            ("| `a | b` |", 1),
            ("| a |\n|---|\n| `b`, c` |", 3),
            ("a`, `b`, `c", 1),
            ("a` and\n`b", 1),
            ("``a`", 1),
        ] {
            assert_eq!(code(text), Err(line), "{text}");
        }
    }

    #[test]
    fn anchors_follow_githubs_rules() {
        let text =
            "## Bad input, and its tests\n## `[tls]` of §6.2\n## Same\n## Same\n<a id=\"x\">";
        let anchors = Document::parse(text).anchors();
        let expected = [
            "bad-input-and-its-tests",
            "same",
            "same-1",
            "tls-of-62",
            "x",
        ];
        assert_eq!(
            anchors.iter().map(String::as_str).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn links_outside_code_are_found() {
        let text = "[a](b.md#c) and `[x](y)`\n![d](<e.svg> \"t\")\n[f]: g.md\n<img src=\"h.svg\">";
        let document = Document::parse(text);
        let links = document.blocks.iter().flat_map(Block::links);
        let links: Vec<_> = links.map(|link| (link.target, link.line)).collect();
        let expected = [("b.md#c", 1), ("e.svg", 2), ("g.md", 3), ("h.svg", 4)];
        assert_eq!(
            links,
            expected.map(|(target, line)| (target.to_owned(), line))
        );
    }
}
