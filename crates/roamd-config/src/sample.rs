//! The sample configuration.

/// A commented configuration with every key, as `roamd config init` prints it.
pub const SAMPLE: &str = include_str!("../../../samples/roamd.toml");

/// A line of the sample, without its comment sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleLine {
    /// Header of a section, such as `[limits]`.
    Header(&'static str),
    /// A key with its default or an example.
    Key {
        /// Header of the section; empty before the first section.
        section: &'static str,
        /// Name of the key.
        name: &'static str,
        /// Value, in TOML.
        value: &'static str,
    },
    /// A line of an explanation.
    Text(&'static str),
    /// A line without words.
    Blank,
}

/// Returns the value of a key in the sample, in TOML. Of a key with a default that is the default.
pub(crate) fn value(in_section: &str, key: &str) -> Option<&'static str> {
    sample_lines().find_map(|line| match line {
        SampleLine::Key {
            section,
            name,
            value,
        } if (section, name) == (in_section, key) => Some(value),
        _ => None,
    })
}

/// Returns the lines of the sample.
pub fn sample_lines() -> impl Iterator<Item = SampleLine> {
    let mut section = "";
    SAMPLE.lines().map(move |line| {
        let line = SampleLine::of(line, section);
        if let SampleLine::Header(header) = line {
            section = header;
        }
        line
    })
}

