//! `[authentication]`: what checks passwords, and how long a sign-in lasts.

use std::time::Duration;

use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use super::farm::SeenFarm;
use super::free_path::free_path;
use super::store::Store;
use crate::reader::key::{DefaultKey, DefaultListKey, Key};
use crate::reader::section::Section;
use crate::reader::value::{boolean, name, text, word};
use crate::url_path::UrlPath;

/// Clients drop a token one minute before its end, so a shorter one is of no use (CA-30).
const SHORTEST_LIFETIME: Duration = Duration::from_mins(5);

/// Attributes of a `Set-Cookie` header, which clients send back as if they were cookies (CA-49).
const COOKIE_ATTRIBUTES: [&str; 7] = [
    "path", "domain", "expires", "max-age", "secure", "httponly", "samesite",
];

const PATH: Key<UrlPath> = Key {
    name: "path",
    read: free_path,
};

const CREDENTIALS: DefaultKey<CredentialCheck> = DefaultKey {
    name: "credentials",
    default: || CredentialCheck::FirstFarm,
    read: |value| match text(value)? {
        "farm" => Ok(CredentialCheck::FirstFarm),
        id => Ok(CredentialCheck::Farm(id.into())),
    },
};

const DOMAINS: DefaultListKey<String> = DefaultListKey {
    name: "domains",
    default: Vec::new,
    item: name,
};

const DEFAULT_DOMAIN: Key<String> = Key {
    name: "default_domain",
    read: name,
};

const HIDE_DOMAIN_FIELD: DefaultKey<bool> = DefaultKey {
    name: "hide_domain_field",
    default: || false,
    read: boolean,
};

const PASSWORD_CHANGE: DefaultKey<PasswordChangePolicy> = DefaultKey {
    name: "password_change",
    default: PasswordChangePolicy::default,
    read: |value| {
        word(
            value,
            &[
                ("always", PasswordChangePolicy::Always),
                ("expired", PasswordChangePolicy::Expired),
                ("never", PasswordChangePolicy::Never),
            ],
        )
    },
};

const TOKEN_LIFETIME: DefaultKey<Duration> = DefaultKey {
    name: "token_lifetime",
    default: || Duration::from_hours(8),
    read: lifetime,
};

const TOKEN_LIFETIME_MAX: DefaultKey<Duration> = DefaultKey {
    name: "token_lifetime_max",
    default: || Duration::from_hours(24),
    read: lifetime,
};

/// By default the name that one client requires (CQ-40).
const COOKIE_NAME: DefaultKey<String> = DefaultKey {
    name: "cookie_name",
    default: || "ASP.NET_SessionId".into(),
    read: cookie_name,
};

/// By default the service that a request without a name means (CA-40); none if any of several farms
/// checks passwords.
const VALIDATION_SERVICES: DefaultListKey<String> = DefaultListKey {
    name: "validation_services",
    default: || vec!["default".into()],
    item: validation_service,
};

/// Sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// Path of the token service; by default the first store's path + `Auth` (CA-1).
    pub path: UrlPath,
    /// Farm that checks passwords.
    pub credentials: CredentialCheck,
    /// Domains that the sign-in form offers; without any it has no domain box (CA-62).
    pub domains: Vec<String>,
    /// Domain of a bare user name (CA-67).
    pub default_domain: Option<String>,
    /// The sign-in form has no domain box, although there are domains.
    pub hide_domain_field: bool,
    /// When users may change their password.
    pub password_change: PasswordChangePolicy,
    /// Lifetime of a token if the client requests none (CA-29).
    pub token_lifetime: Duration,
    /// The longest lifetime of a token, even if the client requests a longer one (CA-29).
    pub token_lifetime_max: Duration,
    /// Name of the cookie of the sign-in conversation (CA-48).
    pub cookie_name: String,
    /// Names of the services that validate a token and return its user (CA-40), in lower case.
    /// Empty if any of several farms checks passwords.
    pub validation_services: Vec<String>,
}

/// When users may change their password, if a farm can change passwords (CA-74, WA-65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordChangePolicy {
    /// At any time.
    #[default]
    Always,
    /// At a sign-in with a password that has expired or must be changed.
    Expired,
    /// Never. A sign-in with an expired password fails.
    Never,
}

/// Farm that checks passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialCheck {
    /// The first farm that responds, in the order of the file.
    FirstFarm,
    /// The farm with this id.
    Farm(String),
}

impl Authentication {
    /// Returns the sign-in at a path, with the defaults of all other keys.
    #[must_use]
    pub fn at(path: UrlPath) -> Self {
        Section::defaults(|section| values(section, &[]))(path)
    }
}

