//! `[authentication]`: who checks passwords, and how long a sign-in lasts.

use std::time::Duration;

use roamd_store_proto::Lifetime;
use toml::de::DeValue;

use super::farm::SeenFarm;
use super::section::{Section, name, text};
use super::store::{Store, path};
use super::url_path::UrlPath;

/// Clients drop a token one minute before its end, so a shorter one is of no use (CA-30).
const SHORTEST_LIFETIME: Duration = Duration::from_mins(5);

/// What is used when a client asks for no lifetime.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(8);

/// The longest unless told otherwise.
const DEFAULT_LIFETIME_MAX: Duration = Duration::from_hours(24);

/// Name that one client looks for (CQ-40).
const DEFAULT_COOKIE_NAME: &str = "ASP.NET_SessionId";

/// The validation service that is meant where none is named (CA-40).
const DEFAULT_VALIDATION_SERVICE: &str = "default";

/// Pairs of a `Set-Cookie` header that clients send back as if they were cookies (CA-49).
const COOKIE_ATTRIBUTES: [&str; 7] = [
    "path", "domain", "expires", "max-age", "secure", "httponly", "samesite",
];

/// Sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// Where the token service lives; the first store's path + `Auth` by default (CA-1).
    pub path: UrlPath,
    /// Who checks passwords.
    pub credentials: CredentialCheck,
    /// Domains that the sign-in form offers; with none it has no domain box (CA-62).
    pub domains: Vec<String>,
    /// Domain of a bare user name (CA-67).
    pub default_domain: Option<String>,
    /// Lifetime of a token when the client asks for none (CA-29).
    pub token_lifetime: Duration,
    /// The longest lifetime of a token, however long the client asks for (CA-29).
    pub token_lifetime_max: Duration,
    /// Name of the conversation's cookie (CA-48).
    pub cookie_name: String,
    /// Names of the services that tell who the holder of a token is (CA-40), in lower case.
    pub validation_services: Vec<String>,
}

/// Who checks passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialCheck {
    /// The first farm that answers, in the order of the file.
    FirstFarm,
    /// The farm with this id.
    Farm(String),
}

impl Authentication {
    /// Sign-in at a path, with the defaults for all else.
    #[must_use]
    pub fn at(path: UrlPath) -> Self {
        Self {
            path,
            credentials: CredentialCheck::FirstFarm,
            domains: Vec::new(),
            default_domain: None,
            token_lifetime: DEFAULT_LIFETIME,
            token_lifetime_max: DEFAULT_LIFETIME_MAX,
            cookie_name: DEFAULT_COOKIE_NAME.into(),
            validation_services: vec![DEFAULT_VALIDATION_SERVICE.into()],
        }
    }
}

/// Reads the section. Nothing if it has no path and there is no store that gives one.
pub(super) fn read(
    root: &mut Section<'_>,
    stores: &[Store],
    farms: &[SeenFarm],
) -> Option<Authentication> {
    let mut section = root.section("authentication", "[authentication]");
    let path = section
        .optional("path", path)
        .or_else(|| Some(stores.first()?.path.default_authentication()));
    if let Some((path, store)) = path
        .as_ref()
        .and_then(|path| Some((path, stores.iter().find(|store| store.path.overlaps(path))?)))
    {
        let problem = format!(
            "path `{path}` of [authentication] overlaps store `{}`",
            store.path
        );
        section.fault("path", problem);
    }
    let credentials = section.or(
        "credentials",
        CredentialCheck::FirstFarm,
        |value| match text(value)? {
            "farm" => Ok(CredentialCheck::FirstFarm),
            id if farms.iter().any(|farm| farm.id == id) => Ok(CredentialCheck::Farm(id.into())),
            _ => Err("has to be \"farm\" or the id of a farm in this file".into()),
        },
    );
    let domains = section.list("domains", name);
    let default_domain = section.optional("default_domain", |value| {
        let domain = name(value)?;
        if domains.is_empty() || domains.contains(&domain) {
            return Ok(domain);
        }
        Err("has to be one of `domains`".into())
    });
    let token_lifetime_max = section.or("token_lifetime_max", DEFAULT_LIFETIME_MAX, lifetime);
    let token_lifetime = section.or("token_lifetime", DEFAULT_LIFETIME, |value| match lifetime(
        value,
    )? {
        lifetime if lifetime > token_lifetime_max => {
            Err("must not be longer than `token_lifetime_max`".into())
        }
        lifetime => Ok(lifetime),
    });
    let cookie_name = section.or("cookie_name", DEFAULT_COOKIE_NAME.into(), cookie_name);
    let validation_services = section.list_or(
        "validation_services",
        vec![DEFAULT_VALIDATION_SERVICE.into()],
        validation_service,
    );
    section.finish();
    Some(Authentication {
        path: path?,
        credentials,
        domains,
        default_domain,
        // A maximum below the default lifetime says that the default shall be shorter, too.
        token_lifetime: token_lifetime.min(token_lifetime_max),
        token_lifetime_max,
        cookie_name,
        validation_services,
    })
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
        return Err("must not be the name of a cookie's attribute".into());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || !text.bytes().all(plain) {
        return Err(
            "may have letters, digits and - _ . only, such as \"ASP.NET_SessionId\"".into(),
        );
    }
    Ok(text.into())
}

/// A name that is one segment of a URL, and of a challenge. The host name of an appliance is one.
fn validation_service(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let dots_only = text.bytes().all(|byte| byte == b'.');
    if dots_only || !text.bytes().all(plain) {
        return Err(
            "may have letters, digits and - _ . only, such as \"gateway.example.net\"".into(),
        );
    }
    Ok(text.to_ascii_lowercase())
}
