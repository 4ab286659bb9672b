//! `[state]`: where the server keeps what it shares with the other servers of its group.

use std::path::PathBuf;
use std::time::Duration;

use roamd_nfuse_proto::transport::{ControllerUrl, Security};
use toml::de::DeValue;

use crate::etcd::{Etcd, WhenUnreachable};
use crate::files::{FileError, Files};
use crate::reader::key::{DefaultKey, Key, ListKey};
use crate::reader::section::Section;
use crate::reader::value::{file, milliseconds, name, text, word};
use crate::sections::controllers;

/// Maximum length of a prefix, in bytes.
const LONGEST_PREFIX: usize = 200;

/// Maximum sizes of the files, in bytes.
const LARGEST_PEM: u64 = 1024 * 1024;
const LARGEST_SECRET: u64 = 64 * 1024;

/// Engines by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Embedded,
    Etcd,
}

const ENGINE: Key<Engine> = Key {
    name: "engine",
    read: |value| {
        let engines = [("embedded", Engine::Embedded), ("etcd", Engine::Etcd)];
        word(value, &engines)
    },
};

const ENDPOINTS: ListKey<ControllerUrl> = ListKey {
    name: "endpoints",
    item: |value| {
        let form = "has to be scheme, host and port, such as \"https://etcd1.example.net:2379\"";
        let endpoint = controllers::endpoint(value, form)?;
        // Members of etcd do not listen on the default ports of HTTP.
        endpoint.has_port().then_some(endpoint).ok_or(form.into())
    },
};

const PREFIX: DefaultKey<String> = DefaultKey {
    name: "prefix",
    default: || "/roamd/main/".into(),
    read: prefix,
};

const TLS_CA_FILE: Key<PathBuf> = Key {
    name: "tls_ca_file",
    read: file,
};

const TLS_CERTIFICATE_FILE: Key<PathBuf> = Key {
    name: "tls_certificate_file",
    read: file,
};

const TLS_KEY_FILE: Key<PathBuf> = Key {
    name: "tls_key_file",
    read: file,
};

const USER: Key<String> = Key {
    name: "user",
    read: name,
};

const PASSWORD_FILE: Key<PathBuf> = Key {
    name: "password_file",
    read: file,
};

const TIMEOUT_MS: DefaultKey<Duration> = DefaultKey {
    name: "timeout_ms",
    default: || Duration::from_secs(3),
    read: |value| milliseconds(value, 500..=30_000),
};

const WHEN_UNREACHABLE: DefaultKey<WhenUnreachable> = DefaultKey {
    name: "when_unreachable",
    default: || WhenUnreachable::Serve,
    read: |value| {
        let words = [
            ("serve", WhenUnreachable::Serve),
            ("refuse", WhenUnreachable::Refuse),
        ];
        word(value, &words)
    },
};

const CLUSTER_KEY_FILE: Key<PathBuf> = Key {
    name: "cluster_key_file",
    read: file,
};

/// Where the server keeps its state and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// In its data folder, for itself.
    Embedded,
    /// In etcd, together with the other servers of a group.
    Etcd(Box<Etcd>),
}

/// Reads the section, and the cluster key of `[keys]`. Returns `None` if something is missing or
/// wrong, which is reported.
pub(crate) fn read(
    root: &mut Section<'_>,
    keys: &mut Section<'_>,
    files: &dyn Files,
) -> Option<State> {
    let Some(mut section) = root.optional_section("state", "[state]") else {
        no_cluster_key(keys);
        return Some(State::Embedded);
    };
    let engine = section.required(&ENGINE);
    let state = match engine {
        Some(Engine::Embedded) => {
            no_cluster_key(keys);
            no_etcd(&mut section);
            Some(State::Embedded)
        }
        Some(Engine::Etcd) | None => {
            let etcd = etcd(&mut section, keys, files);
            etcd.map(|etcd| State::Etcd(Box::new(etcd)))
        }
    };
    section.finish();
    engine.and(state)
}

/// Whether the engine is that of a group.
pub(crate) fn is_in_group(root: &mut Section<'_>) -> bool {
    let section = root.optional_section("state", "[state]");
    section.is_some_and(|mut section| section.required(&ENGINE) == Some(Engine::Etcd))
}

