//! Serves the socket.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use roamd_http::{HttpServer, ListenerLimits};
use tokio_util::sync::CancellationToken;

use super::commands;
use super::context::{Context, ServerFacts};
use super::socket::ControlSocket;
use crate::app::current_state::CurrentState;
use crate::app::reload::Reloader;

/// Connections at the same time. Further ones are closed at once.
const CONNECTIONS: usize = 32;

/// Limits of the socket. Its peers are commands of operators, but a fault of theirs must not stop
/// the server. They send a request at once, and read its response.
const LIMITS: ListenerLimits = ListenerLimits {
    connections: CONNECTIONS,
    connections_per_client: CONNECTIONS,
    head_bytes: 256 * 1024,
    head_bytes_per_client: 256 * 1024,
    response_bytes: 64 * 1024 * 1024,
    response_bytes_per_client: 64 * 1024 * 1024,
    first_byte: Duration::from_secs(2),
    head: Duration::from_secs(2),
    response: Duration::from_secs(5),
    drain: Duration::from_secs(2),
};

/// The control socket of a server, ready to be served.
pub(crate) struct ControlServer {
    socket: ControlSocket,
    context: Arc<Context>,
}

impl ControlServer {
    pub(crate) fn new(socket: ControlSocket, state: Arc<CurrentState>, facts: ServerFacts) -> Self {
        let context = Arc::new(Context::new(state, facts));
        Self { socket, context }
    }

    /// Lets operators reload the configuration.
    pub(crate) fn set_reloader(&self, reloader: Reloader) {
        // There is one reloader for a server.
        self.context.reloader.get_or_init(|| reloader);
    }

    /// Serves until `stop` is cancelled, and removes the socket.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Self { socket, context } = self;
        let ControlSocket { listener, file } = socket;
        let service = move |request| {
            let context = Arc::clone(&context);
            async move { commands::respond(&context, request).await }
        };
        HttpServer::new(LIMITS, one_client)
            .serve(listener, stop, service)
            .await;
        drop(file);
    }
}

/// All peers are one client: they are root and the user of the server.
fn one_client(_: IpAddr) -> IpAddr {
    Ipv4Addr::UNSPECIFIED.into()
}
