//! Watches that nothing secret is written down, whatever a test is about.
//!
//! What this process logs is kept, however much it logs, and so is every secret that a client says or
//! is told. When a site stops, no secret may be in the log, nor in a file of the gateway or of the farms.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use regex::Regex;
use roamd_farm::World;
use roamd_nfuse_proto::encode_ctx1;
use secrecy::ExposeSecret;
use tracing_subscriber::filter::LevelFilter;

use crate::Response;

/// What is shorter may stand somewhere by chance.
const LEAST: usize = 8;

static WATCH: Mutex<Watch> = Mutex::new(Watch {
    log: Vec::new(),
    secrets: BTreeSet::new(),
});

/// Where a client is told a secret: tokens, state contexts, tickets, cookies.
static TOLD: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        r"<(?:[a-z0-9]+:)?(?:Token|token|StateContext|logonTicket|Ticket|ticket)(?: [^>]*)?>([^<]+)</",
        r"LogonTicket=([^\r\n&<]+)",
    ]
    .map(|expression| Regex::new(expression).unwrap())
});

struct Watch {
    log: Vec<u8>,
    secrets: BTreeSet<String>,
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        watch().log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from now on, and takes the passwords of a world for secrets.
pub(crate) fn begin(world: &World) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(log).unwrap();
    });
    for user in world.domains.iter().flat_map(|domain| &domain.users) {
        password(user.password.expose_secret());
    }
}

/// A password that somebody says, right or wrong.
pub(crate) fn password(password: &str) {
    if password.chars().count() >= LEAST {
        secret(password);
        secret(&encode_ctx1(password));
    }
}

/// What a client is told.
pub(crate) fn told(response: &Response) {
    let cookies = response.headers.iter().filter_map(|(name, value)| {
        let (_, value) = value.split_once('=')?;
        (name.eq_ignore_ascii_case("set-cookie")).then(|| value.split(';').next())?
    });
    let body = std::str::from_utf8(&response.body).unwrap_or_default();
    let in_body = TOLD
        .iter()
        .flat_map(|place| place.captures_iter(body))
        .filter_map(|found| found.get(1));
    cookies
        .chain(in_body.map(|found| found.as_str()))
        .for_each(secret);
}

/// Whether a text was logged, since it was last looked for secrets.
#[must_use]
pub fn is_logged(text: &str) -> bool {
    String::from_utf8_lossy(&watch().log).contains(text)
}

/// Nothing that was logged until now holds a secret, and no file in these folders does.
pub(crate) fn look(folders: &[PathBuf]) {
    let (log, secrets) = {
        let mut watch = watch();
        (mem::take(&mut watch.log), watch.secrets.clone())
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

fn secret(secret: &str) {
    if secret.len() >= LEAST {
        watch().secrets.insert(secret.to_owned());
    }
}

fn watch() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files of a folder, and what is in them.
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
