//! The load balancer of a demo of several servers.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// Time for the first bytes of a connection.
const FIRST_BYTES: Duration = Duration::from_secs(10);

/// Number of bytes that have the path of a web site.
const HEAD: usize = 64;

/// Pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Passes each connection to the next server, until `stop` is cancelled.
///
/// Those whose first request is for a path that begins with one of `sites` go to the first server:
/// an ICA file of a web site is collected from the server that has made it.
pub(super) async fn balance(
    listener: TcpListener,
    servers: Vec<SocketAddr>,
    sites: Vec<String>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let sites: Arc<[String]> = sites.iter().map(|path| format!(" {path}")).collect();
    for server in servers.iter().cycle() {
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else {
            return;
        };
        let Ok((client, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let (sites, first, next) = (Arc::clone(&sites), servers.first().copied(), *server);
        let stop = stop.clone();
        tasks.spawn(async move {
            let server = if is_for(&client, &sites).await {
                first.unwrap_or(next)
            } else {
                next
            };
            let passed = stop.run_until_cancelled(pass(client, server)).await;
            // Clients often end their connections without notice.
            if let Some(Err(error)) = passed
                && error.kind() != ErrorKind::ConnectionReset
            {
                debug!(%error, "Connection through the load balancer ended");
            }
        });
    }
}

/// Returns whether the first line of a connection has one of these texts.
async fn is_for(client: &TcpStream, texts: &[String]) -> bool {
    let mut head = [0; HEAD];
    let Ok(Ok(len)) = timeout(FIRST_BYTES, client.peek(&mut head)).await else {
        return false;
    };
    let head = head.get(..len).unwrap_or_default();
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let has = |text: &[u8]| line.windows(text.len()).any(|part| part == text);
    texts.iter().any(|text| has(text.as_bytes()))
}

async fn pass(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
