//! Farms as the domain sees them, reached over NFuse; in [`sign_in`], as those who check passwords.

mod errors;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use roamd_nfuse_client::{ControllerReport, FarmClient, FarmConfig, Network, Observer, TlsError};
use roamd_nfuse_proto::{
    AddressAnswer, AddressName, AddressRequest, AppDataRequest, CapabilitiesRequest, CapabilityId,
    Credentials, Dialect, DisconnectUserSessionsRequest, Domain, HostAddress, HostId,
    LaunchRefRequest, LogoffUserSessionsRequest, Password, PasswordEncoding,
    ReconnectSessionDataRequest, Request, SessionEntry, SessionName, SessionSelection, SessionType,
    TicketRequest,
};
use roamd_sessions::{
    Application, Catalogue, Connection, EndPoint, Farm, FarmDescription, FarmError, FarmId,
    FarmSession, Generation, Listing, Reconnect, SessionKey, User, UserKey,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use self::errors::{farm_error, session_error};
pub(crate) use self::sign_in::CredentialFarms;
use crate::config;
use crate::metrics::{FarmCounts, OperationKind};

/// How long a user's catalogue is believed. It tells desktops from applications and gives titles,
/// which seldom change.
const CATALOGUE_LIFE: Duration = Duration::from_secs(60);

/// Catalogues that are kept for one farm.
const CATALOGUES: u64 = 10_000;

/// How long a farm's capabilities are believed.
const CAPABILITIES_LIFE: Duration = Duration::from_secs(300);

/// The filter that lets sessions of every kind of host through.
const EVERY_SERVER_TYPE: &str = "all";

/// The one kind of host that is published (SS-39).
const SERVER_TYPE: &str = "win32";

/// One farm, reached over NFuse. A clone is the same farm: it shares connections and caches.
#[derive(Clone)]
pub(crate) struct NfuseFarm {
    description: FarmDescription,
    client: Arc<FarmClient>,
    counts: Arc<FarmCounts>,
    /// Deadline of one operation on the farm, all its requests included.
    timeout: Duration,
    catalogues: Cache<UserKey, Arc<Catalogue>>,
    capabilities: Cache<(), Arc<[CapabilityId]>>,
}

impl NfuseFarm {
    pub(crate) fn new(
        farm: &config::Farm,
        network: &Arc<dyn Network>,
        counts: FarmCounts,
    ) -> Result<Self, TlsError> {
        let counts = Arc::new(counts);
        let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
        Ok(Self {
            description: FarmDescription {
                id: FarmId::new(&farm.id),
                publisher_name: farm.name.clone(),
                generation: farm.generation,
                legacy_workspace_control: farm.legacy_workspace_control,
                aggregation_group: farm.aggregation_group.clone(),
                ticket_time_to_live: farm.ticket_time_to_live,
            },
            client: Arc::new(client(farm, Arc::clone(network), Some(observer))?),
            counts,
            timeout: farm.timeout,
            catalogues: Cache::builder()
                .max_capacity(CATALOGUES)
                .time_to_live(CATALOGUE_LIFE)
                .build(),
            capabilities: Cache::builder()
                .max_capacity(1)
                .time_to_live(CAPABILITIES_LIFE)
                .build(),
        })
    }

    /// The operator's name of the farm.
    pub(crate) fn id(&self) -> &str {
        self.client.id()
    }

    /// Its controllers in configured order, as calls have met them.
    pub(crate) fn controllers(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.client.controllers()
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, FarmError> {
        self.client
            .call(request)
            .await
            .map_err(|error| farm_error(&error))
    }

    async fn has(&self, capability: &CapabilityId) -> Result<bool, FarmError> {
        let fetch = async {
            self.ask(&CapabilitiesRequest)
                .await
                .map(|a| a.capabilities.into())
        };
        let capabilities = self
            .capabilities
            .try_get_with((), fetch)
            .await
            .map_err(|error| (*error).clone())?;
        Ok(capabilities.contains(capability))
    }

    async fn selection(
        &self,
        user: &User,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> SessionSelection {
        SessionSelection {
            credentials: credentials(user),
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: vec!["ica30".to_owned()],
            tickets: self.tickets_to_invalidate(tickets).await,
        }
    }

    /// No NFuse element that invalidates a ticket is known: only a farm that announces it hears of
    /// them. For the others the log says until when a ticket may still work.
    async fn tickets_to_invalidate(&self, tickets: &[SecretString]) -> Vec<String> {
        if tickets.is_empty() {
            return Vec::new();
        }
        match self.has(&CapabilityId::TICKET_INVALIDATION).await {
            Ok(true) => tickets
                .iter()
                .map(|t| t.expose_secret().to_owned())
                .collect(),
            answer => {
                let farm = &self.description.id;
                let until = SignedDuration::try_from(self.description.ticket_time_to_live)
                    .ok()
                    .and_then(|life| Timestamp::now().checked_add(life).ok());
                match (answer, until) {
                    (Err(error), _) => warn!(
                        %farm, %error, count = tickets.len(),
                        "Farm does not tell whether it can invalidate logon tickets"
                    ),
                    (_, Some(until)) => info!(
                        %farm, %until, count = tickets.len(),
                        "Farm cannot invalidate logon tickets; unused ones may work until then"
                    ),
                    (_, None) => {}
                }
                Vec::new()
            }
        }
    }

    async fn connection(
        &self,
        user: &User,
        reconnect: &Reconnect,
    ) -> Result<Connection, FarmError> {
        let key = &reconnect.session;
        let request = AddressRequest {
            name: AddressName::Session(SessionName {
                in_name: key.in_name.clone(),
                host_id: HostId {
                    kind: key.host_kind.clone(),
                    value: key.host_id.clone(),
                },
                session_id: key.session_id.clone(),
            }),
            client_name: reconnect.end_point.client_name.clone(),
            // How NFuse would write an IPv6 address is not known.
            client_address: reconnect
                .client_address
                .clone()
                .filter(|address| !address.contains(':'))
                .map(|value| HostAddress {
                    kind: Some("dot".to_owned()),
                    value,
                }),
            wanted_address_type: Some("dns-port".to_owned()),
            flags: Vec::new(),
            credentials: Some(credentials(user)),
            client_type: Some("ica30".to_owned()),
            device_id: reconnect.end_point.device_id.clone(),
            session_settings: None,
        };
        // All requests of one launch share the farm's one deadline.
        let deadline = Instant::now() + self.timeout;
        let answer = match self.client.call_by(deadline, &request).await {
            Ok(answer) => answer,
            Err(error) => return Err(session_error(&error)),
        };
        // A launch can do without, so this must not use up what the ticket needs.
        let reference = self.launch_reference(user, &answer, reconnect);
        let launch_reference = timeout(self.timeout / 4, reference).await.unwrap_or(None);
        let ticket = self.ticket(deadline, user, &answer).await?;
        Ok(Connection {
            address: answer.server_address.value,
            cgp_port: answer
                .cgp_address
                .and_then(|address| address.value.parse().ok()),
            launch_reference,
            session_sharing_key: answer.session_sharing_key,
            ticket,
        })
    }

    async fn launch_reference(
        &self,
        user: &User,
        answer: &AddressAnswer,
        reconnect: &Reconnect,
    ) -> Option<String> {
        // From 7 on it stands in the address answer; before, XenApp 6 asks for one (nfuse.md §5.6).
        if answer.launch_ref.is_some() || self.description.generation == Generation::Cvad7 {
            return answer.launch_ref.clone();
        }
        if !self
            .has(&CapabilityId::LAUNCH_REFERENCE)
            .await
            .unwrap_or(false)
        {
            return None;
        }
        let request = LaunchRefRequest {
            launch_ref_type: "ICA".to_owned(),
            ticket_tag: answer.ticket_tag.clone()?,
            device_id: reconnect.end_point.device_id.clone(),
            session_sharing_key: answer.session_sharing_key.clone(),
            credentials: without_password(user),
            time_to_live: Some(self.ticket_seconds()),
        };
        match self.ask(&request).await {
            Ok(answer) => Some(answer.launch_ref),
            Err(error) => {
                let farm = &self.description.id;
                warn!(%farm, %error, "Farm gave no launch reference; the launch goes on without");
                None
            }
        }
    }

    async fn ticket(
        &self,
        deadline: Instant,
        user: &User,
        answer: &AddressAnswer,
    ) -> Result<SecretString, FarmError> {
        if let Some(ticket) = &answer.ticket {
            return Ok(SecretString::from(ticket.as_str()));
        }
        let Some(ticket_tag) = answer.ticket_tag.clone() else {
            return Err(FarmError::Unavailable(
                "address answer has no ticket tag".to_owned(),
            ));
        };
        let request = TicketRequest {
            credentials: credentials(user),
            ticket_type: "CtxLogon".to_owned(),
            ticket_tag,
            time_to_live: Some(self.ticket_seconds()),
        };
        match self.client.call_by(deadline, &request).await {
            Ok(answer) => Ok(SecretString::from(answer.ticket)),
            Err(error) => Err(farm_error(&error)),
        }
    }

    fn ticket_seconds(&self) -> u32 {
        u32::try_from(self.description.ticket_time_to_live.as_secs()).unwrap_or(u32::MAX)
    }
}

impl Farm for NfuseFarm {
    fn description(&self) -> &FarmDescription {
        &self.description
    }

    async fn applications(&self, user: &User) -> Result<Arc<Catalogue>, FarmError> {
        let fetch = async {
            let request = AppDataRequest {
                traverse: Some("subtree".to_owned()),
                desired_details: vec!["defaults".to_owned()],
                server_types: vec![EVERY_SERVER_TYPE.to_owned()],
                client_types: vec!["ica30".to_owned()],
                credentials: Some(credentials(user)),
                ..AppDataRequest::default()
            };
            let answer = self.ask(&request).await?;
            Ok(Arc::new(
                answer.applications.into_iter().map(application).collect(),
            ))
        };
        self.catalogues
            .try_get_with_by_ref(&user.key, fetch)
            .await
            .map_err(|error: Arc<FarmError>| (*error).clone())
    }

    async fn sessions(
        &self,
        user: &User,
        end_point: &EndPoint,
        listing: Listing,
    ) -> Result<Vec<FarmSession>, FarmError> {
        let session_types = match listing {
            Listing::Disconnected => vec![SessionType::Disconnected],
            Listing::WithActive(_) => vec![SessionType::Active, SessionType::Disconnected],
        };
        let request = ReconnectSessionDataRequest {
            credentials: credentials(user),
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: vec!["ica30".to_owned()],
            session_types,
        };
        let answer = self.ask(&request).await;
        let answer = self.counts.operation(OperationKind::List, answer)?;
        Ok(answer.sessions.into_iter().map(session).collect())
    }

    async fn disconnect(
        &self,
        user: &User,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let selection = self.selection(user, end_point, tickets).await;
        let answer = self.ask(&DisconnectUserSessionsRequest(selection)).await;
        self.counts
            .operation(OperationKind::Disconnect, answer)
            .map(drop)
    }

    async fn log_off(
        &self,
        user: &User,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let selection = self.selection(user, end_point, tickets).await;
        let answer = self.ask(&LogoffUserSessionsRequest(selection)).await;
        self.counts
            .operation(OperationKind::LogOff, answer)
            .map(drop)
    }

    async fn reconnect(&self, user: &User, reconnect: &Reconnect) -> Result<Connection, FarmError> {
        let connection = self.connection(user, reconnect).await;
        self.counts.operation(OperationKind::Launch, connection)
    }
}

/// A client of a farm as the configuration describes it.
pub(crate) fn client(
    farm: &config::Farm,
    network: Arc<dyn Network>,
    observer: Option<Arc<dyn Observer>>,
) -> Result<FarmClient, TlsError> {
    Ok(FarmClient::new(FarmConfig {
        id: farm.id.clone(),
        controllers: farm.controllers.clone(),
        order: farm.controller_order,
        timeout: farm.timeout,
        connect_timeout: farm.connect_timeout,
        answer_timeout: farm.answer_timeout,
        attempts: farm.attempts,
        service_keys: farm.service_keys.clone(),
        tls: farm.tls.as_ref().map(config::Tls::open).transpose()?,
        network,
        observer,
        dialect: match farm.generation {
            Generation::XenApp6 | Generation::XenDesktop5 => Dialect::new(5, 4),
            Generation::Cvad7 => Dialect::new(5, 5),
        },
    }))
}

fn credentials(user: &User) -> Credentials {
    explicit(&user.name, &user.domain, Some(&user.password))
}

fn without_password(user: &User) -> Credentials {
    explicit(&user.name, &user.domain, None)
}

fn explicit(name: &str, domain: &str, password: Option<&SecretString>) -> Credentials {
    Credentials::Explicit {
        user_name: name.to_owned(),
        password: password.map(|value| Password {
            value: value.clone(),
            encoding: PasswordEncoding::Ctx1,
        }),
        domain: Some(Domain {
            kind: "NT".to_owned(),
            name: domain.to_owned(),
        }),
    }
}

fn application(application: roamd_nfuse_proto::Application) -> (String, Application) {
    let title = if application.friendly_name.is_empty() {
        application.in_name.clone()
    } else {
        application.friendly_name
    };
    let desktop = application
        .settings
        .is_some_and(|settings| settings.desktop);
    (application.in_name, Application { title, desktop })
}

fn session(entry: SessionEntry) -> FarmSession {
    // Farms before 7 echo the filter, which is no kind of host (nfuse.md §3.2).
    let server_type = if entry.server_type.eq_ignore_ascii_case(EVERY_SERVER_TYPE) {
        SERVER_TYPE.to_owned()
    } else {
        entry.server_type
    };
    FarmSession {
        key: SessionKey {
            host_kind: entry.host_id.kind,
            host_id: entry.host_id.value,
            session_id: entry.session_id,
            in_name: entry.in_name,
        },
        friendly_name: entry.friendly_name,
        server_type,
    }
}
