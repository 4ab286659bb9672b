//! What the commands that serve have in common.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// Runs a command that needs a runtime.
pub(crate) fn block_on(
    command: impl Future<Output = anyhow::Result<Exit>>,
) -> anyhow::Result<Exit> {
    tokio::runtime::Runtime::new()
        .context("cannot start the runtime")?
        .block_on(command)
}

/// An address to listen on, as an argument.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "has to be an address and a port, such as 127.0.0.1:8080".into())
}

/// Listens on an address. `advice` says what to do when the port is taken.
pub(crate) async fn listen(address: SocketAddr, advice: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                anyhow::anyhow!("{address} is in use by another program; stop it, or {advice}")
            }
            io::ErrorKind::PermissionDenied => {
                anyhow::anyhow!("no permission to listen on {address}; {advice}")
            }
            _ => anyhow::Error::new(error).context(format!("cannot listen on {address}; {advice}")),
        })
}

/// Notifies of each SIGHUP; several that come at once are one.
pub(crate) fn notify_on_hangup(notify: Arc<Notify>) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot watch for SIGHUP")?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            notify.notify_one();
        }
    });
    Ok(())
}

/// A token that is cancelled by Ctrl-C or SIGTERM.
pub(crate) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    stop_on(&[SignalKind::interrupt(), SignalKind::terminate()])
}

/// The same, and cancelled when its terminal goes away (SIGHUP), unless whoever started the command
/// wants it to live on then, as `nohup` does.
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

/// Whether this process was started with SIGHUP ignored, by what the system says of it.
fn is_hangup_ignored() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is that of signal 1.
    let bit = 1 << (SignalKind::hangup().as_raw_value() - 1);
    ignored.is_some_and(|ignored| ignored & bit != 0)
}
