//! Scan for secrets in logs and files, in every test.
//!
//! This process keeps everything that it logs, and every secret that a client sends or receives.
//! When a test environment stops, no secret may be in the log or in a file of the server or of the
//! farms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use regex::Regex;
use roamd_farm::World;
use roamd_nfuse_proto::encode_ctx1;
use secrecy::ExposeSecret;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;

/// Shorter secrets are not searched for, because they may occur by chance.
const MIN_LENGTH: usize = 8;

static RECORD: Mutex<Record> = Mutex::new(Record {
    log: Vec::new(),
    secrets: BTreeSet::new(),
    expected: BTreeMap::new(),
});

/// Secrets in the body of a response: tokens, state contexts and tickets.
static SECRETS_IN_BODY: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        r"<(?:[a-z0-9]+:)?(?:Token|token|StateContext|logonTicket|Ticket|ticket)(?: [^>]*)?>([^<]+)</",
        r"LogonTicket=([^\r\n&<]+)",
    ]
    .map(|expression| Regex::new(expression).unwrap())
});

struct Record {
    log: Vec<u8>,
    secrets: BTreeSet<String>,
    /// Texts of `expect_logged`, and whether they were logged since.
    expected: BTreeMap<String, bool>,
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut record = record();
        record.log.extend_from_slice(bytes);
        for (text, is_logged) in &mut record.expected {
            *is_logged = *is_logged || String::from_utf8_lossy(bytes).contains(text.as_str());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts to keep what is logged, and records the passwords of a world as secrets.
pub(crate) fn start(world: &World) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .finish()
            // The driver of a browser logs what a user types.
            .with(filter_fn(|event| !event.target().starts_with("thirtyfour")));
        tracing::subscriber::set_global_default(log).unwrap();
    });
    for user in world.domains.iter().flat_map(|domain| &domain.users) {
        record_password(user.password.expose_secret());
    }
}

/// Records a password that a client sends, right or wrong.
pub(crate) fn record_password(password: &str) {
    if password.chars().count() >= MIN_LENGTH {
        record_secret(password);
        record_secret(&encode_ctx1(password));
    }
}

/// Records the secrets of a response.
pub(crate) fn record_response(headers: &[(String, String)], body: &[u8]) {
    // A device id is no secret: it is the name of a client.
    let cookies = headers.iter().filter_map(|(name, value)| {
        let (cookie, value) = value.split_once('=')?;
        let is_secret = name.eq_ignore_ascii_case("set-cookie") && cookie != "CtxsDeviceId";
        is_secret.then(|| value.split(';').next())?
    });
    let body = std::str::from_utf8(body).unwrap_or_default();
    let in_body = SECRETS_IN_BODY
        .iter()
        .flat_map(|expression| expression.captures_iter(body))
        .filter_map(|found| found.get(1));
    cookies
        .chain(in_body.map(|found| found.as_str()))
        .for_each(record_secret);
}

/// Starts to look for these texts in log lines. Scans of other environments do not affect this.
pub fn expect_logged(texts: &[&str]) {
    let expected = texts.iter().map(|text| ((*text).to_owned(), false));
    record().expected.extend(expected);
}

/// Returns whether a text was logged since [`expect_logged`] got it.
#[must_use]
pub fn is_logged(text: &str) -> bool {
    record().expected[text]
}

/// Panics if a secret is in the log since the last scan, or in a file of these folders.
pub(crate) fn assert_no_secret(folders: &[PathBuf]) {
    let (log, secrets) = {
        let mut record = record();
        (mem::take(&mut record.log), record.secrets.clone())
    };
    let log = String::from_utf8_lossy(&log);
    let files: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a secret is in the log");
        for (path, text) in &files {
            assert!(!text.contains(secret), "a secret is in {}", path.display());
        }
    }
}

fn record_secret(secret: &str) {
    if secret.len() >= MIN_LENGTH {
        record().secrets.insert(secret.to_owned());
    }
}

fn record() -> MutexGuard<'static, Record> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the files of a folder with their content.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap_or_default();
            (path, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}
