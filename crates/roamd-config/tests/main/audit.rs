use roamd_config::Audit;

use crate::support::{config, error_at, errors, parse};

#[test]
fn audit_log_is_enabled_by_default() {
    let audit = |section: &str| parse(&config(section, "", "")).map(|config| config.audit);
    let default = Audit::default();
    assert_eq!(audit(""), Ok(Some(default.clone())));
    assert_eq!(audit("[audit]"), Ok(Some(default.clone())));
    assert_eq!(audit("[audit]\nenabled = false"), Ok(None));
    assert_eq!(
        audit("[audit]\nfile = \"/var/log/roamd.jsonl\"\nmax_bytes = 65536\nkeep = 1"),
        Ok(Some(Audit {
            file: "/var/log/roamd.jsonl".into(),
            max_bytes: 65_536,
            keep: 1,
        }))
    );
    for (line, problem) in [
        ("file = \"\"", "`file` has to name a file"),
        ("file = 1", "`file` has to be text in quotes"),
        (
            "max_bytes = 0",
            "`max_bytes` has to be a whole number from 65536 to 1099511627776",
        ),
        ("keep = 0", "`keep` has to be a whole number from 1 to 1000"),
        (
            "enabled = 1",
            "`enabled` has to be true or false, without quotes",
        ),
        ("path = \"/x\"", "`path` is not a key of [audit]"),
    ] {
        let text = config(&format!("[audit]\n{line}"), "", "");
        assert_eq!(errors(&text), [error_at(&text, line, problem)]);
    }
}
