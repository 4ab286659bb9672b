//! Plain English: few indefinite actors, and "gateway" only for Citrix Gateway.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::root;
use crate::tracked_files::tracked_files;

/// Words that hide who acts, or that plain English has no need of.
const VAGUE_WORDS: [&str; 4] = ["whoever", "somebody", "nobody", "anew"];

/// The least number of vague words that fails the check. A few have their place.
const TOO_MANY_VAGUE_WORDS: usize = 15;

/// Words before "gateway" that make it a thing of roamd's own.
const DETERMINERS: [&str; 12] = [
    "the", "a", "each", "every", "this", "our", "of", "by", "another", "several", "roamd", "one",
];

/// What a paragraph about Citrix Gateway says somewhere.
const CITRIX_GATEWAY: [&str; 7] = [
    "Citrix Gateway",
    "CitrixGateway",
    "NetScaler",
    "store.gateway",
    "ticket authorit",
    "Ticket Authorit",
    "(STA)",
];

/// Files that quote the words, and inputs whose bytes matter.
const EXEMPT: [&str; 3] = ["STYLE.md", "xtask/src/check/words.rs", "fuzz/corpus/"];

/// A word that should not be there.
#[derive(Debug, PartialEq, Eq)]
struct Hit {
    line: usize,
    text: String,
}

/// Searches all Rust code, documents and configuration.
pub(crate) fn check() -> Result<()> {
    let mut vague = Vec::new();
    let mut gateways = Vec::new();
    for file in tracked_files()? {
        let is_toml = file.ends_with(".toml");
        let is_text = is_toml || file.ends_with(".rs") || file.ends_with(".md");
        if !is_text || EXEMPT.iter().any(|exempt| file.starts_with(exempt)) {
            continue;
        }
        let path = root().join(&file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let shown = |hit: Hit| format!("{file}:{}: {}", hit.line, hit.text);
        if !is_toml {
            vague.extend(vague_words(&text).into_iter().map(shown));
        }
        gateways.extend(own_gateways(&text).into_iter().map(shown));
    }
    let is_vague = vague.len() >= TOO_MANY_VAGUE_WORDS;
    if is_vague {
        eprintln!("{}", vague.join("\n"));
    }
    if !gateways.is_empty() {
        eprintln!("{}", gateways.join("\n"));
    }
    let counts = format!(
        "{} vague words ({}), {} uses of \"gateway\" that do not mean Citrix Gateway",
        vague.len(),
        VAGUE_WORDS.join(", "),
        gateways.len()
    );
    if is_vague || !gateways.is_empty() {
        bail!("{counts}; STYLE.md says what to write instead");
    }
    println!("{counts}.");
    Ok(())
}

fn vague_words(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = line.split(|it: char| !is_word_char(it));
        let vague = words.filter(|word| {
            let word = word.to_lowercase();
            VAGUE_WORDS.contains(&word.as_str())
        });
        hits.extend(vague.map(|_| Hit {
            line: index + 1,
            text: line.trim().to_owned(),
        }));
    }
    hits
}

/// Finds "the gateway" and the like in paragraphs that do not speak of Citrix Gateway.
///
/// A determiner at the end of a line counts with the first word of the next one.
fn own_gateways(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut paragraph: Vec<(usize, &str)> = Vec::new();
    let lines = text.lines().chain([""]).enumerate();
    for (index, line) in lines {
        let content = without_marker(line);
        if content.is_empty() {
            hits.extend(own_gateways_of(&paragraph));
            paragraph.clear();
        } else {
            paragraph.push((index + 1, content));
        }
    }
    hits
}

fn own_gateways_of(paragraph: &[(usize, &str)]) -> Vec<Hit> {
    let is_about_citrix = paragraph
        .iter()
        .any(|(_, line)| CITRIX_GATEWAY.iter().any(|name| line.contains(name)));
    if is_about_citrix {
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut before = String::new();
    for (number, line) in paragraph {
        for word in line.split(' ') {
            let bare = word.trim_start_matches(['(', '"', '*']);
            let end = bare
                .find(|it: char| !is_word_char(it))
                .unwrap_or(bare.len());
            let name = bare.get(..end).unwrap_or_default();
            if matches!(name, "gateway" | "gateways") && DETERMINERS.contains(&before.as_str()) {
                hits.push(Hit {
                    line: *number,
                    text: (*line).to_owned(),
                });
            }
            before = bare.to_lowercase();
        }
    }
    hits
}

/// Returns a line without the marker of a comment.
fn without_marker(line: &str) -> &str {
    let line = line.trim();
    let markers = ["///", "//!", "//", "#"].into_iter();
    let content = markers
        .filter_map(|marker| line.strip_prefix(marker))
        .next();
    content.unwrap_or(line).trim()
}

fn is_word_char(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vague_words_are_found_as_whole_words() {
        let text = "Nobody does it anew.\nfn nobody_is_told() {}\n(whoever)";
        let lines: Vec<_> = vague_words(text).into_iter().map(|hit| hit.line).collect();
        assert_eq!(lines, [1, 1, 3]);
    }

    #[test]
    fn gateway_without_citrix_is_found() {
        for (text, lines) in [
            ("/// The gateway listens.", vec![1]),
            ("A client of the\ngateway.\n\nEach gateway", vec![2, 4]),
            ("# Where the gateway's listener is", vec![1]),
            ("answered 502 Bad Gateway", vec![]),
            (
                "/// Citrix Gateway stands before the hosts;\n/// the gateway asks.",
                vec![],
            ),
            ("#[store.gateway]\n# Address of the gateway", vec![]),
            ("Citrix Gateway\n\nthe gateway", vec![3]),
            ("let gateway = start();", vec![]),
            ("[more](docs/farms.md#gateways)", vec![]),
        ] {
            let found: Vec<_> = own_gateways(text).into_iter().map(|hit| hit.line).collect();
            assert_eq!(found, lines, "{text}");
        }
    }
}
