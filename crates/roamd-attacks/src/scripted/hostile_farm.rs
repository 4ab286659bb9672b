//! Farms that send responses as expensive as their limits permit.

use std::fmt::Write as _;

use anyhow::Result;
use roamd_nfuse_proto::{
    Body, Dialect, HostId, ReconnectSessionDataResponse, SessionEntry, encode_response,
};
use roamd_testkit::{Script, ScriptedController};
use tokio::runtime::{Builder, Runtime};

/// Sessions in one response: as many as fit into 8 MiB.
const SESSIONS: usize = 63_000;

/// Size of a response, in bytes.
const RESPONSE_BYTES: usize = 8 * 1024 * 1024 - 4096;

/// A controller of a hostile farm, with the thread that runs it.
pub(super) struct HostileFarm {
    controller: ScriptedController,
    _runtime: Runtime,
}

/// What is expensive about a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// To merge it: many sessions.
    Merge,
    /// To hold it: many attributes.
    Memory,
}

impl HostileFarm {
    /// Starts the farm.
    ///
    /// # Errors
    /// If its thread cannot be started.
    pub(super) fn start(cost: Cost) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let controller = runtime.block_on(ScriptedController::healthy());
        controller.discard_requests();
        let response = match cost {
            Cost::Merge => many_sessions(),
            Cost::Memory => many_attributes(),
        };
        controller.set_script("ReconnectSessionData", Script::body(response));
        Ok(Self {
            controller,
            _runtime: runtime,
        })
    }

    pub(super) fn url(&self) -> String {
        self.controller.url()
    }
}

fn many_sessions() -> Vec<u8> {
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
        sessions: (0..SESSIONS).map(session).collect(),
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
