//! Signal handling: stop on SIGINT and SIGTERM, reload or stop on SIGHUP.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Receives SIGHUP. Several signals in quick succession may be received as one.
///
/// # Errors
/// If the signal handler cannot be installed.
pub(crate) fn hangups() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("cannot watch for SIGHUP")
}

/// Returns a token that SIGINT (Ctrl-C) or SIGTERM cancels.
///
/// # Errors
/// If a signal handler cannot be installed.
pub(crate) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    stop_on(&[SignalKind::interrupt(), SignalKind::terminate()])
}

/// Returns a token that SIGINT, SIGTERM or SIGHUP (closed terminal) cancels.
///
/// SIGHUP has no effect if the parent process ignores it, as `nohup` does.
///
/// # Errors
/// If a signal handler cannot be installed.
pub(crate) fn stop_on_signal_or_hangup() -> anyhow::Result<CancellationToken> {
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !is_hangup_ignored() {
        kinds.push(SignalKind::hangup());
    }
    stop_on(&kinds)
}

fn stop_on(kinds: &[SignalKind]) -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in kinds {
        let number = kind.as_raw_value();
        let mut received =
            signal(*kind).with_context(|| format!("cannot watch for signal {number}"))?;
        let stop = stop.clone();
        tokio::spawn(async move {
            received.recv().await;
            stop.cancel();
        });
    }
    Ok(stop)
}

/// Whether this process was started with SIGHUP ignored, according to `/proc/self/status`.
fn is_hangup_ignored() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit of the mask is signal 1.
    let bit = 1 << (SignalKind::hangup().as_raw_value() - 1);
    ignored.is_some_and(|ignored| ignored & bit != 0)
}
