//! Asks every controller of a configuration what it can do, as the gateway's own probes would.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use roamd_nfuse_client::{CallError, FarmClient, Network, SystemNetwork};
use roamd_nfuse_proto::ErrorId;

use crate::ServerError;
use crate::config::{Config, Farm};
use crate::farms;

/// What came of asking one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerProbe {
    /// Path of the store that the controller's farm belongs to.
    pub store: String,
    /// Id of the farm.
    pub farm: String,
    /// URL of the controller.
    pub controller: String,
    /// From the begin of the connection to the end of the answer, or until it was given up.
    pub took: Duration,
    /// When the certificate expires that it showed; nothing without TLS.
    pub certificate_expiry: Option<Timestamp>,
    /// What it said, or why it counts as down: the causes on one line.
    pub answer: Result<ProbeAnswer, String>,
}

/// What a controller said of its farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
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

/// Asks all controllers of all farms at once, each over a connection of its own. They stand in
/// configured order.
///
/// # Errors
/// A farm cannot be reached through TLS as it is configured.
pub async fn probe(config: &Config) -> Result<Vec<ControllerProbe>, ServerError> {
    let network: Arc<dyn Network> = Arc::new(SystemNetwork::new());
    let mut probes = Vec::new();
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
    }
    Ok(join_all(probes).await.into_iter().flatten().collect())
}

/// Asks the one controller of this client.
async fn ask(store: String, client: FarmClient) -> Option<ControllerProbe> {
    let started = Instant::now();
    let probed = client.probe().await.pop()?;
    let took = started.elapsed();
    let report = client.controllers().next()?;
    Some(ControllerProbe {
        store,
        farm: client.id().to_owned(),
        controller: report.controller.to_string(),
        took,
        certificate_expiry: report
            .certificate_expiry
            .and_then(|expiry| Timestamp::try_from(expiry).ok()),
        answer: match probed {
            Ok(probed) => Ok(ProbeAnswer::Capable {
                dialect: probed.dialect.to_string(),
                capabilities: probed
                    .capabilities
                    .iter()
                    .map(|id| id.0.to_string())
                    .collect(),
            }),
            Err(error) => judge(&error),
        },
    })
}

/// A farm that refuses works, unless it says that it does not.
fn judge(error: &CallError) -> Result<ProbeAnswer, String> {
    match error {
        CallError::Refused(refused) if refused.id != ErrorId::SERVICE_UNAVAILABLE => {
            Ok(ProbeAnswer::Silent(refused.to_string()))
        }
        error => Err(error.reason()),
    }
}
