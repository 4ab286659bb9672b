//! etcd for a demo of several servers: a process of its own, which ends with the demo.

use std::env;
use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::time::sleep;

use crate::exit_code::UsageError;

/// Environment variable that names the program.
const PROGRAM: &str = "ROAMD_ETCD";

/// Time for etcd to listen.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// File with the process id, in the folder of etcd.
const PROCESS_ID: &str = "etcd.pid";

/// Number of lines of the log in an error.
const LINES: usize = 3;

/// A member of etcd, which ends when it is dropped.
pub(super) struct DemoEtcd {
    process: Child,
    address: SocketAddr,
}

impl DemoEtcd {
    /// Starts a member, with its data and log in a folder.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).context("cannot create the folder of etcd")?;
        refuse_if_used(folder)?;
        let log = folder.join("etcd.log");
        let file = File::create(&log).context("cannot create the log of etcd")?;
        let (address, peer) = (free_address()?, free_address()?);
        let process = Command::new(program)
            .args(["--name=demo", "--log-level=warn"])
            .arg(format!("--data-dir={}", folder.join("data").display()))
            .arg(format!("--listen-client-urls=http://{address}"))
            .arg(format!("--advertise-client-urls=http://{address}"))
            .arg(format!("--listen-peer-urls=http://{peer}"))
            .arg(format!("--initial-advertise-peer-urls=http://{peer}"))
            .arg(format!("--initial-cluster=demo=http://{peer}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut etcd = Self { process, address };
        let id = etcd.process.id();
        fs::write(folder.join(PROCESS_ID), id.to_string())
            .context("cannot write the process id of etcd")?;
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(address).is_err() {
            let has_ended = etcd.process.try_wait()?.is_some();
            if has_ended || Instant::now() >= deadline {
                let (program, log) = (program.display(), last_lines(&log));
                bail!("{program} is no etcd, or does not start; {log}");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(etcd)
    }

    /// Returns its address for clients.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DemoEtcd {
    fn drop(&mut self) {
        // One that has ended by itself is gone.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns the etcd that `ROAMD_ETCD` names, or that of PATH.
///
/// # Errors
/// If there is none.
pub(super) fn find() -> Result<PathBuf, UsageError> {
    if let Some(program) = env::var_os(PROGRAM) {
        return Ok(program.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&path).map(|folder| folder.join("etcd"));
    programs.find(|program| program.is_file()).ok_or_else(|| {
        UsageError(format!(
            "several servers share their state in etcd, and there is none in PATH; install etcd \
             3.5.13 or newer (etcd-server of Debian 13, or a release of etcd-io/etcd), or name the \
             program with {PROGRAM}"
        ))
    })
}

/// Checks that no etcd of a demo that was killed uses a folder: a second one would wait for it.
fn refuse_if_used(folder: &Path) -> anyhow::Result<()> {
    let Ok(database) = File::open(folder.join("data/member/snap/db")) else {
        return Ok(());
    };
    if !matches!(database.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(());
    }
    let id = fs::read_to_string(folder.join(PROCESS_ID));
    let end = match id.as_deref().map(str::parse::<u32>) {
        Ok(Ok(id)) => format!("`kill {id}`"),
        _ => "`kill` and its process id".to_owned(),
    };
    let folder = folder.display();
    bail!(
        "another etcd uses {folder}: that of a demo that runs, or that was killed; end it with \
         {end}, or name another folder with --data"
    )
}

/// Returns the last lines of a log, on one line.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..);
    match last.unwrap_or_default() {
        [] => "its log is empty".to_owned(),
        last => format!("its log ends with: {}", last.join(" / ")),
    }
}

/// Returns an address that no program listens on.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.context("cannot open a port for etcd")?;
    Ok(listener.local_addr()?)
}
