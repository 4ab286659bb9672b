use roamd_config::{FarmMapping, FarmSet, LaunchOrder};
use roamd_sessions::FarmId;

use crate::support::{config, error_at, errors, parse};

/// A configuration with the farms `XA1` and `CVAD`, and these sections.
fn with(sections: &str) -> String {
    let more = format!(
        "[[store.farm]]\nid = \"CVAD\"\nname = \"Farm3\"\ngeneration = \"cvad-7\"\n\
         controllers = [\"http://10.0.0.31:80\"]\n{sections}"
    );
    config("", "", &more)
}

#[test]
fn every_key_of_a_mapping_is_read() {
    let text = with(
        "[[store.mapping]]\nname = \"Office\"\ngroups = [\"s-1-5-32-545\"]\n\
         [[store.mapping.farm_set]]\nprimary = [\"CVAD\"]\nbackup = [\"XA1\"]\n\
         launch_order = \"balanced\"\naggregation_group = \"office\"\n\
         [[store.mapping.farm_set]]\nprimary = [\"XA1\", \"CVAD\"]\n\
         [[store.mapping]]\nname = \"All\"\n[[store.mapping.farm_set]]\nprimary = [\"XA1\"]",
    );
    let ids = |farms: &[&str]| farms.iter().map(|id| FarmId::new(*id)).collect::<Vec<_>>();
    let store = &parse(&text).unwrap().stores[0];
    let expected = [
        FarmMapping {
            name: "Office".into(),
            groups: vec!["S-1-5-32-545".parse().unwrap()],
            farm_sets: vec![
                FarmSet {
                    primary: ids(&["CVAD"]),
                    backup: ids(&["XA1"]),
                    launch_order: LaunchOrder::Balanced,
                    aggregation_group: Some("office".into()),
                },
                FarmSet {
                    primary: ids(&["XA1", "CVAD"]),
                    ..FarmSet::default()
                },
            ],
        },
        FarmMapping {
            name: "All".into(),
            groups: Vec::new(),
            farm_sets: vec![FarmSet {
                primary: ids(&["XA1"]),
                ..FarmSet::default()
            }],
        },
    ];
    assert_eq!(store.mappings, expected);
    assert_eq!(store.sids().count(), 1);
    assert_eq!(parse(&with("")).unwrap().stores[0].mappings, []);
}

#[test]
fn error_of_a_mapping_is_reported_with_its_line() {
    let set = |keys: &str| {
        format!("[[store.mapping]]\nname = \"Office\"\n[[store.mapping.farm_set]]\n{keys}")
    };
    for (sections, beginning, problem) in [
        (
            "[[store.mapping]]\nname = \"Office\"".to_owned(),
            "[[store.mapping]]",
            "the mapping has no [[store.mapping.farm_set]]; it needs at least one",
        ),
        (
            set("primary = [\"XA1\", \"xa1\"]"),
            "primary",
            "`primary` names \"xa1\", which is no farm of the store",
        ),
        (
            set("primary = [\"XA1\"]\nbackup = [\"DR\"]"),
            "backup",
            "`backup` names \"DR\", which is no farm of the store",
        ),
        (
            set("primary = [\"XA1\"]\nbackup = [\"CVAD\", \"XA1\"]"),
            "backup",
            "`backup` has \"XA1\", which is in `primary` too",
        ),
        (
            set("primary = []"),
            "primary",
            "`primary` is empty; it needs at least one value",
        ),
        (
            set("primary = [\"XA1\"]\nlaunch_order = \"failover\""),
            "launch_order",
            "`launch_order` has to be one of ordered, balanced",
        ),
    ] {
        let text = with(&sections);
        assert_eq!(
            errors(&text),
            [error_at(&text, beginning, problem)],
            "{sections}"
        );
    }
}

/// A farm that has errors of its own is not unknown.
#[test]
fn farm_with_an_error_is_no_unknown_farm() {
    let text =
        with("[[store.mapping]]\nname = \"All\"\n[[store.mapping.farm_set]]\nprimary = [\"CVAD\"]");
    let text = text.replace("generation = \"cvad-7\"", "generation = \"cvad-8\"");
    assert_eq!(errors(&text).len(), 1);
}
