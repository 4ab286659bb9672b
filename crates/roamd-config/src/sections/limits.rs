//! `[limits]`: what clients may use of the server, in connections, requests and time.

use std::time::Duration;

use toml::de::DeValue;

use crate::reader::key::DefaultKey;
use crate::reader::section::Section;
use crate::reader::value::{number, seconds};

const CONNECTIONS: DefaultKey<usize> = DefaultKey {
    name: "connections",
    default: || 10_000,
    read: count,
};

const CONNECTIONS_PER_CLIENT: DefaultKey<usize> = DefaultKey {
    name: "connections_per_client",
    default: || 256,
    read: count,
};

const REQUESTS: DefaultKey<usize> = DefaultKey {
    name: "requests",
    default: || 2_048,
    read: count,
};

const REQUESTS_PER_CLIENT: DefaultKey<usize> = DefaultKey {
    name: "requests_per_client",
    default: || 256,
    read: count,
};

const USER_REQUEST_RATE: DefaultKey<u32> = DefaultKey {
    name: "user_request_rate",
    default: || 500,
    read: |value| number(value, 1..=1_000_000),
};

const FIRST_BYTE: DefaultKey<Duration> = DefaultKey {
    name: "first_byte_seconds",
    default: || Duration::from_secs(10),
    read: duration,
};

const HEAD: DefaultKey<Duration> = DefaultKey {
    name: "head_seconds",
    default: || Duration::from_secs(30),
    read: duration,
};

const BODY: DefaultKey<Duration> = DefaultKey {
    name: "body_seconds",
    default: || Duration::from_secs(10),
    read: duration,
};

const RESPONSE: DefaultKey<Duration> = DefaultKey {
    name: "response_seconds",
    default: || Duration::from_secs(60),
    read: duration,
};

/// Limits on clients, in connections, requests and time. A client is an IPv4
/// address or an IPv6 /64; trusted proxies are exempt from limits per client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at the same time.
    pub connections: usize,
    /// Connections of one client at the same time.
    pub connections_per_client: usize,
    /// Requests at the same time. Further requests get `503`.
    pub requests: usize,
    /// Requests of one client at the same time.
    pub requests_per_client: usize,
    /// Requests of one signed-in user in a second. Further requests wait.
    pub user_request_rate: u32,
    /// Time from the accepted connection to its first byte, TLS handshake included.
    pub first_byte: Duration,
    /// Time for the head of a request; also how long a connection may be idle.
    pub head: Duration,
    /// Time for the body of a request.
    pub body: Duration,
    /// Time for a client to take a response once the server waits for it.
    pub response: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Section::defaults(values)
    }
}

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> ServerLimits {
    let mut section = root.section("limits", "[limits]");
    let limits = values(&mut section);
    section.finish();
    limits
}

fn values(section: &mut Section<'_>) -> ServerLimits {
    ServerLimits {
        connections: section.value(&CONNECTIONS),
        connections_per_client: section.value(&CONNECTIONS_PER_CLIENT),
        requests: section.value(&REQUESTS),
        requests_per_client: section.value(&REQUESTS_PER_CLIENT),
        user_request_rate: section.value(&USER_REQUEST_RATE),
        first_byte: section.value(&FIRST_BYTE),
        head: section.value(&HEAD),
        body: section.value(&BODY),
        response: section.value(&RESPONSE),
    }
}

fn count(value: &DeValue<'_>) -> Result<usize, String> {
    number(value, 1..=1_000_000)
}

fn duration(value: &DeValue<'_>) -> Result<Duration, String> {
    seconds(value, 1..=3_600)
}
