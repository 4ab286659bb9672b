//! Addresses and certificates of controllers and ticket authorities, for `[[store.farm]]` and
//! `[store.gateway]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use roamd_nfuse_proto::transport::{
    ControllerOrder, ControllerUrl, PublicKeyPin, Security, ServiceKeys, Trust,
};
use toml::de::DeValue;
use url::{ParseError, Url};

use crate::base_url::BaseUrlError;
use crate::files::Files;
use crate::reader::key::{Key, ListKey};
use crate::reader::section::Section;
use crate::reader::value::{file, text, word};
use crate::tls::ControllerTls;

/// Largest file of certificate authorities that is read, in bytes.
const LARGEST_CA_FILE: u64 = 4 * 1024 * 1024;

/// Largest file of service keys that is read, in bytes.
const LARGEST_KEY_FILE: u64 = 4 * 1024;

/// Longest time for a connection unless configured, so that a lost first packet is sent again
/// within it.
const LONGEST_CONNECT: Duration = Duration::from_millis(1_500);

const TLS_CA_FILE: Key<PathBuf> = Key {
    name: "tls_ca_file",
    read: file,
};

const TLS_PUBLIC_KEYS: ListKey<PublicKeyPin> = ListKey {
    name: "tls_public_keys",
    item: |value| {
        text(value)?
            .parse()
            .map_err(|_| "has to be sha256// and the Base64 of a SHA-256".into())
    },
};

const TLS_NAME: Key<String> = Key {
    name: "tls_name",
    read: |value| text(value).map(str::to_owned),
};

const SERVICE_KEY_FILE: Key<PathBuf> = Key {
    name: "service_key_file",
    read: file,
};

/// A service at a URL, and its path, which a URL may end with.
struct Service {
    name: &'static str,
    path: &'static str,
}

const XML_SERVICE: Service = Service {
    name: "XML service",
    path: "/scripts/wpnbr.dll",
};

const TICKET_AUTHORITY: Service = Service {
    name: "ticket authority",
    path: "/scripts/ctxsta.dll",
};

/// Reads the URL of a controller.
pub(crate) fn controller(value: &DeValue<'_>) -> Result<ControllerUrl, String> {
    url(value, &XML_SERVICE)
}

/// Reads the URL of a ticket authority.
pub(crate) fn ticket_authority(value: &DeValue<'_>) -> Result<ControllerUrl, String> {
    url(value, &TICKET_AUTHORITY)
}

fn url(value: &DeValue<'_>, service: &Service) -> Result<ControllerUrl, String> {
    let form = "has to be a URL with host and port, such as \"http://10.0.0.11:8080\"";
    let url = Url::parse(text(value)?).map_err(|error| problem(error, form))?;
    let scheme = url.scheme();
    if !matches!(scheme, "http" | "https") {
        return Err(form.into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must not hold a user name or password; the farm gets those of each user".into(),
        );
    }
    if url.port() == Some(0) {
        return Err("has port 0, where no controller can listen".into());
    }
    let known_path = url.path() == "/" || url.path().eq_ignore_ascii_case(service.path);
    if !known_path || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "has to end after the port; the path of the {} is always {}",
            service.name, service.path
        ));
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    ControllerUrl::parse(&format!("{scheme}://{host}:{port}")).map_err(|error| error.to_string())
}

/// Reads scheme, host and port of another service. `form` is the error for any other text.
pub(crate) fn endpoint(value: &DeValue<'_>, form: &str) -> Result<ControllerUrl, String> {
    let text = text(value)?;
    ControllerUrl::parse(text).map_err(|_| match Url::parse(text) {
        Err(error) => problem(error, form),
        Ok(_) => form.to_owned(),
    })
}

/// Returns what is wrong with a text that is no URL: its port, or its form.
fn problem(error: ParseError, form: &str) -> String {
    match error {
        ParseError::InvalidPort => BaseUrlError::Port.to_string(),
        _ => form.to_owned(),
    }
}

