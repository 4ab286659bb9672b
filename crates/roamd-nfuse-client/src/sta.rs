//! Client of Secure Ticket Authorities (nfuse.md §8).

use std::time::Duration;

use roamd_nfuse_proto::Service;
use roamd_nfuse_proto::sta::{TicketRequest, TicketResponse};
use tokio::time::Instant;

use crate::{CallError, ControllerReport, FarmClient, FarmConfig, ProbeResult};

/// Client of the ticket authorities of one Citrix Gateway. It is created once, and shared by all
/// launches.
///
/// Authorities are tried, skipped and probed like the controllers of a farm. Unlike controllers
/// they share no state, so after a refusal the next authority is tried.
#[derive(Debug)]
pub struct StaClient(FarmClient);

impl StaClient {
    /// Creates a client. The controllers of `config` are the authorities; its dialect is not used.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        Self(FarmClient::for_service(Service::Sta, config, None))
    }

    /// Creates a client with other settings than `previous`, as [`FarmClient::succeeding`] does.
    #[must_use]
    pub fn succeeding(previous: &Self, config: FarmConfig) -> Self {
        let previous = Some(&previous.0);
        Self(FarmClient::for_service(Service::Sta, config, previous))
    }

    /// Returns the configured id of the group of authorities.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Asks all authorities at once for a ticket that is not used. The results are in configured
    /// order.
    pub async fn probe(&self) -> Vec<Result<ProbeResult, CallError>> {
        self.0.probe().await
    }

    /// Probes the authorities while they are idle, as [`FarmClient::probe_when_idle`] does.
    pub fn probe_when_idle(&self, interval: Option<Duration>) {
        self.0.probe_when_idle(interval);
    }

    /// Returns the status of the authorities, in configured order.
    pub fn authorities(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.0.controllers()
    }

    /// Returns a ticket of the first authority that issues one. The call ends at `deadline` or
    /// after the configured limit, whichever is first.
    ///
    /// # Errors
    /// If no authority issues a ticket: the error of the last one that was reached.
    pub async fn ticket_by(
        &self,
        deadline: Instant,
        request: &TicketRequest,
    ) -> Result<TicketResponse, CallError> {
        let deadline = deadline.min(Instant::now() + self.0.timeout());
        self.0.call_by(deadline, request).await
    }
}
