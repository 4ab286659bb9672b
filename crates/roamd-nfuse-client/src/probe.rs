//! Probes: requests that involve no user, to find out whether a controller works.

use std::convert::identity;
use std::sync::Arc;
use std::time::Duration;

use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilityId, Dialect, Effect, Request, Service, sta,
};
use tokio::time::{Instant, timeout};

use crate::Network;
use crate::attempt;
use crate::authority_ids::AuthorityIds;
use crate::connection_pool::ConnectionPool;
use crate::error::CallError;
use crate::observer::{Attempt, AttemptOutcome, Observer};
use crate::policy::Attempts;
use crate::request_body::request_body;

/// A probe is one attempt, at one controller.
const ONE_ATTEMPT: Attempts = Attempts {
    made: 1,
    max: 1,
    controllers_left: 0,
};

/// Settings for probes and reports that all controllers of a farm share.
#[derive(Debug)]
pub(crate) struct ProbeConfig {
    pub(crate) farm: String,
    /// The service that the client uses, and so probes.
    pub(crate) service: Service,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) dialect: Dialect,
    /// Limit for the response, from when there is a connection.
    pub(crate) response_timeout: Duration,
    /// Ids of the authorities, for a client of ticket authorities.
    pub(crate) authority_ids: AuthorityIds,
}

/// An attempt that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndedAttempt {
    /// Name of the request's element, or `probe`.
    pub(crate) request: &'static str,
    pub(crate) took: Duration,
    /// Number of the attempt in the trace of its call.
    pub(crate) number: Option<usize>,
}

/// Response of a controller or ticket authority to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResult {
    /// Dialect of the response.
    pub dialect: Dialect,
    /// The service that sent it.
    pub service: ProbedService,
}

/// What a probe finds out about a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbedService {
    /// XML service of a farm.
    Farm {
        /// Capabilities of the farm.
        capabilities: Vec<CapabilityId>,
    },
    /// Secure Ticket Authority.
    TicketAuthority {
        /// Its `AuthorityID`.
        id: String,
    },
}

impl ProbeConfig {
    /// Sends a request that needs no user and has no lasting effect.
    pub(crate) async fn probe(&self, pool: &ConnectionPool) -> Result<ProbeResult, CallError> {
        match self.service {
            Service::Xml => {
                let (dialect, response) = self.send(pool, &CapabilitiesRequest).await?;
                let capabilities = response.capabilities;
                let service = ProbedService::Farm { capabilities };
                Ok(ProbeResult { dialect, service })
            }
            Service::Sta => {
                let (dialect, response) = self.send(pool, &unused_ticket()).await?;
                let id = response.authority_id;
                self.record_authority(pool, &id);
                let service = ProbedService::TicketAuthority { id };
                Ok(ProbeResult { dialect, service })
            }
        }
    }

    /// Reports an attempt to the observer.
    pub(crate) fn observe(
        &self,
        pool: &ConnectionPool,
        ended: EndedAttempt,
        result: Result<(), &CallError>,
    ) {
        let EndedAttempt {
            request,
            took,
            number,
        } = ended;
        if let Some(observer) = &self.observer {
            observer.attempted(&Attempt {
                controller: pool.controller(),
                request,
                outcome: AttemptOutcome::of(result),
                refusal: match result {
                    Err(CallError::Refused(refusal)) => Some(refusal),
                    _ => None,
                },
                took,
                number,
            });
        }
    }

    /// Records the id of a ticket authority, and warns once if another one has the same.
    fn record_authority(&self, pool: &ConnectionPool, id: &str) {
        let authority = pool.controller();
        if let Some(other) = self.authority_ids.record(authority, id) {
            let gateway = &self.farm;
            tracing::warn!(
                farm = %gateway, controller = %authority, %other, id,
                "Ticket authorities have the same id; Citrix Gateway cannot distinguish them",
            );
        }
    }

    async fn send<R: Request>(
        &self,
        pool: &ConnectionPool,
        request: &R,
    ) -> Result<(Dialect, R::Response), CallError> {
        let started = Instant::now();
        let body = request_body(self.dialect, request);
        let probe = async {
            // A new connection, since a controller that hung may not serve the idle ones.
            let connection = pool.acquire(Effect::Change).await?;
            let sending = attempt::send::<R, _>(
                pool,
                connection,
                body,
                request.effect(),
                ONE_ATTEMPT,
                None,
                &identity::<R::Response>,
            );
            timeout(self.response_timeout, sending)
                .await
                .unwrap_or_else(|_| Err(CallError::response_timeout()))
        };
        let result = probe.await;
        let ended = EndedAttempt {
            request: "probe",
            took: started.elapsed(),
            number: None,
        };
        self.observe(pool, ended, result.as_ref().map(drop));
        result.map(|(dialect, answer)| (dialect, answer.value))
    }
}

/// Returns a ticket request for an address that is reserved for documentation (RFC 5737). The
/// ticket is not used, and expires.
///
/// The ticket request is the only known request to a ticket authority.
fn unused_ticket() -> sta::TicketRequest {
    let data = sta::TicketData {
        ica_address: "192.0.2.1:1494".to_owned(),
        x_data: None,
    };
    sta::TicketRequest::v4(data, false)
}
