//! The audit scope of a request.

use std::net::IpAddr;

use roamd_citrixauth::TokenId;
use roamd_sessions::User;

use super::event::{Event, Line, account};
use super::log::AuditLog;
use super::sign_in_id::SignInId;
use crate::clock::Clock;
use crate::http::client_address::client_key;
use crate::http::request_id::RequestId;

/// Common fields of all audit lines of one request.
#[derive(Clone)]
pub(crate) struct AuditScope {
    log: AuditLog,
    request: RequestId,
    /// Address of the client.
    address: IpAddr,
    clock: Clock,
}

impl AuditScope {
    pub(crate) fn new(log: AuditLog, request: RequestId, address: IpAddr, clock: Clock) -> Self {
        Self {
            log,
            request,
            address,
            clock,
        }
    }

    /// Records an event. Does not wait until it is written.
    pub(crate) fn record(&self, event: Event) {
        self.log.record(self.line(event));
    }

    /// Notes that the client has signed in: its address is no new one for the tokens of this
    /// sign-in.
    pub(crate) fn note_sign_in(&self, sign_in: TokenId) {
        let (address, now) = (client_key(self.address), (self.clock)());
        self.log.add_address(sign_in, address, now);
    }

    /// Notes that the client uses a token. Records an event if the tokens of this sign-in have not
    /// been used from its address before.
    pub(crate) fn note_use(&self, user: &User, sign_in: TokenId, operation: &'static str) {
        let (address, now) = (client_key(self.address), (self.clock)());
        if !self.log.knows_address(sign_in, address, now) {
            let line = self.line(Event::TokenUsed {
                user: account(user.domain(), user.name()),
                sign_in: SignInId::of(sign_in),
                operation,
            });
            self.log.record_new_address(line, sign_in, address);
        }
    }

    fn line(&self, event: Event) -> Line {
        Line {
            time: (self.clock)(),
            request: Some(self.request),
            address: Some(self.address),
            event,
        }
    }
}
