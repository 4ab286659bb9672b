//! Programs under load: start, resource usage, stop.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Longest time for a program to start, and to stop.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Kernel ticks in a second, as `/proc` counts them on every Linux.
const TICKS: u64 = 100;

/// A running program, which is stopped when this is dropped.
pub struct Process {
    child: Child,
    /// Kept open, so that the program can write to it.
    _stdout: Option<BufReader<ChildStdout>>,
}

/// Resources that a program and its child processes have used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in user space and in the kernel.
    pub cpu: Duration,
    /// Resident memory, in KiB.
    pub memory: u64,
    /// Most resident memory that the program has had so far, in KiB.
    pub peak_memory: u64,
}

impl Process {
    /// Starts a program that prints a line `ready URL`, and returns that URL.
    ///
    /// # Errors
    /// If the program cannot be started, or ends before it prints the line.
    pub fn start(command: &mut Command, log: &Path) -> Result<(Self, String)> {
        let mut child = spawn(command, log, Stdio::piped())?;
        let stdout = child
            .stdout
            .take()
            .context("standard output was not piped")?;
        let mut process = Self {
            child,
            _stdout: None,
        };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while stdout.read_line(&mut line)? > 0 {
            if let Some(url) = line.trim_end().strip_prefix("ready ") {
                let url = url.to_owned();
                process._stdout = Some(stdout);
                return Ok((process, url));
            }
            line.clear();
        }
        bail!(
            "{command:?} did not become ready:\n{}",
            fs::read_to_string(log).unwrap_or_default()
        )
    }

    /// Starts a program that is ready when it accepts connections.
    ///
    /// # Errors
    /// If the program cannot be started, or accepts no connection in time.
    pub fn start_silent(command: &mut Command, log: &Path, address: SocketAddr) -> Result<Self> {
        let child = spawn(command, log, Stdio::null())?;
        let process = Self {
            child,
            _stdout: None,
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > TIMEOUT {
                bail!(
                    "{command:?} did not become ready:\n{}",
                    fs::read_to_string(log)?
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// Returns the resources that the program and its children have used so far.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub fn usage(&self) -> Result<Usage> {
        let main = self.child.id();
        // The work of nginx is done by child processes.
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children"))?;
        let mut usage = usage_of(&main.to_string())?;
        for child in children.split_whitespace() {
            let more = usage_of(child)?;
            usage.cpu += more.cpu;
            usage.memory += more.memory;
            usage.peak_memory += more.peak_memory;
        }
        Ok(usage)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A signal first, because the workers of nginx survive a killed parent.
        let signalled = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let start = Instant::now();
        while signalled.is_ok() && start.elapsed() < TIMEOUT {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
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
    Usage::from_proc(&stat, &status).context("/proc does not have the format of Linux")
}

impl Usage {
    fn from_proc(stat: &str, status: &str) -> Option<Self> {
        // The name of the program is in parentheses and may contain any character. utime and stime
        // are the twelfth and thirteenth field after it.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let ticks = ticks.next()?.ok()? + ticks.next()?.ok()?;
        let memory = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse().ok()
        };
        Some(Self {
            cpu: Duration::from_millis(ticks * 1000 / TICKS),
            memory: memory("VmRSS:")?,
            peak_memory: memory("VmHWM:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_parsed_after_any_program_name() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 900 0 0 0 250 31 0 0 20 0 5 0 77 1 2";
        let status =
            "Name:\ta\nVmPeak:\t 9000 kB\nVmHWM:\t 20000 kB\nVmRSS:\t   12345 kB\nThreads:\t5\n";
        let usage = Usage::from_proc(stat, status).unwrap();
        assert_eq!(
            usage,
            Usage {
                cpu: Duration::from_millis(2810),
                memory: 12345,
                peak_memory: 20000,
            }
        );
    }
}
