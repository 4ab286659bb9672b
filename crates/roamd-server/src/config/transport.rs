//! Values of the configuration as the crates for HTTP and NFuse take them.

use std::time::Duration;

use roamd_config::{ControllerTls, ServerLimits};
use roamd_http::ListenerLimits;
use roamd_nfuse_client::{ClientTls, TlsError};

/// Returns the TLS of connections to controllers.
pub(crate) fn client_tls(tls: &ControllerTls) -> Result<ClientTls, TlsError> {
    ClientTls::new(&tls.trust, tls.name.as_deref())
}

/// Returns the limits of a listener that lets running requests finish for up to `drain` when the
/// server stops.
pub(crate) fn listener_limits(limits: &ServerLimits, drain: Duration) -> ListenerLimits {
    ListenerLimits {
        connections: limits.connections,
        connections_per_client: limits.connections_per_client,
        first_byte: limits.first_byte,
        head: limits.head,
        response: limits.response,
        drain,
        ..ListenerLimits::default()
    }
}
