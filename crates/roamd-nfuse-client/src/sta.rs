//! Tickets of secure ticket authorities (nfuse.md §8).

use roamd_nfuse_proto::Service;
use roamd_nfuse_proto::sta::{TicketRequest, TicketResponse};
use tokio::time::Instant;

use crate::{CallError, ControllerReport, FarmClient, FarmConfig, ProbeResult};

/// A client of ticket authorities that stand in for each other, and are passed over and probed like
/// the controllers of a farm. Made once, and shared by all launches.
///
/// Unlike controllers they share nothing, so one that refuses does not speak for the others.
#[derive(Debug)]
pub struct StaClient(FarmClient);

impl StaClient {
    /// A client that has no connections yet. The controllers of `config` are the authorities, and
    /// its dialect does not matter.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        Self(FarmClient::of_service(Service::Sta, config))
    }

    /// The operator's name of the authorities together.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Asks every authority at once for a ticket to nowhere. The answers stand in configured order.
    pub async fn probe(&self) -> Vec<Result<ProbeResult, CallError>> {
        self.0.probe().await
    }

    /// The authorities in configured order, as requests have met them.
    pub fn authorities(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.0.controllers()
    }

    /// A ticket of the first authority that gives one, in the configured time, and by this deadline.
    ///
    /// # Errors
    /// Why the last authority that was reached gave none.
    pub async fn ticket_by(
        &self,
        deadline: Instant,
        request: &TicketRequest,
    ) -> Result<TicketResponse, CallError> {
        let deadline = deadline.min(Instant::now() + self.0.timeout());
        self.0.call_by(deadline, request).await
    }
}
