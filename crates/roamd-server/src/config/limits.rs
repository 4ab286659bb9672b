//! `[limits]`: what clients may take of the gateway.

use std::time::Duration;

use super::section::{Section, number};

/// What clients may take of the gateway, in connections, requests and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Of connections.
    pub connections: roamd_http::ListenerLimits,
    /// Requests that are being answered at the same time. More hear `503`.
    pub requests: usize,
    /// Those of one client.
    pub requests_per_client: usize,
    /// How long the body of a request may take to arrive.
    pub body: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: roamd_http::ListenerLimits {
                connections_per_client: 256,
                ..roamd_http::ListenerLimits::default()
            },
            requests: 2_048,
            requests_per_client: 256,
            body: Duration::from_secs(10),
        }
    }
}

/// Reads the section; what it leaves out has its default.
pub(super) fn read(root: &mut Section<'_>) -> ServerLimits {
    let mut section = root.section("limits", "[limits]");
    let default = ServerLimits::default();
    let mut count = |key, default: usize| {
        section.or(key, default, |value| {
            let count = number(value, 1, 1_000_000)?;
            usize::try_from(count).map_err(|error| error.to_string())
        })
    };
    let connections = count("connections", default.connections.connections);
    let connections_per_client = count(
        "connections_per_client",
        default.connections.connections_per_client,
    );
    let requests = count("requests", default.requests);
    let requests_per_client = count("requests_per_client", default.requests_per_client);
    let mut seconds = |key, default: Duration| {
        section.or(key, default, |value| {
            number(value, 1, 3_600).map(Duration::from_secs)
        })
    };
    let limits = ServerLimits {
        connections: roamd_http::ListenerLimits {
            connections,
            connections_per_client,
            first_byte: seconds("first_byte_seconds", default.connections.first_byte),
            head: seconds("head_seconds", default.connections.head),
            answer: seconds("answer_seconds", default.connections.answer),
            drain: default.connections.drain,
        },
        requests,
        requests_per_client,
        body: seconds("body_seconds", default.body),
    };
    section.finish();
    limits
}