impl SampleLine {
    /// Reads a line of a section. Keys and sections that are off have a `#` before them.
    fn of(line: &'static str, section: &'static str) -> Self {
        let text = line.trim_start_matches('#').trim();
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        match text.split_once(" = ") {
            _ if text.is_empty() => Self::Blank,
            _ if text.starts_with('[') => Self::Header(text),
            Some((name, value)) if is_name(name) => Self::Key {
                section,
                name,
                value,
            },
            _ => Self::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;
    use crate::document::{Config, parse, parse_and_list_keys};
    use crate::etcd::Etcd;
    use crate::files::{CertificateError, FileError, Files};
    use crate::reader::key::Absence;
    use crate::sections::state::State;
    use crate::tls::ControllerTls;
    use crate::tls::ListenerTls;

    /// Section and name of a key.
    type KeyPath = (&'static str, &'static str);

    /// Each file holds a text; whatever is checked can be used.
    struct AnyFile;

    impl Files for AnyFile {
        fn read(&self, path: &Path, _: u64) -> Result<Vec<u8>, FileError> {
            let is_svg = path.extension().is_some_and(|extension| extension == "svg");
            Ok(if is_svg { "<svg/>" } else { "text" }.into())
        }

        fn check_certificate(&self, _: &ListenerTls) -> Result<(), CertificateError> {
            Ok(())
        }

        fn check_controller_tls(&self, _: &ControllerTls) -> Result<(), String> {
            Ok(())
        }

        fn check_etcd(&self, _: &Etcd) -> Result<(), CertificateError> {
            Ok(())
        }
    }

    /// Keys that a section shares with `[[store.farm]]`, where the sample shows them.
    const SHOWN_AT_FARM: [KeyPath; 3] = [
        ("[store.gateway]", "tls_ca_file"),
        ("[store.gateway]", "tls_public_keys"),
        ("[store.gateway]", "tls_name"),
    ];

    /// Keys of `[state]` that are of use together only.
    const TOGETHER: [[&str; 2]; 2] = [
        ["tls_certificate_file", "tls_key_file"],
        ["user", "password_file"],
    ];

    /// Returns the keys of the sample.
    fn keys() -> impl Iterator<Item = KeyPath> {
        sample_lines().filter_map(|line| match line {
            SampleLine::Key { section, name, .. } => Some((section, name)),
            _ => None,
        })
    }

    /// Returns the sample with all its sections, and the commented keys that `shows` picks.
    fn uncommented(shows: impl Fn(KeyPath) -> bool) -> String {
        let lines = SAMPLE.lines().zip(sample_lines());
        let text = lines.map(|(text, line)| match line {
            SampleLine::Header(header) => format!("{header}\n"),
            // The two exclude each other.
            SampleLine::Key {
                section: "",
                name: "base_url",
                ..
            } if shows(("", "base_urls")) => "\n".to_owned(),
            SampleLine::Key {
                section,
                name,
                value,
            } if !text.starts_with('#') || shows((section, name)) => format!("{name} = {value}\n"),
            _ => "\n".to_owned(),
        });
        let text: String = text.collect();
        // Keys of TLS need https.
        text.replace("http://", "https://")
    }

    /// Returns what the absence of each declared key means.
    fn declared() -> BTreeMap<KeyPath, Absence> {
        let (_, known) = parse_and_list_keys(&uncommented(|_| true), &AnyFile);
        let keys = known.into_iter().flat_map(|section| {
            let keys = section.keys.into_iter();
            keys.map(move |key| ((section.name, key.name), key.absence))
        });
        keys.filter(|(_, absence)| *absence != Absence::EmptySection)
            .collect()
    }

    fn parsed(text: &str) -> Config {
        parse(text, &AnyFile).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
    }

    #[test]
    fn lines_of_the_sample_are_distinguished() {
        let key = |name, value| SampleLine::Key {
            section: "[tls]",
            name,
            value,
        };
        for (line, expected) in [
            (
                "listen = \"127.0.0.1:8080\"",
                key("listen", "\"127.0.0.1:8080\""),
            ),
            ("# keep = 9", key("keep", "9")),
            ("#outside = []", key("outside", "[]")),
            ("#[tls]", SampleLine::Header("[tls]")),
            ("[[store.farm]]", SampleLine::Header("[[store.farm]]")),
            ("# Address and port.", SampleLine::Text("Address and port.")),
            (
                "# Two = signs = here",
                SampleLine::Text("Two = signs = here"),
            ),
            ("#", SampleLine::Blank),
            ("", SampleLine::Blank),
        ] {
            assert_eq!(SampleLine::of(line, "[tls]"), expected, "{line}");
        }
    }

    #[test]
    fn sample_is_valid() {
        let config = parsed(SAMPLE);
        assert_eq!(config.stores[0].farms.len(), 2);
        assert_eq!(config.authentication.path.as_str(), "/Citrix/StoreAuth");
        assert_eq!(config.listener.tls, None);
        assert_eq!(config.state, State::Embedded);
        assert_eq!(config.stores[0].gateways, []);
    }

    #[test]
    fn sample_shows_every_declared_key_and_no_other() {
        let declared: BTreeSet<_> = declared().into_keys().collect();
        let shown: BTreeSet<_> = keys().chain(SHOWN_AT_FARM).collect();
        assert_eq!(shown, declared);
    }

    #[test]
    fn commented_keys_of_the_sample_show_their_defaults() {
        let declared = declared();
        let is_required = |key| declared[&key] == Absence::Error;
        let has_default = |key| declared[&key] == Absence::Default;
        let without = parsed(&uncommented(is_required));
        let with = parsed(&uncommented(|key| is_required(key) || has_default(key)));
        assert!(with.listener.tls.is_some());
        assert!(matches!(with.state, State::Etcd(_)));
        let gateway = &with.stores[0].gateways[0];
        assert_eq!(gateway.access.translations.len(), 1);
        assert_eq!(with, without);
    }

    #[test]
    fn examples_of_the_sample_are_valid() {
        let declared = declared();
        for this in keys() {
            let belong_together = |(section, key): KeyPath| {
                let mut pairs = TOGETHER.iter();
                let is_pair = pairs.any(|pair| pair.contains(&key) && pair.contains(&this.1));
                let is_pair_of_state = section == "[state]" && this.0 == section && is_pair;
                // A zone is of a farm and of a Citrix Gateway.
                is_pair_of_state || (key == "zones" && this.1 == "zones")
            };
            let shows =
                |key| key == this || belong_together(key) || declared[&key] == Absence::Error;
            parsed(&uncommented(shows));
        }
        // All together, but for two keys that exclude each other.
        let together = |left_out: &str| uncommented(|(_, name)| name != left_out);
        parsed(&together("tls_public_keys"));
        let errors = parse(&together("tls_name"), &AnyFile).unwrap_err();
        let [error] = &errors[..] else {
            panic!("{errors:?}")
        };
        assert!(error.message.contains("exclude each other"), "{error}");
    }
}
