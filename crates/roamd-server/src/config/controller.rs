//! What `[[store.farm]]` says of its controllers: where they are, and how they prove who they are.

use std::fs::{self, File};
use std::io::Read;

use roamd_nfuse_client::{ControllerUrl, PublicKeyPin, Security, ServiceKeys, Trust};
use toml::de::DeValue;
use url::Url;

use super::section::{Section, text};

/// A service that a URL may end with the path of.
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

/// Largest file of service keys that is read, in bytes.
const LARGEST_KEY_FILE: u64 = 4 * 1024;

/// Largest file of certificate authorities that is read, in bytes.
const LARGEST_CA_FILE: u64 = 4 * 1024 * 1024;

/// How the `https` controllers of a farm prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerTls {
    /// Which certificates are believed.
    pub trust: Trust,
    /// The name that certificates have to be for, if it is not that of the URL.
    pub name: Option<String>,
}

impl Default for ControllerTls {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            name: None,
        }
    }
}

impl ControllerTls {
    /// What connections are made with.
    pub(crate) fn open(
        &self,
    ) -> Result<roamd_nfuse_client::ClientTls, roamd_nfuse_client::TlsError> {
        roamd_nfuse_client::ClientTls::new(&self.trust, self.name.as_deref())
    }
}

/// Whether a controller is reached through TLS.
pub(super) fn is_secure(controller: &ControllerUrl) -> bool {
    controller.security() == Security::Tls
}

/// Reads the URL of a controller.
pub(super) fn read(value: &DeValue<'_>) -> Result<ControllerUrl, String> {
    url(value, &XML_SERVICE)
}

/// Reads the URL of a ticket authority.
pub(super) fn read_authority(value: &DeValue<'_>) -> Result<ControllerUrl, String> {
    url(value, &TICKET_AUTHORITY)
}

fn url(value: &DeValue<'_>, service: &Service) -> Result<ControllerUrl, String> {
    let form = || "has to be a URL with host and port, such as \"http://10.0.0.11:8080\"".into();
    let url = Url::parse(text(value)?).map_err(|_| form())?;
    let scheme = url.scheme();
    if !matches!(scheme, "http" | "https") {
        return Err(form());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password; the users' own go to the farm".into());
    }
    if url.port() == Some(0) {
        return Err("has port 0, where no controller can listen".into());
    }
    let known_path = url.path() == "/" || url.path().eq_ignore_ascii_case(service.path);
    if !known_path || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "has to end after the port; the {} is always {}",
            service.name, service.path
        ));
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    ControllerUrl::parse(&format!("{scheme}://{host}:{port}")).map_err(|error| error.to_string())
}

/// Reads the file of service keys.
pub(super) fn service_keys(value: &DeValue<'_>) -> Result<ServiceKeys, String> {
    let keys = file(value, LARGEST_KEY_FILE)?;
    let keys = String::from_utf8(keys).map_err(|_| "names a file that is not text")?;
    ServiceKeys::parse(&keys).map_err(|error| format!("names a file that {error}"))
}

/// Reads `tls_ca_file`, `tls_public_keys` and `tls_name`. Nothing if the farm has no controllers that
/// need them.
pub(super) fn tls(farm: &mut Section<'_>, controllers: &[ControllerUrl]) -> Option<ControllerTls> {
    let authorities = farm.optional("tls_ca_file", |value| file(value, LARGEST_CA_FILE));
    let keys: Vec<PublicKeyPin> = farm.list("tls_public_keys", |value| {
        text(value)?
            .parse()
            .map_err(|_| "has to be sha256// and the Base64 of a SHA-256".to_owned())
    });
    let name = farm.optional("tls_name", |value| text(value).map(str::to_owned));
    let (first, trust) = match (authorities, keys.is_empty()) {
        (None, true) => ("tls_name", Trust::System),
        (Some(pem), true) => ("tls_ca_file", Trust::Authorities(pem)),
        (None, false) => {
            if name.is_some() {
                farm.fault(
                    "tls_name",
                    "`tls_name` is not asked for where `tls_public_keys` are",
                );
            }
            ("tls_public_keys", Trust::PublicKeys(keys))
        }
        (Some(_), false) => {
            let problem = "`tls_public_keys` are believed whoever made the certificate; leave out \
                           either them or `tls_ca_file`";
            farm.fault("tls_public_keys", problem);
            return None;
        }
    };
    if !controllers.iter().any(is_secure) {
        if trust != Trust::System || name.is_some() {
            farm.fault(
                first,
                format!("`{first}` is for controllers that begin with https://"),
            );
        }
        return None;
    }
    let tls = ControllerTls { trust, name };
    if let Err(error) = tls.open() {
        farm.fault(first, format!("`{first}` cannot be used: {error}"));
    }
    Some(tls)
}

/// Reads a file while the configuration is read that names it, so that a check of it finds their
/// faults.
fn file(value: &DeValue<'_>, largest: u64) -> Result<Vec<u8>, String> {
    let path = text(value)?;
    let unreadable = |error| format!("names a file that cannot be read: {error}");
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("has to be the path of a file".into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(largest).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(bytes)
}
