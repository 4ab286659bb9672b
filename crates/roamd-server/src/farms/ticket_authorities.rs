//! Ticket authorities of a Citrix Gateway (nfuse.md §8).

use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_client::{AnswerMemory, FarmConfig, Network, Observer, StaClient, TlsError};
use roamd_nfuse_proto::sta;
use roamd_sessions::{HostPort, NoTicket, StaTicket, User};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::config;
use crate::metrics::FarmCounts;

/// The ticket authorities of one Citrix Gateway of a store. A clone uses the same client.
#[derive(Debug, Clone)]
pub(crate) struct TicketAuthorities {
    config: Arc<config::CitrixGateway>,
    client: Arc<StaClient>,
    counts: Arc<FarmCounts>,
}

impl TicketAuthorities {
    /// Name of the ticket authorities of a store's Citrix Gateway, which is counted from 1, in logs
    /// and metrics. No farm can have this id.
    pub(crate) fn id(store: &config::Store, number: usize) -> String {
        match number {
            1 => format!("gateway of {}", store.path),
            _ => format!("gateway {number} of {}", store.path),
        }
    }

    /// Makes the ticket authorities of a store's Citrix Gateway. If they are configured as
    /// `previous`, the client is the same; otherwise it begins with the health that is known there.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(crate) fn new(
        id: &str,
        gateway: &config::CitrixGateway,
        network: Arc<dyn Network>,
        counts: FarmCounts,
        memory: &AnswerMemory,
        previous: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let counts = Arc::new(counts);
        let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
        let settings = || Self::settings(id, gateway, network, Some(observer), memory);
        let client = match previous {
            Some(previous) if *previous.config == *gateway => Arc::clone(&previous.client),
            Some(previous) => Arc::new(StaClient::succeeding(&previous.client, settings()?)),
            None => Arc::new(StaClient::new(settings()?)),
        };
        Ok(Self {
            config: Arc::new(gateway.clone()),
            client,
            counts,
        })
    }

    /// Returns the settings of a client of the ticket authorities.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(super) fn settings(
        id: &str,
        gateway: &config::CitrixGateway,
        network: Arc<dyn Network>,
        observer: Option<Arc<dyn Observer>>,
        memory: &AnswerMemory,
    ) -> Result<FarmConfig, TlsError> {
        Ok(FarmConfig {
            order: gateway.authority_order,
            timeout: gateway.timeout,
            connect_timeout: gateway.connect_timeout,
            response_timeout: gateway.response_timeout,
            service_keys: gateway.service_keys.clone(),
            own_service_keys: gateway.own_service_keys.clone(),
            tls: gateway.tls.as_ref().map(config::client_tls).transpose()?,
            observer,
            memory: memory.clone(),
            ..FarmConfig::new(id, gateway.authorities.clone(), network)
        })
    }

    /// The client.
    pub(crate) fn client(&self) -> &Arc<StaClient> {
        &self.client
    }

    /// Probes the authorities now, and from then on while they are idle; `None` ends that.
    pub(crate) fn probe_when_idle(&self, interval: Option<Duration>) {
        self.client.probe_when_idle(interval);
    }

    /// Requests a ticket that replaces the address of this host, which runs this application for
    /// this user.
    ///
    /// # Errors
    /// [`NoTicket`] if no ticket authority issues one by the deadline.
    pub(super) async fn request_ticket(
        &self,
        deadline: Instant,
        user: &User,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> Result<StaTicket, NoTicket> {
        let host = host.to_string();
        let info = sta::ConnectionInfo {
            server_address: &host,
            user_name: user.name(),
            user_domain: user.domain(),
            application_name: in_name,
        };
        let data = sta::TicketData {
            x_data: Some(info.to_text()),
            ica_address: host,
        };
        let request = sta::TicketRequest::v4(data, reliable);
        let response = self.client.ticket_by(deadline, &request).await;
        let response = self.counts.record_ticket(response);
        let response = response.map_err(|error| NoTicket(error.reason()))?;
        Ok(StaTicket {
            version: response.ticket_version,
            authority: response.authority_id,
            ticket: SecretString::from(response.ticket),
        })
    }
}
