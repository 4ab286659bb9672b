//! `RequestLogoffUserSessions` (nfuse.md §4).

use roamd_xml::{Element, Fault, Writer};

use crate::session_selection::SessionSelection;
use crate::{Body, Effect, Request};

/// Request to log the selected sessions off.
#[derive(Debug, Clone, PartialEq)]
pub struct LogoffUserSessionsRequest(pub SessionSelection);

/// All selected sessions are logged off. There may have been none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogoffUserSessionsResponse;

impl Body for LogoffUserSessionsRequest {
    const ELEMENT: &'static str = "RequestLogoffUserSessions";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        SessionSelection::read(element).map(Self)
    }

    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Request for LogoffUserSessionsRequest {
    type Response = LogoffUserSessionsResponse;

    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for LogoffUserSessionsResponse {
    const ELEMENT: &'static str = "ResponseLogoffUserSessions";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}
