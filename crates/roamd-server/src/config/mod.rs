//! The configuration: from the text of `roamd.toml` to values that the gateway can rely on.
//!
//! [`parse`] is shared by `serve` and `config check`. It collects every fault of a file with its
//! line; what it returns has no "not set" that means a default and no name that leads nowhere.

mod audit;
mod authentication;
mod base_url;
mod controller;
mod farm;
mod keys;
mod limits;
mod listener;
mod login_throttle;
mod remote_access;
mod section;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod url_path;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use roamd_nfuse_client::{ControllerOrder, ControllerUrl, PublicKeyPin, Trust};
pub use roamd_sessions::Generation;
pub use roamd_store_proto::Lifetime;
use toml::de::DeTable;

pub use self::audit::Audit;
pub use self::authentication::{Authentication, CredentialCheck};
pub use self::base_url::{BaseUrl, BaseUrlError, Scheme};
pub use self::controller::ControllerTls;
pub use self::farm::{AddressForm, Farm};
pub use self::keys::Keys;
pub use self::limits::ServerLimits;
pub use self::listener::ListenerConfig;
pub use self::login_throttle::LoginThrottle;
pub use self::remote_access::CitrixGateway;
use self::section::{Faults, Section, text};
pub use self::store::{SpellingChoice, Store};
pub use self::tls::ListenerTls;
pub use self::url_path::{UrlPath, UrlPathError};

/// A commented configuration with every key, as `config init` writes it.
pub const SAMPLE: &str = include_str!("../../../../samples/roamd.toml");

/// Largest configuration that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The whole configuration of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the gateway accepts connections.
    pub listen: SocketAddr,
    /// What clients see; absolute URLs are made from it.
    pub base_url: BaseUrl,
    /// Folder of keys and embedded state.
    pub data_dir: PathBuf,
    /// What it shows to the network.
    pub listener: ListenerConfig,
    /// The audit log; nothing if none is kept.
    pub audit: Option<Audit>,
    /// Sign-in, shared by all stores.
    pub authentication: Authentication,
    /// How often passwords may be tried.
    pub login_throttle: LoginThrottle,
    /// Keys of tokens and ids.
    pub keys: Keys,
    /// The stores; at least one.
    pub stores: Vec<Store>,
}

impl Config {
    /// Whether passwords and tokens would cross a network as they are, unless a proxy is on this machine.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        self.listener.tls.is_none() && !self.listen.ip().to_canonical().is_loopback()
    }
}

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ConfigFault {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no configuration at all.
    #[error("{} is larger than {LARGEST} bytes, which no configuration is", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has faults, in the order of their lines; at least one.
    #[error("the configuration {} has {}", .path.display(), Count(.faults.len()))]
    Faulty {
        /// The file.
        path: PathBuf,
        /// All of them.
        faults: Vec<ConfigFault>,
    },
}

/// "1 fault", "2 faults".
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 fault"),
            count => write!(f, "{count} faults"),
        }
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// The file cannot be read, or all that is wrong with it.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.into(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    // One byte more than allowed tells a file that is too large, also one that has no length.
    file.take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(ConfigError::TooLarge { path: path.into() });
    }
    parse(&text).map_err(|faults| ConfigError::Faulty {
        path: path.into(),
        faults,
    })
}

/// Checks the text of a configuration.
///
/// # Errors
/// All faults, in the order of their lines.
pub fn parse(text: &str) -> Result<Config, Vec<ConfigFault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let faults = Faults::new(text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let message = match (error.message(), text.get(span.clone())) {
            ("duplicate key", Some(key)) => format!("duplicate key `{}`", section::cut(key)),
            (message, _) => message.to_owned(),
        };
        faults.add(span.start, message);
    }
    // What follows a break of the syntax may be read wrongly, so its meaning is not judged.
    let config = if errors.is_empty() {
        checked(Section::root(document.get_ref(), &faults))
    } else {
        None
    };
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(faults.into_sorted()),
    }
}

/// The checked values, unless one without a default is missing or wrong.
fn checked(mut root: Section<'_>) -> Option<Config> {
    let listen = root.required("listen", |value| {
        text(value)?.parse().map_err(|_| {
            "has to be an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".into()
        })
    });
    let base_url: Option<BaseUrl> = root.required("base_url", |value| {
        text(value)?
            .parse()
            .map_err(|error: BaseUrlError| error.to_string())
    });
    let data_dir = root.required("data_dir", |value| match text(value)? {
        "" => Err("has to name a folder".into()),
        folder => Ok(PathBuf::from(folder)),
    });
    let listener = listener::read(&mut root);
    if let Some(base_url) = &base_url
        && base_url.scheme() == Scheme::Http
        && listener
            .as_ref()
            .is_some_and(|listener| listener.tls.is_some())
    {
        let problem = "`base_url` has to begin with https:// where there is a [tls] section";
        root.fault("base_url", problem);
    }
    let (stores, farms) = store::read_all(&mut root);
    let audit = audit::read(&mut root);
    let authentication = authentication::read(&mut root, &stores, &farms);
    let login_throttle = login_throttle::read(&mut root);
    let token_lifetime_max = authentication.as_ref().map(|it| it.token_lifetime_max);
    let keys = keys::read(&mut root, token_lifetime_max);
    root.finish();
    Some(Config {
        listen: listen?,
        base_url: base_url?,
        data_dir: data_dir?,
        listener: listener?,
        audit,
        authentication: authentication?,
        login_throttle,
        keys,
        stores,
    })
}