/// Reads the order in which controllers are tried.
pub(crate) fn order(value: &DeValue<'_>) -> Result<ControllerOrder, String> {
    word(
        value,
        &[
            ("ordered", ControllerOrder::Ordered),
            ("balanced", ControllerOrder::Balanced),
        ],
    )
}

/// Returns the default time for a connection: each controller gets an equal part of the deadline,
/// and one part is left for the response.
pub(crate) fn default_connect_timeout(timeout: Duration, controllers: usize) -> Duration {
    let parts = u64::try_from(controllers).unwrap_or(u64::MAX);
    let part = whole_milliseconds(timeout) / parts.saturating_add(1);
    Duration::from_millis(part.max(1)).min(LONGEST_CONNECT)
}

/// Returns the default time for a response. It leaves a second controller enough of the deadline
/// for its response.
pub(crate) fn default_response_timeout(timeout: Duration) -> Duration {
    Duration::from_millis(whole_milliseconds(timeout) / 5 * 3)
}

/// Reads `service_key_file`, and the keys in the file. Returns `None` if the key is absent, or if
/// it is wrong, which is reported.
pub(crate) fn service_keys(section: &mut Section<'_>, files: &dyn Files) -> Option<ServiceKeys> {
    section.optional_and(&SERVICE_KEY_FILE, |path| keys_in(&path, files))
}

/// Reads a `service_key_file` that has to be there, as [`service_keys`] does.
pub(crate) fn required_service_keys(
    section: &mut Section<'_>,
    files: &dyn Files,
) -> Option<ServiceKeys> {
    section.required_and(&SERVICE_KEY_FILE, |path| keys_in(&path, files))
}

fn keys_in(path: &Path, files: &dyn Files) -> Result<ServiceKeys, String> {
    let keys = files.read_secret(path, LARGEST_KEY_FILE);
    let keys = keys.map_err(|error| error.to_string())?;
    let keys = String::from_utf8(keys).map_err(|_| "names a file that is not text")?;
    ServiceKeys::parse(&keys).map_err(|error| format!("names a file that {error}"))
}

fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Reads `tls_ca_file`, `tls_public_keys` and `tls_name`, and checks that they can be used. Returns
/// `None` if no controller has a URL with `https`.
pub(crate) fn tls(
    section: &mut Section<'_>,
    controllers: &[ControllerUrl],
    files: &dyn Files,
) -> Option<ControllerTls> {
    let authorities = section.optional_and(&TLS_CA_FILE, |path| {
        files
            .read(&path, LARGEST_CA_FILE)
            .map_err(|error| error.to_string())
    });
    let keys = section.optional_list(&TLS_PUBLIC_KEYS);
    let name = section.optional(&TLS_NAME);
    let (first, trust) = match (authorities, keys.is_empty()) {
        (None, true) => (TLS_NAME.name, Trust::System),
        (Some(pem), true) => (TLS_CA_FILE.name, Trust::Authorities(pem)),
        (None, false) => {
            if name.is_some() {
                let problem = "`tls_name` has no effect with `tls_public_keys`; leave it out";
                section.error(TLS_NAME.name, problem);
            }
            (TLS_PUBLIC_KEYS.name, Trust::PublicKeys(keys))
        }
        (Some(_), false) => {
            let problem = "`tls_public_keys` and `tls_ca_file` exclude each other; leave out one \
                           of them";
            section.error(TLS_PUBLIC_KEYS.name, problem);
            return None;
        }
    };
    let is_secure = |controller: &ControllerUrl| controller.security() == Security::Tls;
    if !controllers.iter().any(is_secure) {
        if trust != Trust::System || name.is_some() {
            let problem = format!("`{first}` is for controllers that begin with https://");
            section.error(first, problem);
        }
        return None;
    }
    let tls = ControllerTls { trust, name };
    if let Err(problem) = files.check_controller_tls(&tls) {
        // Without any of these keys, the system lacks authorities.
        let unusable = match (&tls.trust, &tls.name) {
            (Trust::System, None) => "https://",
            _ => first,
        };
        section.error(first, format!("`{unusable}` cannot be used: {problem}"));
    }
    Some(tls)
}
