//! The spans of one request: its own, and one for each of its farm calls.

use std::net::IpAddr;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use roamd_sessions::UserKey;
use tokio::time::Instant;

use super::context::TraceContext;
use super::farm_call::FarmCall;
use crate::http::request_id::RequestId;

/// A request that has ended, in a trace that is recorded.
#[derive(Debug)]
pub(super) struct RequestSpans {
    pub(super) context: TraceContext,
    pub(super) request: RequestId,
    pub(super) method: Method,
    /// Name of the route.
    pub(super) route: &'static str,
    /// `None` if there was no response.
    pub(super) status: Option<u16>,
    pub(super) client: IpAddr,
    pub(super) user: Option<UserKey>,
    pub(super) started: Instant,
    pub(super) took: Duration,
    pub(super) ended: Timestamp,
    pub(super) calls: Vec<FarmCall>,
}

impl RequestSpans {
    /// Number of the spans.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.calls.len()).map_or(u32::MAX, |calls| calls.saturating_add(1))
    }
}