fn etcd(section: &mut Section<'_>, keys: &mut Section<'_>, files: &dyn Files) -> Option<Etcd> {
    let endpoints = section.required_list(&ENDPOINTS);
    let prefix = section.value(&PREFIX);
    let is_https = |endpoint: &ControllerUrl| endpoint.security() == Security::Tls;
    let tls_ca_file = if endpoints.iter().any(is_https) {
        section.required(&TLS_CA_FILE)
    } else {
        section.optional(&TLS_CA_FILE)
    };
    let certificate = section.optional(&TLS_CERTIFICATE_FILE);
    let key = section.optional(&TLS_KEY_FILE);
    let tls_identity = both(
        section,
        &TLS_CERTIFICATE_FILE,
        certificate,
        &TLS_KEY_FILE,
        key,
    );
    let user = section.optional(&USER);
    let password_file = section.optional(&PASSWORD_FILE);
    let user = both(section, &USER, user, &PASSWORD_FILE, password_file);
    let timeout = section.value(&TIMEOUT_MS);
    let when_unreachable = section.value(&WHEN_UNREACHABLE);
    let cluster_key_file = keys.required(&CLUSTER_KEY_FILE);
    if !endpoints.iter().any(is_https) && !endpoints.is_empty() {
        for key in [TLS_CA_FILE.name, TLS_CERTIFICATE_FILE.name] {
            if section.has(key) {
                let problem = format!("`{key}` is for endpoints that begin with https://");
                section.error(key, problem);
            }
        }
    }
    let etcd = Etcd {
        endpoints,
        prefix,
        tls_ca_file,
        tls_identity,
        user,
        timeout,
        when_unreachable,
        cluster_key_file: cluster_key_file?,
    };
    check_files(&etcd, section, keys, files);
    Some(etcd)
}

/// Reports files that cannot be read or used.
fn check_files(etcd: &Etcd, section: &Section<'_>, keys: &Section<'_>, files: &dyn Files) {
    let certificate = etcd.tls_identity.as_ref().map(|(it, _)| it);
    let key = etcd.tls_identity.as_ref().map(|(_, it)| it);
    let public = [
        (TLS_CA_FILE.name, etcd.tls_ca_file.as_ref()),
        (TLS_CERTIFICATE_FILE.name, certificate),
    ];
    let secret = [
        (TLS_KEY_FILE.name, key),
        (PASSWORD_FILE.name, etcd.user.as_ref().map(|(_, it)| it)),
    ];
    let report = |key: &str, read: Result<Vec<u8>, FileError>| {
        let Err(error) = read else { return true };
        let section = if key == CLUSTER_KEY_FILE.name {
            keys
        } else {
            section
        };
        section.error(key, format!("`{key}` {error}"));
        false
    };
    let mut are_readable = true;
    for (key, path) in public {
        let read = path.map(|path| files.read(path, LARGEST_PEM));
        are_readable &= read.is_none_or(|read| report(key, read));
    }
    for (key, path) in secret {
        let read = path.map(|path| files.read_secret(path, LARGEST_SECRET));
        are_readable &= read.is_none_or(|read| report(key, read));
    }
    let cluster_key = files.read_cluster_key(&etcd.cluster_key_file, LARGEST_SECRET);
    are_readable &= report(CLUSTER_KEY_FILE.name, cluster_key);
    if are_readable && let Err(error) = files.check_etcd(etcd) {
        let section = if error.key == CLUSTER_KEY_FILE.name {
            keys
        } else {
            section
        };
        let problem = format!("`{}` cannot be used: {}", error.key, error.message);
        section.error(error.key, problem);
    }
}

/// Returns two values that are of use together only. One alone is reported.
fn both<A, B>(
    section: &Section<'_>,
    one: &Key<A>,
    first: Option<A>,
    other: &Key<B>,
    second: Option<B>,
) -> Option<(A, B)> {
    let alone = match (section.has(one.name), section.has(other.name)) {
        (true, false) => Some((one.name, other.name)),
        (false, true) => Some((other.name, one.name)),
        (true, true) | (false, false) => None,
    };
    if let Some((key, missing)) = alone {
        section.error(key, format!("`{key}` needs `{missing}` beside it"));
    }
    first.zip(second)
}

/// Reports keys that are of use with etcd only.
fn no_etcd(section: &mut Section<'_>) {
    for name in [
        ENDPOINTS.name,
        PREFIX.name,
        TLS_CA_FILE.name,
        TLS_CERTIFICATE_FILE.name,
        TLS_KEY_FILE.name,
        USER.name,
        PASSWORD_FILE.name,
        TIMEOUT_MS.name,
        WHEN_UNREACHABLE.name,
    ] {
        only_with_etcd(section, name);
    }
}

fn no_cluster_key(keys: &mut Section<'_>) {
    only_with_etcd(keys, CLUSTER_KEY_FILE.name);
}

/// Reports a key, if the file has it.
fn only_with_etcd(section: &mut Section<'_>, name: &'static str) {
    section.optional(&Key {
        name,
        read: |_: &DeValue<'_>| Err::<(), _>("needs `engine = \"etcd\"` in [state]".into()),
    });
}

fn prefix(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let is_good = text.len() > 1
        && text.len() <= LONGEST_PREFIX
        && text.starts_with('/')
        && text.ends_with('/')
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_good.then(|| text.to_owned()).ok_or_else(|| {
        "has to begin and end with a slash, such as \"/roamd/main/\", and to have at most 200 \
         letters, digits and signs"
            .into()
    })
}
