//! Keys that a running server cannot change.
//!
//! A file that changes one of them is refused as a whole. After a reload the server is therefore
//! what a restart with the same file would make.

use crate::config::Config;

/// Section, as the file writes it, and name of a key; empty for the whole section.
pub(super) type FixedKey = (&'static str, &'static str);

/// Returns the keys that differ between two configurations, of those that need a restart: the
/// socket, the data folder, the audit log, the sending of traces, the shared state with its cluster
/// key, and whether there is TLS.
pub(super) fn changes(present: &Config, next: &Config) -> Vec<FixedKey> {
    let mut changes: Vec<FixedKey> = Vec::new();
    let mut check = |section, key, is_equal: bool| {
        if !is_equal {
            changes.push((section, key));
        }
    };
    check("", "listen", present.listen == next.listen);
    check("", "data_dir", present.data_dir == next.data_dir);
    let has_tls = |config: &Config| config.listener.tls.is_some();
    check("[tls]", "", has_tls(present) == has_tls(next));
    check("[tracing]", "", present.tracing == next.tracing);
    check("[state]", "", present.state == next.state);
    match (&present.audit, &next.audit) {
        (None, None) => {}
        (Some(present), Some(next)) => {
            check("[audit]", "file", present.file == next.file);
            check("[audit]", "max_bytes", present.max_bytes == next.max_bytes);
            check("[audit]", "keep", present.keep == next.keep);
        }
        (Some(_), None) | (None, Some(_)) => check("[audit]", "enabled", false),
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SAMPLE, parse};

    /// The sample with these lines before its first section, and these at its end.
    fn config(listen: &str, data_dir: &str, audit: &str) -> Config {
        let text = SAMPLE
            .replace("127.0.0.1:8080", listen)
            .replace("/var/lib/roamd", data_dir)
            .replace("\n[audit]\n", &format!("\n[audit]\n{audit}\n"));
        parse(&text).unwrap()
    }

    #[test]
    fn changed_fixed_keys_are_found() {
        let present = config("127.0.0.1:8080", "/var/lib/roamd", "");
        assert_eq!(changes(&present, &present), []);
        let next = config("127.0.0.1:8081", "/srv/roamd", "keep = 1\nfile = \"a\"");
        let expected = [
            ("", "listen"),
            ("", "data_dir"),
            ("[audit]", "file"),
            ("[audit]", "keep"),
        ];
        assert_eq!(changes(&present, &next), expected);
        let off = config("127.0.0.1:8080", "/var/lib/roamd", "enabled = false");
        assert_eq!(changes(&present, &off), [("[audit]", "enabled")]);
        assert_eq!(changes(&off, &off), []);
        let traced = SAMPLE.replace("\n[tracing]\n", "\n[tracing]\nsend_to_farms = true\n");
        let traced = parse(&traced).unwrap();
        assert_eq!(changes(&present, &traced), [("[tracing]", "")]);
    }
}
