//! Asks every controller of a configuration what it can do, and every ticket authority whether it gives
//! tickets, as the gateway's own probes would.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use roamd_nfuse_client::{
    CallError, ControllerReport, FarmClient, Network, ProbeResult, StaClient, SystemNetwork,
};
use roamd_nfuse_proto::ErrorId;

use crate::ServerError;
use crate::config::{CitrixGateway, Config, Farm};
use crate::farms;

/// What came of asking one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerProbe {
    /// Path of the store that the controller's farm belongs to.
    pub store: String,
    /// Id of the farm; `gateway of` and the path of the store for a ticket authority.
    pub farm: String,
    /// URL of the controller or ticket authority.
    pub controller: String,
    /// From the begin of the connection to the end of the answer, or until it was given up.
    pub took: Duration,
    /// When the certificate expires that it showed; nothing without TLS.
    pub certificate_expiry: Option<Timestamp>,
    /// What it said, or why it counts as down: the causes on one line.
    pub answer: Result<ProbeResponse, String>,
}

/// What a controller said of its farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResponse {
    /// What it can do.
    Capable {
        /// The dialect of the answer, such as `5.4`.
        dialect: String,
        /// Names of capabilities, as the farm writes them.
        capabilities: Vec<String>,
    },
    /// It does not say, for this reason; it works all the same. Old farms do not know the question.
    Silent(String),
}

/// Asks all controllers of all farms and the ticket authorities of all gateways at once, each over a
/// connection of its own. They stand in configured order, ticket authorities last.
///
/// # Errors
/// A farm or a ticket authority cannot be reached through TLS as it is configured.
pub async fn probe(config: &Config) -> Result<Vec<ControllerProbe>, ServerError> {
    let network: Arc<dyn Network> = Arc::new(SystemNetwork::new());
    let mut probes = Vec::new();
    let mut authorities = Vec::new();
    for store in &config.stores {
        for farm in &store.farms {
            for controller in &farm.controllers {
                // A client for each, which tells apart what they do.
                let alone = Farm {
                    controllers: vec![controller.clone()],
                    ..farm.clone()
                };
                let client =
                    farms::client(&alone, Arc::clone(&network), None).map_err(|source| {
                        ServerError::FarmTls {
                            farm: farm.id.clone(),
                            source,
                        }
                    })?;
                probes.push(ask(store.path.to_string(), client));
            }
        }
        if let Some(gateway) = &store.gateway {
            for authority in &gateway.authorities {
                let alone = CitrixGateway {
                    authorities: vec![authority.clone()],
                    ..gateway.clone()
                };
                let client = farms::authorities(store, &alone, Arc::clone(&network), None)
                    .map_err(|source| ServerError::AuthorityTls {
                        store: store.path.to_string(),
                        source,
                    })?;
                authorities.push(ask_authority(store.path.to_string(), client));
            }
        }
    }
    let (probes, authorities) = join(join_all(probes), join_all(authorities)).await;
    Ok(probes.into_iter().chain(authorities).flatten().collect())
}

/// Asks the one controller of this client.
async fn ask(store: String, client: FarmClient) -> Option<ControllerProbe> {
    let started = Instant::now();
    let answer = client.probe().await.pop()?.map(|probed| capable(&probed));
    let answer = answer.or_else(|error| judge(&error));
    let report = client.controllers().next()?;
    Some(told(store, client.id(), &report, started.elapsed(), answer))
}

/// Asks the one ticket authority of this client. One that refuses gives no tickets.
async fn ask_authority(store: String, client: StaClient) -> Option<ControllerProbe> {
    let started = Instant::now();
    let answer = client.probe().await.pop()?.map(|probed| capable(&probed));
    let answer = answer.map_err(|error| error.reason());
    let report = client.authorities().next()?;
    Some(told(store, client.id(), &report, started.elapsed(), answer))
}

fn told(
    store: String,
    farm: &str,
    report: &ControllerReport<'_>,
    took: Duration,
    answer: Result<ProbeResponse, String>,
) -> ControllerProbe {
    let expiry = report.certificate_expiry;
    ControllerProbe {
        store,
        farm: farm.to_owned(),
        controller: report.controller.to_string(),
        took,
        certificate_expiry: expiry.and_then(|expiry| Timestamp::try_from(expiry).ok()),
        answer,
    }
}

fn capable(probed: &ProbeResult) -> ProbeResponse {
    let capabilities = probed.capabilities.iter();
    ProbeResponse::Capable {
        dialect: probed.dialect.to_string(),
        capabilities: capabilities.map(|id| id.0.to_string()).collect(),
    }
}

/// A farm that refuses works, unless it says that it does not.
fn judge(error: &CallError) -> Result<ProbeResponse, String> {
    match error {
        CallError::Refused(refused) if refused.id != ErrorId::SERVICE_UNAVAILABLE => {
            Ok(ProbeResponse::Silent(refused.to_string()))
        }
        error => Err(error.reason()),
    }
}
