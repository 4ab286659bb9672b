//! `RequestDisconnectUserSessions` (nfuse.md §4).

use roamd_xml::{Element, Fault, Writer};

use crate::session_selection::SessionSelection;
use crate::{Body, Effect, Request};

/// Request to disconnect the selected sessions. Their applications keep running.
#[derive(Debug, Clone, PartialEq)]
pub struct DisconnectUserSessionsRequest(pub SessionSelection);

/// All selected sessions are disconnected. There may have been none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisconnectUserSessionsResponse;

impl Body for DisconnectUserSessionsRequest {
    const ELEMENT: &'static str = "RequestDisconnectUserSessions";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        SessionSelection::read(element).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for DisconnectUserSessionsRequest {
    type Response = DisconnectUserSessionsResponse;

    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for DisconnectUserSessionsResponse {
    const ELEMENT: &'static str = "ResponseDisconnectUserSessions";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}
