//! The manual page of the configuration file, from the commented sample.

use roamd_server::config::{SampleLine, sample_lines};
use roff::{Roff, bold, roman};

use super::sections::{Rows, add_see_also, add_terms};

const DESCRIPTION: &str = "The configuration file of roamd serve, in TOML. roamd config init \
    prints a sample with all keys, and roamd config check reports every error with its line. \
    Values below are the defaults, or examples if the text says so.";

const FILES: Rows = &[(
    "/etc/roamd/roamd.toml",
    "Configuration of the systemd unit.",
)];

/// Keys with their explanation, or an explanation without keys.
#[derive(Default)]
struct Paragraph {
    keys: Vec<String>,
    text: Vec<&'static str>,
}

/// Renders the page from the sample, in which a comment precedes the keys that it explains.
pub(super) fn render() -> String {
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
    let lines = sample_lines().skip_while(|line| matches!(line, SampleLine::Text(_)));
    let mut paragraph = Paragraph::default();
    for line in lines {
        match line {
            SampleLine::Key { name, value, .. } => {
                paragraph.keys.push(format!("{name} = {value}"));
            }
            SampleLine::Text(words) => {
                paragraph.end_if_it_has_keys(&mut roff);
                paragraph.text.push(words);
            }
            SampleLine::Header(header) => {
                // A text directly before a section is about the section.
                paragraph.end_if_it_has_keys(&mut roff);
                roff.control("SS", [header]);
                paragraph.end(&mut roff);
            }
            SampleLine::Blank => paragraph.end(&mut roff),
        }
    }
    paragraph.end(&mut roff);
    add_terms(&mut roff, "FILES", &[FILES]);
    roff.control("SH", ["EXAMPLES"]);
    roff.text([bold("roamd config check /etc/roamd/roamd.toml")]);
    add_see_also(&mut roff, &[("roamd-serve", 1), ("roamd-config", 1)]);
    roff.render()
}

impl Paragraph {
    fn end_if_it_has_keys(&mut self, roff: &mut Roff) {
        if !self.keys.is_empty() {
            self.end(roff);
        }
    }

    /// Writes the paragraph, unless it is empty, and begins the next one.
    fn end(&mut self, roff: &mut Roff) {
        let Self { keys, text } = std::mem::take(self);
        let mut keys = keys.into_iter();
        match keys.next() {
            None if text.is_empty() => return,
            None => {
                roff.control("PP", []);
            }
            Some(first) => {
                roff.control("TP", []);
                roff.text([bold(first)]);
                for key in keys {
                    roff.control("TQ", []);
                    roff.text([bold(key)]);
                }
            }
        }
        if !text.is_empty() {
            roff.text([roman(text.join(" "))]);
        }
    }
}
