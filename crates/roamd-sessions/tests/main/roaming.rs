//! The roaming policy (SS-71): which rule applies to a client.

use std::net::IpAddr;

use roamd_sessions::{
    Roaming, RoamingClient, RoamingException, RoamingPolicy, RoamingUser, RuleSource, Sid, UserKey,
};

use Roaming::{Always, DisconnectedOnly, SameEndpointOnly};

const STAFF: &str = "S-1-5-21-10-20-30-1200";
const PUPILS: &str = "S-1-5-21-10-20-30-1300";

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// An exception: networks, users and groups, separated by blanks.
fn exception(networks: &str, users: &str, groups: &str, sessions: Roaming) -> RoamingException {
    let user = |user: &str| match user.split_once('\\') {
        Some((domain, name)) => RoamingUser::Account(UserKey::new(domain, name)),
        None => RoamingUser::Sid(sid(user)),
    };
    RoamingException {
        networks: networks
            .split_whitespace()
            .map(|it| it.parse().unwrap())
            .collect(),
        users: users.split_whitespace().map(user).collect(),
        groups: groups.split_whitespace().map(sid).collect(),
        sessions,
    }
}

/// The rule for alice at an address, with these identifiers; `?` for what is not known.
fn rule(policy: &RoamingPolicy, address: &str, sids: &str) -> (Roaming, RuleSource) {
    let known: Vec<_> = match sids {
        "?" => Vec::new(),
        sids => sids.split_whitespace().collect(),
    };
    let client = RoamingClient {
        address: address.parse::<IpAddr>().ok(),
        user: &UserKey::new("DEMO", "Alice"),
        sids: (sids != "?").then_some(&known),
    };
    let rule = policy.rule(client);
    (rule.sessions, rule.source)
}

fn policy(sessions: Roaming, exceptions: &[RoamingException]) -> RoamingPolicy {
    RoamingPolicy {
        sessions,
        exceptions: exceptions.to_vec(),
    }
}

/// SS-71
#[test]
fn first_matching_exception_decides() {
    use RuleSource::{Exception, Store};
    let kiosk = exception("10.9.0.0/16 2001:db8::/32", "", "", SameEndpointOnly);
    let staff = exception("10.0.0.0/8", "", STAFF, Always);
    let named = exception("", r"demo\ALICE DEMO\bob", "", DisconnectedOnly);
    let all = [kiosk, staff, named];
    let by_sid = [exception("", STAFF, "", SameEndpointOnly)];
    let other = [exception("", r"OTHER\alice", PUPILS, SameEndpointOnly)];
    let everyone = [exception("", "", "", DisconnectedOnly)];
    for (exceptions, address, sids, sessions, source) in [
        (&all[..], "10.9.1.1", STAFF, SameEndpointOnly, Exception(1)),
        (&all[..], "2001:db8::7", "", SameEndpointOnly, Exception(1)),
        (
            &all[..],
            "::ffff:10.9.1.1",
            "",
            SameEndpointOnly,
            Exception(1),
        ),
        (&all[..], "10.1.1.1", STAFF, Always, Exception(2)),
        // Both the network and the group have to match.
        (&all[..], "10.1.1.1", PUPILS, DisconnectedOnly, Exception(3)),
        (&all[..], "192.0.2.1", STAFF, DisconnectedOnly, Exception(3)),
        (&all[..2], "192.0.2.1", STAFF, Always, Store),
        (&all[..2], "10.1.1.1", "", Always, Store),
        (
            &by_sid[..],
            "192.0.2.1",
            STAFF,
            SameEndpointOnly,
            Exception(1),
        ),
        (&by_sid[..], "192.0.2.1", PUPILS, Always, Store),
        (&other[..], "192.0.2.1", PUPILS, Always, Store),
        (
            &everyone[..],
            "192.0.2.1",
            "?",
            DisconnectedOnly,
            Exception(1),
        ),
        (&[][..], "?", "?", Always, Store),
    ] {
        let found = rule(&policy(Always, exceptions), address, sids);
        assert_eq!(found, (sessions, source), "{address} {sids} {exceptions:?}");
    }
}

