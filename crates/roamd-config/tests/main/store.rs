use roamd_config::SpellingChoice;
use roamd_sessions::{ClientNameLength, FilterType, ResourceFilter};

use crate::support::{
    assert_errors, assert_wrong_values, config, error_at, errors, line_of, parse,
};

#[test]
fn every_key_of_a_store_is_read() {
    let keys = "spelling = \"native\"\nclient_name_length = 0\noverride_ica_client_name = false";
    let text = config("", keys, "").replace("/Citrix/Store", "/one");
    let store = &parse(&text).unwrap().stores[0];
    assert_eq!(
        (store.path.as_str(), store.spelling),
        ("/one", SpellingChoice::Native)
    );
    assert_eq!(store.client_name_length, ClientNameLength::new(0));
    assert!(!store.override_ica_client_name);
    let store = &parse(&config("", "", "")).unwrap().stores[0];
    assert_eq!(store.client_name_length, ClientNameLength::new(20));
    assert!(store.override_ica_client_name);
}

#[test]
fn every_key_of_a_filter_is_read() {
    let filter = |keys: &str| {
        let text = config("", "", "").replace(
            "[[store.farm]]",
            &format!("[store.filter]\n{keys}\n[[store.farm]]"),
        );
        parse(&text).map(|config| config.stores[0].filter.clone())
    };
    let keys = "types = [\"desktops\", \"documents\"]\ninclude_keywords = [\"Office\"]\n\
                exclude_keywords = [\"Hidden\", \"Test\"]";
    let expected = ResourceFilter {
        types: vec![FilterType::Desktops, FilterType::Documents],
        include_keywords: vec!["Office".into()],
        exclude_keywords: vec!["Hidden".into(), "Test".into()],
    };
    assert_eq!(filter(keys), Ok(expected));
    assert_eq!(filter(""), Ok(ResourceFilter::default()));
    let wrong = filter("types = [\"desktop\"]").unwrap_err();
    let expected = "`types`: \"desktop\" has to be one of applications, desktops, documents; did \
                    you mean \"desktops\"?";
    assert_eq!(wrong[0].message, expected);
}

#[test]
fn error_of_a_store_is_reported_with_its_line() {
    assert_errors(&[
        (
            "",
            "spelling = \"nativ\"",
            "",
            "`spelling` has to be one of auto, document, native; did you mean \"native\"?",
        ),
        (
            "",
            "client_name_length = 257",
            "",
            "`client_name_length` has to be a whole number from 0 to 256",
        ),
        (
            "",
            "paths = 1",
            "",
            "`paths` is not a key of [[store]]; did you mean `path`?",
        ),
    ]);
}

#[test]
fn wrong_value_of_a_store_is_reported() {
    assert_wrong_values(&[
        ("path", "\"Citrix/Store\"", "has to begin with a slash"),
        ("path", "\"/Citrix/Store/\"", "must not end with a slash"),
        ("path", "\"/\"", "must not end with a slash"),
        ("path", "\"//Store\"", "must not have an empty segment"),
        (
            "path",
            "\"/Citrix/../Store\"",
            "must not have an empty segment",
        ),
        ("path", "\"/Citrix/a,b\"", "may have letters"),
        ("path", "\"/Citrix/a=b\"", "may have letters"),
        ("path", "'/Citrix/a\"b'", "may have letters"),
        ("path", "\"/Citrix/a?b\"", "may have letters"),
        ("path", "\"/Citrix/a%20b\"", "may have letters"),
        ("path", "\"/healthz\"", "must not be /healthz or below it"),
        (
            "path",
            "\"/citrix/roaming/x\"",
            "must not be /Citrix/Roaming or below it",
        ),
        (
            "path",
            "\"/schemas/Store\"",
            "must not be /Schemas or below it",
        ),
    ]);
}

#[test]
fn overlapping_paths_and_repeated_farm_ids_are_reported() {
    let more = r#"[[store]]
path = "/CITRIX/store"
[[store.farm]]
id = "xa1"
name = "Farm1"
generation = "xenapp-6"
controllers = ["http://10.0.0.11:8080"]"#;
    let text = config("", "", more);
    let overlap = "path `/CITRIX/store` overlaps store `/Citrix/Store`";
    let first = line_of(&text, "id = \"XA1\"");
    let repeated = format!("id `xa1` is already that of the farm in line {first}");
    assert_eq!(
        errors(&text),
        [
            error_at(&text, "path = \"/CITRIX/store\"", overlap),
            error_at(&text, "id = \"xa1\"", &repeated),
        ]
    );
}