/// Reads the section. Returns `None` if it has no path and there is no store to derive one from.
pub(crate) fn read(
    root: &mut Section<'_>,
    stores: &[Store],
    farms: &[SeenFarm],
) -> Option<Authentication> {
    let mut section = root.section("authentication", "[authentication]");
    let path = match stores.first() {
        Some(store) => Some(section.value_or(&PATH, store.path.default_authentication())),
        None => section.optional(&PATH),
    };
    if let Some(path) = &path
        && let Some(store) = stores.iter().find(|store| store.path.overlaps(path))
    {
        let problem = format!(
            "path `{path}` of [authentication] overlaps store `{}`",
            store.path
        );
        section.error(PATH.name, problem);
    }
    let mut sites = stores.iter().filter_map(|store| store.web.as_ref());
    if let Some(path) = &path
        && let Some(site) = sites.find(|site| site.path.overlaps(path))
    {
        let site = &site.path;
        let problem = format!("path `{path}` of [authentication] overlaps web site `{site}`");
        section.error(PATH.name, problem);
    }
    if let Some(path) = &path {
        section.note_default(PATH.name, format_args!("\"{path}\""));
    }
    let at = values(&mut section, farms);
    section.finish();
    path.map(at)
}

/// Reads the longest lifetime of a token alone.
pub(crate) fn token_lifetime_max(root: &mut Section<'_>) -> Duration {
    root.section("authentication", "[authentication]")
        .value(&TOKEN_LIFETIME_MAX)
}

/// Reads all keys but `path`, and returns what makes the sign-in at a path of them.
fn values(
    section: &mut Section<'_>,
    farms: &[SeenFarm],
) -> impl FnOnce(UrlPath) -> Authentication + use<> {
    let credentials = section.value_if(&CREDENTIALS, |check| match check {
        CredentialCheck::Farm(id) if !farms.iter().any(|farm| farm.id == *id) => {
            Err("has to be \"farm\" or the id of a farm in this file".into())
        }
        _ => Ok(()),
    });
    let domains = section.list(&DOMAINS);
    let default_domain = section.optional_and(&DEFAULT_DOMAIN, |domain| {
        if domains.is_empty() || domains.contains(&domain) {
            return Ok(domain);
        }
        Err("has to be one of `domains`".into())
    });
    let hide_domain_field = section.value(&HIDE_DOMAIN_FIELD);
    let password_change = section.value(&PASSWORD_CHANGE);
    let token_lifetime_max = section.value(&TOKEN_LIFETIME_MAX);
    let token_lifetime = section.value_if(&TOKEN_LIFETIME, |lifetime| {
        if *lifetime <= token_lifetime_max {
            return Ok(());
        }
        Err("must not be longer than `token_lifetime_max`".into())
    });
    let cookie_name = section.value(&COOKIE_NAME);
    let mut validation_services = section.list(&VALIDATION_SERVICES);
    if credentials == CredentialCheck::FirstFarm && farms.len() > 1 {
        // Any of the farms could say who the user of a token is.
        let named = (VALIDATION_SERVICES.default)();
        if !validation_services.iter().all(|name| named.contains(name)) {
            let problem = "`validation_services` need `credentials` to be the id of a farm";
            section.error(VALIDATION_SERVICES.name, problem);
        }
        validation_services.clear();
        section.note_default(VALIDATION_SERVICES.name, "[]");
    }
    if token_lifetime > token_lifetime_max {
        section.note_default(
            TOKEN_LIFETIME.name,
            format_args!("\"{}\"", Lifetime(token_lifetime_max)),
        );
    }
    move |path| Authentication {
        path,
        credentials,
        domains,
        default_domain,
        hide_domain_field,
        password_change,
        // A maximum below the default lifetime shortens the default, too.
        token_lifetime: token_lifetime.min(token_lifetime_max),
        token_lifetime_max,
        cookie_name,
        validation_services,
    }
}

fn lifetime(value: &DeValue<'_>) -> Result<Duration, String> {
    match text(value)?.parse() {
        Ok(Lifetime(lifetime)) if lifetime >= SHORTEST_LIFETIME => Ok(lifetime),
        Ok(_) => Err("has to be 0.00:05:00 (five minutes) or longer".into()),
        Err(_) => Err("has to be a time span d.hh:mm:ss, such as \"0.08:00:00\"".into()),
    }
}

fn cookie_name(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    if COOKIE_ATTRIBUTES
        .iter()
        .any(|attribute| attribute.eq_ignore_ascii_case(text))
    {
        return Err("must not be the name of a cookie attribute".into());
    }
    if text.is_empty() || !text.bytes().all(is_plain) {
        return Err(
            "may have letters, digits and - _ . only, such as \"ASP.NET_SessionId\"".into(),
        );
    }
    Ok(text.into())
}

/// Reads a name that is one segment of a URL and stands in a challenge. The host name of an
/// appliance is such a name.
fn validation_service(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let dots_only = text.bytes().all(|byte| byte == b'.');
    if dots_only || !text.bytes().all(is_plain) {
        return Err(
            "may have letters, digits and - _ . only, such as \"gateway.example.net\"".into(),
        );
    }
    Ok(text.to_ascii_lowercase())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}