/// SS-71
#[test]
fn unknown_client_gets_strictest_possible_rule() {
    use RuleSource::{Exception, Store, Undecided};
    let strict_network = exception("10.9.0.0/16", "", "", SameEndpointOnly);
    let lax_network = exception("10.0.0.0/8", "", "", Always);
    let strict_group = exception("", "", PUPILS, DisconnectedOnly);
    let named = exception("", r"DEMO\alice", "", DisconnectedOnly);
    let both = exception("10.9.0.0/16", "", PUPILS, SameEndpointOnly);
    for (base, exceptions, address, sids, sessions, source) in [
        (
            Always,
            vec![&strict_network],
            "?",
            "",
            SameEndpointOnly,
            Undecided(1),
        ),
        // Hiding the address gains nothing.
        (
            DisconnectedOnly,
            vec![&lax_network],
            "?",
            "",
            DisconnectedOnly,
            Store,
        ),
        (
            Always,
            vec![&strict_group],
            "10.1.1.1",
            "?",
            DisconnectedOnly,
            Undecided(1),
        ),
        (
            Always,
            vec![&strict_group, &strict_network],
            "?",
            "?",
            SameEndpointOnly,
            Undecided(2),
        ),
        (
            SameEndpointOnly,
            vec![&strict_group],
            "?",
            "?",
            SameEndpointOnly,
            Store,
        ),
        // An exception that matches decides about those behind it.
        (
            Always,
            vec![&named, &strict_network],
            "?",
            "?",
            DisconnectedOnly,
            Exception(1),
        ),
        (
            Always,
            vec![&lax_network, &named],
            "?",
            "?",
            DisconnectedOnly,
            Exception(2),
        ),
        // One list that does not match is enough.
        (Always, vec![&both], "192.0.2.1", "?", Always, Store),
        (Always, vec![&both], "?", STAFF, Always, Store),
        (
            Always,
            vec![&both],
            "?",
            PUPILS,
            SameEndpointOnly,
            Undecided(1),
        ),
    ] {
        let exceptions: Vec<_> = exceptions.into_iter().cloned().collect();
        let found = rule(&policy(base, &exceptions), address, sids);
        assert_eq!(found, (sessions, source), "{address} {sids} {exceptions:?}");
    }
}

#[test]
fn policy_names_its_identifiers() {
    let policy = policy(
        Always,
        &[
            exception("10.0.0.0/8", r"DEMO\alice", "", Always),
            exception("", &format!(r"DEMO\bob {STAFF}"), PUPILS, Always),
        ],
    );
    let named: Vec<_> = policy.sids().map(Sid::as_str).collect();
    assert_eq!(named, [STAFF, PUPILS]);
}

#[test]
fn sid_has_one_spelling() {
    let longest = format!("S-1-5{}", "-4294967295".repeat(15));
    for text in [
        "S-1-1-0",
        "S-1-5-32-545",
        PUPILS,
        "S-1-281474976710655-1",
        &longest,
    ] {
        assert_eq!(text.parse::<Sid>().unwrap().as_str(), text);
    }
    assert_eq!(sid("s-1-5-32-545"), sid("S-1-5-32-545"));
    let too_long = format!("{longest}-1");
    for text in [
        "",
        "S-1-5",
        "S-1-5-",
        "S-1--5",
        "S-2-5-1",
        "S-1-5-01",
        "S-1-5-+1",
        "S-1-5-4294967296",
        "S-1-281474976710656-1",
        "S-1-5-1 ",
        "DEMO\\staff",
        "\u{20ac}-1-5",
        &too_long,
    ] {
        assert!(text.parse::<Sid>().is_err(), "{text}");
    }
}
