//! The whole file: its keys outside of sections, and the rules across sections.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;

use crate::base_url::{BaseUrl, BaseUrlError, Scheme};
use crate::base_urls::BaseUrls;
use crate::files::Files;
use crate::listen_address::listen_address;
use crate::reader::key::{DefaultKey, Key, KnownSection, ListKey, Read};
use crate::reader::report::LineError;
use crate::reader::report::Report;
use crate::reader::section::{Section, cut};
use crate::reader::value::{folder, seconds, text};
use crate::sections::audit::{self, Audit};
use crate::sections::authentication::{self, Authentication};
use crate::sections::keys::{self, Keys};
use crate::sections::listener::{self, ListenerConfig};
use crate::sections::login_throttle::{self, LoginThrottle};
use crate::sections::state::{self, State};
use crate::sections::store::{self, Store};
use crate::sections::tracing::{self, Tracing};

pub(crate) const LISTEN: Key<SocketAddr> = Key {
    name: "listen",
    read: |value| listen_address(text(value)?).map_err(|error| error.to_string()),
};

const BASE_URL: Key<BaseUrl> = Key {
    name: "base_url",
    read: READ_BASE_URL,
};

const BASE_URLS: ListKey<BaseUrl> = ListKey {
    name: "base_urls",
    item: READ_BASE_URL,
};

const READ_BASE_URL: Read<BaseUrl> = |value| {
    text(value)?
        .parse()
        .map_err(|error: BaseUrlError| error.to_string())
};

pub(crate) const DATA_DIR: Key<PathBuf> = Key {
    name: "data_dir",
    read: folder,
};

const PROBE_SECONDS: DefaultKey<Option<Duration>> = DefaultKey {
    name: "probe_seconds",
    default: || Config::DEFAULT_PROBE_INTERVAL,
    read: |value| {
        let interval = seconds(value, 0..=3_600)?;
        Ok((!interval.is_zero()).then_some(interval))
    },
};

/// The whole configuration of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the server accepts connections.
    pub listen: SocketAddr,
    /// Scheme, host and port that clients use; all URLs in responses begin with one of them.
    pub base_urls: BaseUrls,
    /// Folder of the audit log, and of the keys and the embedded state.
    pub data_dir: PathBuf,
    /// Interval at which idle controllers and ticket authorities are probed; `None` if they are
    /// not.
    pub probe_interval: Option<Duration>,
    /// The listener for clients.
    pub listener: ListenerConfig,
    /// The audit log; `None` if it is disabled.
    pub audit: Option<Audit>,
    /// Traces of requests.
    pub tracing: Tracing,
    /// Sign-in, shared by all stores.
    pub authentication: Authentication,
    /// Limits on password attempts.
    pub login_throttle: LoginThrottle,
    /// Keys of tokens and session ids.
    pub keys: Keys,
    /// Where the state and the keys are.
    pub state: State,
    /// The stores; at least one.
    pub stores: Vec<Store>,
}

impl Config {
    /// Default of [`Config::probe_interval`].
    pub const DEFAULT_PROBE_INTERVAL: Option<Duration> = Some(Duration::from_secs(10));

    /// Whether passwords and tokens cross a network unencrypted, unless a proxy on this machine is
    /// in front of the server.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        self.listener.tls.is_none() && !self.listen.ip().to_canonical().is_loopback()
    }
}

/// Reads and checks the text of a configuration.
///
/// # Errors
/// All errors, in the order of their lines; at least one.
pub fn parse(text: &str, files: &dyn Files) -> Result<Config, Vec<LineError>> {
    parse_and_list_keys(text, files).0
}

/// Parses a configuration, and lists its sections with the keys that are known in them.
pub(crate) fn parse_and_list_keys(
    text: &str,
    files: &dyn Files,
) -> (Result<Config, Vec<LineError>>, Vec<KnownSection>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let message = match (error.message(), text.get(span.clone())) {
            ("duplicate key", Some(key)) => format!("duplicate key `{}`", cut(key)),
            (message, _) => message.to_owned(),
        };
        report.error(span.start, message);
    }
    // After a syntax error the parser may misread the rest, so values are not checked.
    let config = if errors.is_empty() {
        checked(Section::root(document.get_ref(), &report), files)
    } else {
        None
    };
    let (errors, known) = report.into_parts();
    match config {
        Some(config) if errors.is_empty() => (Ok(config), known),
        _ => (Err(errors), known),
    }
}

/// Returns `None` if a value without a default is missing or wrong, which is reported.
fn checked(mut root: Section<'_>, files: &dyn Files) -> Option<Config> {
    let listen = root.required(&LISTEN);
    let base_urls = base_urls(&mut root);
    let data_dir = root.required(&DATA_DIR);
    let probe_interval = root.value(&PROBE_SECONDS);
    let listener = listener::read(&mut root, files);
    let has_tls = listener.as_ref().is_some_and(|it| it.tls.is_some());
    let is_http = |urls: &BaseUrls| urls.scheme() == Scheme::Http;
    if has_tls && base_urls.as_ref().is_some_and(is_http) {
        let key = if root.has(BASE_URLS.name) {
            BASE_URLS.name
        } else {
            BASE_URL.name
        };
        let problem = format!("`{key}` has to begin with https:// where there is a [tls] section");
        root.error(key, problem);
    }
    let (stores, farms) = store::read_all(&mut root, files);
    let audit = audit::read(&mut root);
    let tracing = tracing::read(&mut root);
    let authentication = authentication::read(&mut root, &stores, &farms);
    let login_throttle = login_throttle::read(&mut root);
    let token_lifetime_max = authentication.as_ref().map(|it| it.token_lifetime_max);
    let mut keys_section = root.section("keys", "[keys]");
    let keys = keys::read(&mut keys_section, token_lifetime_max);
    let state = state::read(&mut root, &mut keys_section, files);
    keys_section.finish();
    root.finish();
    Some(Config {
        listen: listen?,
        base_urls: base_urls?,
        data_dir: data_dir?,
        probe_interval,
        listener: listener?,
        audit,
        tracing,
        authentication: authentication?,
        login_throttle,
        keys,
        state: state?,
        stores,
    })
}

/// Reads `base_url`, or `base_urls` in its place. Returns `None` if it is missing or wrong, which
/// is reported.
pub(crate) fn base_urls(root: &mut Section<'_>) -> Option<BaseUrls> {
    if !root.has(BASE_URLS.name) {
        root.optional_list(&BASE_URLS);
        return root.required(&BASE_URL).map(BaseUrls::from);
    }
    if root.optional(&BASE_URL).is_some() {
        let problem = "`base_url` and `base_urls` exclude each other; leave out one of them";
        root.error(BASE_URL.name, problem);
    }
    let mut urls = root.required_list(&BASE_URLS).into_iter();
    BaseUrls::new(urls.next()?, urls.collect())
        .inspect_err(|problem| root.error(BASE_URLS.name, format!("`base_urls` {problem}")))
        .ok()
}
