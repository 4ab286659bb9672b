use roamd_config::{Roaming, RoamingException, RoamingPolicy, RoamingUser};
use roamd_sessions::UserKey;

use crate::support::{config, error_at, errors, parse};

/// Returns a configuration with these keys of `[store.roaming]`, and what follows them.
fn with_roaming(keys: &str) -> String {
    config("", &format!("[store.roaming]\n{keys}"), "")
}

fn roaming(text: &str) -> RoamingPolicy {
    parse(text).unwrap().stores[0].roaming.clone()
}

#[test]
fn store_offers_all_sessions_by_default() {
    let found = roaming(&config("", "", ""));
    assert_eq!(found, RoamingPolicy::default());
    assert_eq!(found.sessions, Roaming::Always);
    assert_eq!(roaming(&with_roaming("")), RoamingPolicy::default());
}

#[test]
fn every_key_of_roaming_is_read() {
    let found = roaming(&with_roaming(
        r#"sessions = "disconnected_only"
[[store.roaming.exception]]
networks = ["10.9.0.0/16", "192.0.2.7"]
sessions = "same_endpoint_only"
[[store.roaming.exception]]
users = ['EXAMPLE\Mia', "s-1-5-21-10-20-30-1105"]
groups = ["S-1-5-21-10-20-30-1200"]
sessions = "always""#,
    ));
    let expected = RoamingPolicy {
        sessions: Roaming::DisconnectedOnly,
        exceptions: vec![
            RoamingException {
                networks: vec![
                    "10.9.0.0/16".parse().unwrap(),
                    "192.0.2.7/32".parse().unwrap(),
                ],
                sessions: Roaming::SameEndpointOnly,
                ..RoamingException::default()
            },
            RoamingException {
                users: vec![
                    RoamingUser::Account(UserKey::new("example", "mia")),
                    RoamingUser::Sid("S-1-5-21-10-20-30-1105".parse().unwrap()),
                ],
                groups: vec!["S-1-5-21-10-20-30-1200".parse().unwrap()],
                sessions: Roaming::Always,
                ..RoamingException::default()
            },
        ],
    };
    assert_eq!(found, expected);
}

#[test]
fn error_of_roaming_is_reported_with_its_line() {
    const EXCEPTION: &str = "[[store.roaming.exception]]";
    let exception = |keys: &str| format!("{EXCEPTION}\nsessions = \"always\"\n{keys}");
    let cases = [
        (
            "sessions = \"disconnected-only\"".to_owned(),
            "sessions",
            "`sessions` has to be one of always, disconnected_only, same_endpoint_only; did you \
             mean \"disconnected_only\"?",
        ),
        (
            "exception = true".to_owned(),
            "exception",
            "`exception` has to be a list of tables, each written [[store.roaming.exception]]",
        ),
        (
            format!("{EXCEPTION}\nnetworks = [\"10.0.0.0/8\"]"),
            EXCEPTION,
            "key `sessions` of [[store.roaming.exception]] is missing",
        ),
        (
            exception("networks = [\"10.9.0.1/16\"]"),
            "networks",
            "`networks`: \"10.9.0.1/16\" has to be the network address, 10.9.0.0/16",
        ),
        (
            exception("users = [\"mia\"]"),
            "users",
            "`users`: \"mia\" has to be an account, such as 'EXAMPLE\\mia', or a SID",
        ),
        (
            exception("groups = ['EXAMPLE\\staff']"),
            "groups",
            "`groups`: \"EXAMPLE\\\\staff\" has to be a SID, such as \"S-1-5-21-10-20-30-1105\"",
        ),
        (
            exception("groups = [\"S-1-5-32-545\", \"s-1-5-32-545\"]"),
            "groups",
            "`groups` names \"s-1-5-32-545\" twice",
        ),
        (
            exception("group = [\"S-1-5-32-545\"]"),
            "group",
            "`group` is not a key of [[store.roaming.exception]]; did you mean `groups`?",
        ),
    ];
    for (keys, beginning, problem) in cases {
        let text = with_roaming(&keys);
        assert_eq!(
            errors(&text),
            [error_at(&text, beginning, problem)],
            "{keys}"
        );
    }
}

#[test]
fn too_many_sids_of_all_stores_are_an_error() {
    let groups = |count: usize| {
        let sids = (0..count).map(|number| format!("\"S-1-5-21-1-2-3-{number}\""));
        let sids = sids.collect::<Vec<_>>().join(", ");
        format!(
            "{0}\ngroups = [{sids}]\nsessions = \"always\"",
            "[[store.roaming.exception]]"
        )
    };
    // An identifier that two exceptions name counts once.
    let most = with_roaming(&format!("{}\n{}", groups(128), groups(128)));
    assert_eq!(roaming(&most).sids().count(), 256);
    let text = config("", &groups(129), "");
    let problem = "the exceptions and mappings of all stores name 129 SIDs; 128 are possible";
    let found = errors(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with(problem), "{found:?}");
}
