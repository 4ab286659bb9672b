//! The manual page of the configuration file, from the commented sample.

use roff::{Roff, bold, roman};

const DESCRIPTION: &str = "The configuration file of roamd serve, in TOML. roamd config init \
    prints a sample with all keys, and roamd config check reports every error with its line. \
    Values below are the defaults, or examples if the text says so.";

/// A line of the sample.
#[derive(Debug, PartialEq, Eq)]
enum SampleLine<'s> {
    /// Header of a section, such as `[limits]`.
    Section(&'s str),
    /// A key with its default or an example.
    Key(&'s str),
    Text(&'s str),
    Blank,
}

impl<'s> SampleLine<'s> {
    /// Reads a line. Keys and sections that are off have a `#` before them.
    fn of(line: &'s str) -> Self {
        let content = line.trim_start_matches('#').trim();
        if content.is_empty() {
            return Self::Blank;
        }
        if content.starts_with('[') && content.ends_with(']') && !content.contains(' ') {
            return Self::Section(content);
        }
        let is_name = |name: &str| {
            let name = name.trim();
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
        };
        match content.split_once('=') {
            Some((name, _)) if is_name(name) => Self::Key(content),
            _ => Self::Text(content),
        }
    }
}

/// Renders the page of a sample, in which a comment precedes the keys that it explains.
pub(super) fn render(sample: &str) -> String {
    let mut roff = Roff::new();
    roff.control(
        "TH",
        [
            "roamd.toml",
            "5",
            "",
            concat!("roamd ", env!("CARGO_PKG_VERSION")),
        ],
    );
    roff.control("SH", ["NAME"]);
    roff.text([roman("roamd.toml - configuration of the roamd server")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(DESCRIPTION)]);
    roff.control("SH", ["KEYS"]);
    // The first lines of the sample are about the sample.
    let lines = sample.lines().skip_while(|line| !line.is_empty());
    let mut text: Vec<&str> = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    for line in lines.map(SampleLine::of).chain([SampleLine::Blank]) {
        let continues = matches!(line, SampleLine::Key(_))
            || (keys.is_empty() && matches!(line, SampleLine::Text(_)));
        // A text directly before a section is about the section.
        let header = match line {
            SampleLine::Section(header) => Some(header),
            _ => None,
        };
        let is_about_section = keys.is_empty();
        if let Some(header) = header.filter(|_| is_about_section) {
            roff.control("SS", [header]);
        }
        if !continues {
            write_paragraph(&mut roff, &keys, &text);
            keys.clear();
            text.clear();
        }
        if let Some(header) = header.filter(|_| !is_about_section) {
            roff.control("SS", [header]);
        }
        match line {
            SampleLine::Key(key) => keys.push(key),
            SampleLine::Text(words) => text.push(words),
            SampleLine::Section(_) | SampleLine::Blank => {}
        }
    }
    roff.control("SH", ["FILES"]);
    roff.control("TP", []);
    roff.text([bold("/etc/roamd/roamd.toml")]);
    roff.text([roman("Configuration of the systemd unit.")]);
    roff.control("SH", ["EXAMPLES"]);
    roff.text([bold("roamd config check /etc/roamd/roamd.toml")]);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([
        bold("roamd-serve"),
        roman("(1), "),
        bold("roamd-config"),
        roman("(1)"),
    ]);
    roff.render()
}

/// Writes keys with their explanation, or a paragraph without keys.
fn write_paragraph(roff: &mut Roff, keys: &[&str], text: &[&str]) {
    let text = text.join(" ");
    match keys.split_first() {
        None if text.is_empty() => return,
        None => {
            roff.control("PP", []);
        }
        Some((first, others)) => {
            roff.control("TP", []);
            roff.text([bold(*first)]);
            for key in others {
                roff.control("TQ", []);
                roff.text([bold(*key)]);
            }
        }
    }
    if !text.is_empty() {
        roff.text([roman(text)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_sample_are_distinguished() {
        for (line, expected) in [
            (
                "listen = \"127.0.0.1:8080\"",
                SampleLine::Key("listen = \"127.0.0.1:8080\""),
            ),
            ("# keep = 9", SampleLine::Key("keep = 9")),
            ("#outside = []", SampleLine::Key("outside = []")),
            ("#[tls]", SampleLine::Section("[tls]")),
            ("[[store.farm]]", SampleLine::Section("[[store.farm]]")),
            ("# Address and port.", SampleLine::Text("Address and port.")),
            (
                "# Two = signs = here",
                SampleLine::Text("Two = signs = here"),
            ),
            ("#", SampleLine::Blank),
            ("", SampleLine::Blank),
        ] {
            assert_eq!(SampleLine::of(line), expected, "{line}");
        }
    }
}
