//! Probe of all controllers and ticket authorities of a configuration, with the requests of the
//! server's own probes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use roamd_nfuse_client::{
    AnswerMemory, CallError, ControllerReport, FarmClient, Network, ProbeResult, ProbedService,
    StaClient, SystemNetwork,
};
use roamd_nfuse_proto::ErrorId;

use super::client_settings::client_settings;
use super::ticket_authorities::TicketAuthorities;
use crate::config::{CitrixGateway, Config, Farm};
use crate::error::ServerError;

/// Result of probing one controller or ticket authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerProbe {
    /// Path of the store that the controller's farm belongs to.
    pub store: String,
    /// Id of the farm; for a ticket authority `gateway of` and the path of the store.
    pub farm: String,
    /// URL of the controller or ticket authority.
    pub controller: String,
    /// Time from the start of the connection to the end of the response, or until the timeout.
    pub took: Duration,
    /// Expiry of its certificate; `None` without TLS.
    pub certificate_expiry: Option<Timestamp>,
    /// Its response, or why it counts as down: all causes on one line.
    pub result: Result<ProbeResponse, String>,
}

/// Response of a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResponse {
    /// It sent the capabilities of its farm.
    Capable {
        /// Dialect of the response, such as `5.4`.
        dialect: String,
        /// Names of the capabilities, as the farm spells them.
        capabilities: Vec<String>,
    },
    /// A ticket authority issued a ticket.
    TicketAuthority {
        /// Dialect of the response.
        dialect: String,
        /// Its `AuthorityID`, as in the configuration of Citrix Gateway.
        id: String,
    },
    /// It works, but refused to send capabilities, for this reason. Old farms do not know the
    /// request.
    Silent(String),
}

/// Probes all controllers of all farms and the ticket authorities of all Citrix Gateways at once,
/// each over a connection of its own. Results are in configured order, ticket authorities last.
///
/// # Errors
/// If the TLS configuration of a farm or of ticket authorities cannot be used.
pub async fn probe(config: &Config) -> Result<Vec<ControllerProbe>, ServerError> {
    let network: Arc<dyn Network> = Arc::new(SystemNetwork::new());
    let memory = AnswerMemory::new();
    let mut probes = Vec::new();
    let mut authorities = Vec::new();
    for store in &config.stores {
        for farm in &store.farms {
            for controller in &farm.controllers {
                // A client for each controller, so that each has a result.
                let alone = Farm {
                    controllers: vec![controller.clone()],
                    ..farm.clone()
                };
                let settings = client_settings(&alone, Arc::clone(&network), None, &memory);
                let settings = settings.map_err(|source| ServerError::FarmTls {
                    farm: farm.id.clone(),
                    source,
                })?;
                let client = FarmClient::new(settings);
                probes.push(probe_controller(store.path.to_string(), client));
            }
        }
        for (number, gateway) in (1..).zip(&store.gateways) {
            let id = TicketAuthorities::id(store, number);
            for authority in &gateway.authorities {
                let alone = CitrixGateway {
                    authorities: vec![authority.clone()],
                    ..gateway.clone()
                };
                let network = Arc::clone(&network);
                let settings = TicketAuthorities::settings(&id, &alone, network, None, &memory);
                let settings = settings.map_err(|source| ServerError::AuthorityTls {
                    store: store.path.to_string(),
                    source,
                })?;
                let client = StaClient::new(settings);
                authorities.push(probe_authority(store.path.to_string(), client));
            }
        }
    }
    let (probes, authorities) = join(join_all(probes), join_all(authorities)).await;
    Ok(probes.into_iter().chain(authorities).flatten().collect())
}

/// Probes the only controller of this client.
async fn probe_controller(store: String, client: FarmClient) -> Option<ControllerProbe> {
    let started = Instant::now();
    let response = client.probe().await.pop()?.map(response);
    let response = response.or_else(|error| silent_or_down(&error));
    let report = client.controllers().next()?;
    Some(result(
        store,
        client.id(),
        &report,
        started.elapsed(),
        response,
    ))
}

/// Probes the only ticket authority of this client. One that refuses issues no tickets.
async fn probe_authority(store: String, client: StaClient) -> Option<ControllerProbe> {
    let started = Instant::now();
    let response = client.probe().await.pop()?.map(response);
    let response = response.map_err(|error| error.reason());
    let report = client.authorities().next()?;
    Some(result(
        store,
        client.id(),
        &report,
        started.elapsed(),
        response,
    ))
}

fn result(
    store: String,
    farm: &str,
    report: &ControllerReport<'_>,
    took: Duration,
    response: Result<ProbeResponse, String>,
) -> ControllerProbe {
    let expiry = report.certificate_expiry;
    ControllerProbe {
        store,
        farm: farm.to_owned(),
        controller: report.controller.to_string(),
        took,
        certificate_expiry: expiry.and_then(|expiry| Timestamp::try_from(expiry).ok()),
        result: response,
    }
}

fn response(probed: ProbeResult) -> ProbeResponse {
    let dialect = probed.dialect.to_string();
    match probed.service {
        ProbedService::Farm { capabilities } => ProbeResponse::Capable {
            dialect,
            capabilities: capabilities.iter().map(|id| id.0.to_string()).collect(),
        },
        ProbedService::TicketAuthority { id } => ProbeResponse::TicketAuthority { dialect, id },
    }
}

/// Converts an error. A controller that refuses works, unless it says that it is out of service.
fn silent_or_down(error: &CallError) -> Result<ProbeResponse, String> {
    match error {
        CallError::Refused(refused) if refused.id != ErrorId::SERVICE_UNAVAILABLE => {
            Ok(ProbeResponse::Silent(refused.to_string()))
        }
        error => Err(error.reason()),
    }
}
