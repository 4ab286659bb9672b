//! Effective settings and their origins.

use roamd_config::{SectionSettings, SettingValue, settings};

use crate::support::{MemoryFiles, config};

fn value<'s>(sections: &'s [SectionSettings], section: &str, key: &str) -> &'s SettingValue {
    let section = sections.iter().find(|it| it.name == section).unwrap();
    &section
        .settings
        .iter()
        .find(|it| it.key == key)
        .unwrap()
        .value
}

#[test]
fn setting_has_value_and_origin() {
    let text = config(
        "metrics_from = [\n  \"10.0.0.0/8\",\n]\n",
        "",
        "timeout_ms = 2_000\n",
    );
    let found = settings(&text, &MemoryFiles::default()).unwrap();
    let in_file = |text: &str, line| SettingValue::InFile {
        text: text.to_owned(),
        line,
    };
    let default = |text: &str| SettingValue::Default(text.to_owned());
    for (section, key, expected) in [
        ("", "listen", in_file("\"127.0.0.1:8080\"", 1)),
        ("", "metrics_from", in_file("[\n  \"10.0.0.0/8\",\n]", 4)),
        ("", "probe_seconds", default("10")),
        ("[audit]", "keep", default("9")),
        ("[[store.farm]]", "timeout_ms", in_file("2_000", 16)),
        ("[[store.farm]]", "concurrency", default("64")),
        ("[[store.farm]]", "tls_ca_file", SettingValue::NotSet),
        // Defaults that depend on other keys.
        ("[[store.farm]]", "connect_timeout_ms", default("1000")),
        ("[[store.farm]]", "attempts", default("2")),
        ("[authentication]", "path", default("\"/Citrix/StoreAuth\"")),
    ] {
        assert_eq!(*value(&found, section, key), expected, "{section} {key}");
    }
    let names: Vec<_> = found
        .iter()
        .map(|section| (section.name, section.line))
        .collect();
    assert_eq!(
        names[..3],
        [
            ("", Some(1)),
            ("[[store]]", Some(8)),
            ("[[store.farm]]", Some(11))
        ]
    );
    assert!(
        names[3..].iter().all(|(_, line)| line.is_none()),
        "{names:?}"
    );
}

#[test]
fn invalid_configuration_has_errors_and_no_settings() {
    let text = config("audit = 1", "", "");
    let errors = settings(&text, &MemoryFiles::default()).unwrap_err();
    assert_eq!(errors[0].line, 4);
}
