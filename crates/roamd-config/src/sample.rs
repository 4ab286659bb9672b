//! The sample configuration.

/// A commented configuration with every key, as `roamd config init` prints it.
pub const SAMPLE: &str = include_str!("../../../samples/roamd.toml");

/// A line of the sample.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "tests write the sample again from its lines")
)]
enum Line {
    Header(&'static str),
    /// A key, and the line without its comment sign.
    Key(KeyPath, &'static str),
    Other(&'static str),
}

/// Section and name of a key.
type KeyPath = (&'static str, &'static str);

/// Returns the value of a key in the sample, in TOML. Of a key with a default that is the default.
pub(crate) fn value(section: &str, name: &str) -> Option<&'static str> {
    lines().into_iter().find_map(|(line, _)| match line {
        Line::Key(key, code) if key == (section, name) => code.split_once(" = ").map(|it| it.1),
        _ => None,
    })
}

/// Returns the lines of the sample, each with whether it is commented out.
fn lines() -> Vec<(Line, bool)> {
    let mut section = "";
    let line = |text: &'static str| {
        let code = text.strip_prefix('#').unwrap_or(text).trim_start();
        let name = code.split_once(" = ").map(|(name, _)| name);
        let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let line = if code.starts_with('[') {
            section = code;
            Line::Header(code)
        } else if let Some(name) = name.filter(is_name) {
            Line::Key((section, name), code)
        } else {
            Line::Other(text)
        };
        (line, text.starts_with('#'))
    };
    SAMPLE.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;
    use crate::document::{Config, parse, parse_and_list_keys};
    use crate::files::{CertificateError, FileError, Files};
    use crate::reader::key::Absence;
    use crate::tls::ControllerTls;
    use crate::tls::ListenerTls;

    /// Each file holds a text; whatever is checked can be used.
    struct AnyFile;

    impl Files for AnyFile {
        fn read(&self, _: &Path, _: u64) -> Result<Vec<u8>, FileError> {
            Ok(b"text".to_vec())
        }

        fn check_certificate(&self, _: &ListenerTls) -> Result<(), CertificateError> {
            Ok(())
        }

        fn check_controller_tls(&self, _: &ControllerTls) -> Result<(), String> {
            Ok(())
        }
    }

    /// Keys that a section shares with `[[store.farm]]`, where the sample shows them.
    const SHOWN_AT_FARM: [KeyPath; 3] = [
        ("[store.gateway]", "tls_ca_file"),
        ("[store.gateway]", "tls_public_keys"),
        ("[store.gateway]", "tls_name"),
    ];

    /// Returns the sample with all its sections, and the commented keys that `shows` picks.
    fn uncommented(shows: impl Fn(KeyPath) -> bool) -> String {
        let text = lines().into_iter().map(|(line, is_comment)| match line {
            Line::Header(code) => format!("{code}\n"),
            Line::Key(key, code) if !is_comment || shows(key) => format!("{code}\n"),
            Line::Key(..) => "\n".to_owned(),
            Line::Other(text) => format!("{text}\n"),
        });
        let text: String = text.collect();
        // Keys of TLS need https.
        text.replace("http://", "https://")
    }

    /// Returns what the absence of each declared key means.
    fn declared() -> BTreeMap<KeyPath, Absence> {
        let (_, known) = parse_and_list_keys(&uncommented(|_| true), &AnyFile);
        known
            .into_iter()
            .filter(|key| key.absence != Absence::EmptySection)
            .map(|key| ((key.section, key.name), key.absence))
            .collect()
    }

    fn parsed(text: &str) -> Config {
        parse(text, &AnyFile).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
    }

    #[test]
    fn sample_is_valid() {
        let config = parsed(SAMPLE);
        assert_eq!(config.stores[0].farms.len(), 2);
        assert_eq!(config.authentication.path.as_str(), "/Citrix/StoreAuth");
        assert_eq!(config.listener.tls, None);
        assert_eq!(config.stores[0].gateway, None);
    }

    #[test]
    fn sample_shows_every_declared_key_and_no_other() {
        let declared: BTreeSet<_> = declared().into_keys().collect();
        let shown = lines().into_iter().filter_map(|(line, _)| match line {
            Line::Key(key, _) => Some(key),
            _ => None,
        });
        let shown: BTreeSet<_> = shown.chain(SHOWN_AT_FARM).collect();
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
        let gateway = with.stores[0].gateway.as_ref().unwrap();
        assert_eq!(gateway.access.translations.len(), 1);
        assert_eq!(with, without);
    }

    #[test]
    fn examples_of_the_sample_are_valid() {
        let declared = declared();
        for (line, _) in lines() {
            if let Line::Key(this, _) = line {
                let shows = |key| key == this || declared[&key] == Absence::Error;
                parsed(&uncommented(shows));
            }
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
