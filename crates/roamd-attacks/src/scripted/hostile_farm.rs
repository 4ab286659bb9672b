//! Farms that send responses as expensive as their limits permit, or none.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use roamd_nfuse_proto::{
    Body, Dialect, HostId, ReconnectSessionDataResponse, SessionEntry, encode_response,
};
use roamd_testkit::{Script, ScriptedController};
use tokio::runtime::Runtime;

use super::attacker_runtime::{attacker_runtime, leave_processors};
use super::slow_farm;

/// Sessions in one response: as many as fit into 8 MiB.
const SESSIONS: usize = 63_000;

/// Sessions of one user that the server lists (`max_sessions`).
const LISTED_SESSIONS: usize = 5_000;

/// Size of a response, in bytes.
const RESPONSE_BYTES: usize = 8 * 1024 * 1024 - 4096;

/// Interim responses in one write, and the number of such writes: far more than a server reads.
const INTERIM_RESPONSES: usize = 2_600;
const INTERIM_WRITES: usize = 1_000;

/// A controller of a hostile farm, with the thread that runs it.
pub(super) struct HostileFarm {
    url: String,
    _runtime: Runtime,
}

/// What is expensive about a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// To merge it: many sessions.
    Merge,
    /// To send it on: as many sessions as the server lists.
    Length,
    /// To hold it: many attributes.
    Memory,
    /// To read on: interim responses without an end.
    Interim,
    /// To wait for it: the attacker gets none. A good farm responds to others.
    Time,
}

impl HostileFarm {
    /// Starts the farm, in front of a good one if it passes requests on.
    ///
    /// # Errors
    /// If its thread cannot be started.
    pub(super) fn start(cost: Cost, good: SocketAddr) -> Result<Self> {
        let runtime = attacker_runtime()?;
        // A farm that is slow for the attacker only is used by others too.
        if cost != Cost::Time {
            leave_processors(&runtime);
        }
        let script = match cost {
            Cost::Merge => Some(Script::body(many_sessions(SESSIONS))),
            Cost::Length => Some(Script::body(many_sessions(LISTED_SESSIONS))),
            Cost::Memory => Some(Script::body(many_attributes())),
            Cost::Interim => Some(interim_responses()),
            Cost::Time => None,
        };
        let url = match script {
            Some(script) => {
                let controller = runtime.block_on(ScriptedController::healthy());
                controller.discard_requests();
                controller.set_script("ReconnectSessionData", script);
                controller.url()
            }
            None => format!("http://{}", runtime.block_on(slow_farm::start(good))?),
        };
        Ok(Self {
            url,
            _runtime: runtime,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

fn interim_responses() -> Script {
    let responses = "HTTP/1.1 100 Continue\r\n\r\n".repeat(INTERIM_RESPONSES);
    Script::silence().then(responses, INTERIM_WRITES, Duration::ZERO)
}

fn many_sessions(count: usize) -> Vec<u8> {
    let session = |number: usize| SessionEntry {
        in_name: "A".to_owned(),
        server_type: "w".to_owned(),
        client_type: "i".to_owned(),
        host_id: HostId {
            kind: None,
            value: "9".to_owned(),
        },
        session_id: number.to_string(),
        ..SessionEntry::default()
    };
    encoded(ReconnectSessionDataResponse {
        sessions: (0..count).map(session).collect(),
    })
}

/// Returns a valid list with many unknown elements that have as many attributes as is permitted.
fn many_attributes() -> Vec<u8> {
    let list = encoded(ReconnectSessionDataResponse {
        sessions: Vec::new(),
    });
    let list = String::from_utf8_lossy(&list).into_owned();
    let mut element = String::from("<x");
    for number in 0..32 {
        // Writing to a string cannot fail.
        let _ = write!(element, " a{number}=\"\"");
    }
    element.push_str("/>");
    let end = "</NFuseProtocol>";
    let (before, _) = list.rsplit_once(end).unwrap_or((&list, ""));
    let times = (RESPONSE_BYTES - list.len()) / element.len();
    let filled = format!("{before}{}{end}", element.repeat(times));
    filled.into_bytes()
}

fn encoded<B: Body>(response: B) -> Vec<u8> {
    let frame = roamd_nfuse_proto::Frame {
        dialect: Dialect::new(5, 4),
        encoding: roamd_nfuse_proto::Encoding::Utf8,
    };
    encode_response(&frame, &Ok(response))
}
