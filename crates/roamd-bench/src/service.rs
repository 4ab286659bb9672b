//! The programs under load: started, asked what they have used, stopped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// Kernel ticks in a second, as `/proc` counts them on every Linux.
const TICKS: u64 = 100;

/// A program that runs until this is dropped.
pub(crate) struct Service {
    child: Child,
    /// Held so that the program may go on writing.
    _stdout: Option<BufReader<ChildStdout>>,
}

/// What a program has used so far, its child processes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time, in user space and in the kernel.
    pub(crate) cpu: Duration,
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
}

impl Service {
    /// Starts a program that prints a line `ready URL`, and gives that URL.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<(Self, String)> {
        let mut child = spawn(command, log, Stdio::piped())?;
        let stdout = child
            .stdout
            .take()
            .context("standard output was not piped")?;
        let mut service = Self {
            child,
            _stdout: None,
        };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            if let Some(url) = line.trim_end().strip_prefix("ready ") {
                let url = url.to_owned();
                service._stdout = Some(stdout);
                return Ok((service, url));
            }
            line.clear();
        }
        bail!(
            "{command:?} did not get ready:\n{}",
            fs::read_to_string(log).unwrap_or_default()
        )
    }

    /// Starts a program that is ready when it accepts connections.
    pub(crate) fn start_silent(
        command: &mut Command,
        log: &Path,
        address: SocketAddr,
    ) -> Result<Self> {
        let child = spawn(command, log, Stdio::null())?;
        let service = Self {
            child,
            _stdout: None,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > PATIENCE {
                bail!(
                    "{command:?} did not get ready:\n{}",
                    fs::read_to_string(log)?
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(service)
    }

    /// What the program and its children have used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let main = self.child.id();
        // An nginx does its work in processes that its first one starts.
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children"))?;
        let mut usage = usage_of(&main.to_string())?;
        for child in children.split_whitespace() {
            let more = usage_of(child)?;
            usage.cpu += more.cpu;
            usage.memory += more.memory;
        }
        Ok(usage)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Asked first, because a killed nginx leaves its workers behind.
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let start = Instant::now();
        while asked.is_ok() && start.elapsed() < PATIENCE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn spawn(command: &mut Command, log: &Path, stdout: Stdio) -> Result<Child> {
    let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))
}

fn usage_of(process: &str) -> Result<Usage> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    Usage::from_proc(&stat, &status).context("/proc is not as on Linux")
}

impl Usage {
    fn from_proc(stat: &str, status: &str) -> Option<Self> {
        // The name of the program is in brackets and may hold anything; utime and stime are the
        // twelfth and thirteenth field after it.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let ticks = ticks.next()?.ok()? + ticks.next()?.ok()?;
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Self {
            cpu: Duration::from_millis(ticks * 1000 / TICKS),
            memory: memory.trim().strip_suffix("kB")?.trim().parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_behind_any_program_name() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 900 0 0 0 250 31 0 0 20 0 5 0 77 1 2";
        let status = "Name:\ta\nVmPeak:\t 9000 kB\nVmRSS:\t   12345 kB\nThreads:\t5\n";
        let usage = Usage::from_proc(stat, status).unwrap();
        assert_eq!(
            usage,
            Usage {
                cpu: Duration::from_millis(2810),
                memory: 12345
            }
        );
    }
}
