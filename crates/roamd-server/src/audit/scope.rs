//! The audit scope of a request.

use std::net::IpAddr;

use super::event::{Event, Line};
use super::log::AuditLog;
use crate::clock::Clock;
use crate::http::request_id::RequestId;

/// Common fields of all audit lines of one request.
#[derive(Clone)]
pub(crate) struct AuditScope {
    log: AuditLog,
    request: RequestId,
    /// Address of the client.
    address: Option<IpAddr>,
    clock: Clock,
}

impl AuditScope {
    pub(crate) fn new(
        log: AuditLog,
        request: RequestId,
        address: Option<IpAddr>,
        clock: Clock,
    ) -> Self {
        Self {
            log,
            request,
            address,
            clock,
        }
    }

    /// Records an event. Does not wait until it is written.
    pub(crate) fn record(&self, event: Event) {
        self.log.record(Line {
            time: (self.clock)(),
            request: Some(self.request),
            address: self.address,
            event,
        });
    }
}
