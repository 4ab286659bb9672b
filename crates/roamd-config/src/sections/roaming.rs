//! `[store.roaming]`: which sessions a store offers, to which clients (SS-71).

use ipnet::IpNet;
use roamd_sessions::{Roaming, RoamingException, RoamingPolicy, RoamingUser, Sid, UserKey};
use toml::de::DeValue;

use crate::reader::key::{DefaultKey, Key, ListKey, Read};
use crate::reader::section::Section;
use crate::reader::value::{network, text, word};

const SESSIONS: DefaultKey<Roaming> = DefaultKey {
    name: "sessions",
    default: Roaming::default,
    read: READ_SESSIONS,
};

const EXCEPTIONAL_SESSIONS: Key<Roaming> = Key {
    name: "sessions",
    read: READ_SESSIONS,
};

const READ_SESSIONS: Read<Roaming> = |value| word(value, &Roaming::ALL.map(|it| (it.as_str(), it)));

const NETWORKS: ListKey<IpNet> = ListKey {
    name: "networks",
    item: network,
};

const USERS: ListKey<RoamingUser> = ListKey {
    name: "users",
    item: user,
};

/// Groups of users, as their SIDs.
pub(crate) const GROUPS: ListKey<Sid> = ListKey {
    name: "groups",
    item: sid,
};

/// Reads the section of a store.
pub(crate) fn read(store: &mut Section<'_>) -> RoamingPolicy {
    let mut section = store.section("roaming", "[store.roaming]");
    let sessions = section.value(&SESSIONS);
    let exceptions = section.sections("exception", "[[store.roaming.exception]]");
    let exceptions = exceptions.into_iter().flatten();
    let policy = RoamingPolicy {
        sessions,
        exceptions: exceptions.filter_map(exception).collect(),
    };
    section.finish();
    policy
}

fn exception(mut section: Section<'_>) -> Option<RoamingException> {
    let networks = section.optional_list(&NETWORKS);
    let users = section.optional_list(&USERS);
    let groups = section.optional_list(&GROUPS);
    let sessions = section.required(&EXCEPTIONAL_SESSIONS);
    section.finish();
    Some(RoamingException {
        networks,
        users,
        groups,
        sessions: sessions?,
    })
}

fn user(value: &DeValue<'_>) -> Result<RoamingUser, String> {
    let text = text(value)?;
    if let Ok(sid) = text.parse() {
        return Ok(RoamingUser::Sid(sid));
    }
    match text.split_once('\\') {
        Some((domain, name)) if !domain.is_empty() && !name.is_empty() && !name.contains('\\') => {
            Ok(RoamingUser::Account(UserKey::new(domain, name)))
        }
        _ => Err("has to be an account, such as 'EXAMPLE\\mia', or a SID".into()),
    }
}

fn sid(value: &DeValue<'_>) -> Result<Sid, String> {
    let sid = text(value)?.parse();
    sid.map_err(|error: roamd_sessions::SidError| error.to_string())
}
