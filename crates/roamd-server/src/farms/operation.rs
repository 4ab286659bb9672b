//! One operation on a farm: NFuse requests that share a deadline and a turn.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roamd_nfuse_client::CallError;
use roamd_nfuse_proto::{
    AddressAnswer, AddressName, AddressRequest, AppDataRequest, CapabilitiesRequest, CapabilityId,
    Credentials, DisconnectUserSessionsRequest, HarmlessListingRequest, HostAddress, HostId,
    LaunchRefRequest, LogoffUserSessionsRequest, ReconnectSessionDataRequest, Request,
    SessionEntry, SessionName, SessionSelection, SessionType, TicketRequest, sta,
};
use roamd_sessions::{
    Application, Catalogue, Connection, End, EndPoint, FarmError, FarmSession, Generation,
    HostPort, Listing, Operation, Reconnect, SessionKey, Share, StaTicket, User,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::errors::{farm_error, session_error};
use super::turns::Turn;
use super::{NfuseFarm, explicit};
use crate::metrics::OperationKind;

/// The filter that lets sessions of every kind of host through.
const EVERY_SERVER_TYPE: &str = "all";

/// The one kind of host that is published (SS-39).
const SERVER_TYPE: &str = "win32";

/// What one user wants of one farm.
pub(crate) struct NfuseOperation {
    pub(super) farm: NfuseFarm,
    pub(super) user: User,
    pub(super) deadline: Instant,
    /// Held until the operation is dropped.
    pub(super) _turn: Turn,
}

impl Operation for NfuseOperation {
    async fn applications(&self, share: Share) -> Result<Arc<Catalogue>, FarmError> {
        let catalogues = &self.farm.0.catalogues;
        if let Some(catalogue) = catalogues.get(&self.user.key).await {
            return Ok(catalogue);
        }
        let fetch = async {
            let request = AppDataRequest {
                traverse: Some("subtree".to_owned()),
                desired_details: vec!["defaults".to_owned()],
                server_types: vec![EVERY_SERVER_TYPE.to_owned()],
                client_types: vec!["ica30".to_owned()],
                credentials: Some(self.credentials()),
                ..AppDataRequest::default()
            };
            // Others may wait for this answer who have more time: only its own end ends the call.
            match self.farm.0.client.call(&request).await {
                Ok(answer) => Ok(Arc::new(self.catalogue(answer.applications))),
                Err(error) => Err(self.note(farm_error(&error)).await),
            }
        };
        // On the heap, because it is large and seldom needed, and a list has one for each farm.
        let fetch = Box::pin(catalogues.try_get_with_by_ref(&self.user.key, fetch));
        self.shared(share, fetch).await
    }

    async fn sessions(
        &self,
        end_point: &EndPoint,
        listing: Listing,
    ) -> Result<Vec<FarmSession>, FarmError> {
        let session_types = match listing {
            Listing::Disconnected => vec![SessionType::Disconnected],
            Listing::WithActive(_) => vec![SessionType::Active, SessionType::Disconnected],
        };
        let request = ReconnectSessionDataRequest {
            credentials: self.credentials(),
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: vec!["ica30".to_owned()],
            session_types,
        };
        let generation = self.farm.0.description.generation;
        let answer = if generation.listing_active_disconnects() {
            self.ask(&request).await
        } else {
            self.ask(&HarmlessListingRequest(request)).await
        };
        let answer = self.counted(OperationKind::List, answer)?;
        Ok(answer.sessions.into_iter().map(session).collect())
    }

    async fn end(
        &self,
        how: End,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let selection = SessionSelection {
            credentials: self.credentials(),
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: vec!["ica30".to_owned()],
            tickets: self.tickets_to_invalidate(tickets).await,
        };
        match how {
            End::Disconnect => {
                let request = DisconnectUserSessionsRequest(selection);
                let answer = self.ask(&request).await;
                self.counted(OperationKind::Disconnect, answer).map(drop)
            }
            End::LogOff => {
                let request = LogoffUserSessionsRequest(selection);
                let answer = self.ask(&request).await;
                self.counted(OperationKind::LogOff, answer).map(drop)
            }
        }
    }

    async fn reconnect(&self, reconnect: &Reconnect) -> Result<Connection, FarmError> {
        let connection = self.connection(reconnect).await;
        self.counted(OperationKind::Launch, connection)
    }

    async fn sta_ticket(
        &self,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> Result<StaTicket, FarmError> {
        let Some(authorities) = &self.farm.0.authorities else {
            let problem = "store has no ticket authorities".to_owned();
            return Err(FarmError::Unavailable(problem));
        };
        let host = host.to_string();
        let info = sta::ConnectionInfo {
            server_address: &host,
            user_name: &self.user.name,
            user_domain: &self.user.domain,
            application_name: in_name,
        };
        let data = sta::TicketData {
            x_data: Some(info.to_text()),
            ica_address: host,
        };
        let request = sta::TicketRequest::v4(data, reliable);
        match authorities.ticket_by(self.deadline, &request).await {
            Ok(answer) => Ok(StaTicket {
                version: answer.ticket_version,
                authority: answer.authority_id,
                ticket: SecretString::from(answer.ticket),
            }),
            Err(error) => Err(FarmError::Unavailable(format!(
                "no ticket authority of the gateway gave a ticket: {}",
                error.reason()
            ))),
        }
    }
}

impl NfuseOperation {
    async fn connection(&self, reconnect: &Reconnect) -> Result<Connection, FarmError> {
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
            credentials: Some(self.credentials()),
            client_type: Some("ica30".to_owned()),
            device_id: reconnect.end_point.device_id.clone(),
            session_settings: None,
        };
        let answer = match self.call(&request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.note(session_error(&error)).await),
        };
        // A launch can do without, so this must not use up what the ticket needs.
        let reference = self.launch_reference(&answer, reconnect);
        let launch_reference = timeout_at(self.by(Share::Half), reference)
            .await
            .unwrap_or(None);
        let ticket = self.ticket(&answer).await?;
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

    fn counted<T>(
        &self,
        operation: OperationKind,
        result: Result<T, FarmError>,
    ) -> Result<T, FarmError> {
        self.farm.0.counts.operation(operation, result)
    }

    /// When a request with this share of the time that is left has to be answered.
    fn by(&self, share: Share) -> Instant {
        let now = Instant::now();
        match share {
            Share::Whole => self.deadline,
            Share::Half => now + self.deadline.saturating_duration_since(now) / 2,
        }
    }

    async fn call<R: Request>(&self, request: &R) -> Result<R::Answer, CallError> {
        self.farm.0.client.call_by(self.deadline, request).await
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, FarmError> {
        match self.call(request).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.note(farm_error(&error)).await),
        }
    }

    /// A farm that refuses the account casts doubt on the password.
    async fn note(&self, error: FarmError) -> FarmError {
        if let FarmError::Refused(refusal) = &error
            && refusal.is_of_the_account()
        {
            self.farm.0.standings.doubt(&self.user).await;
        }
        error
    }

    /// Waits for what several operations may wait for, but no longer than its share. If this is the
    /// one that asked the farm, the next who waits asks anew.
    async fn shared<T>(
        &self,
        share: Share,
        answer: impl Future<Output = Result<T, Arc<FarmError>>>,
    ) -> Result<T, FarmError> {
        match timeout_at(self.by(share), answer).await {
            Ok(answer) => answer.map_err(|error| (*error).clone()),
            Err(_) => Err(FarmError::Unavailable(
                "farm did not answer in its part of the time".to_owned(),
            )),
        }
    }

    async fn has(&self, capability: &CapabilityId) -> Result<bool, FarmError> {
        let fetch = async {
            match self.farm.0.client.call(&CapabilitiesRequest).await {
                Ok(answer) => Ok(answer.capabilities.into()),
                Err(error) => Err(farm_error(&error)),
            }
        };
        let capabilities = Box::pin(self.farm.0.capabilities.try_get_with((), fetch));
        let capabilities: Arc<[CapabilityId]> = self.shared(Share::Half, capabilities).await?;
        Ok(capabilities.contains(capability))
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
                let description = &self.farm.0.description;
                let farm = &description.id;
                let until = SignedDuration::try_from(description.ticket_time_to_live)
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

    async fn launch_reference(
        &self,
        answer: &AddressAnswer,
        reconnect: &Reconnect,
    ) -> Option<String> {
        // From 7 on it stands in the address answer; before, XenApp 6 asks for one (nfuse.md §5.6).
        let farm = &self.farm.0.description;
        if answer.launch_ref.is_some() || farm.generation == Generation::Cvad7 {
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
            credentials: explicit(&self.user.name, &self.user.domain, None),
            time_to_live: Some(self.ticket_seconds()),
        };
        match self.ask(&request).await {
            Ok(answer) => Some(answer.launch_ref),
            Err(error) => {
                let farm = &farm.id;
                warn!(%farm, %error, "Farm gave no launch reference; the launch goes on without");
                None
            }
        }
    }

    async fn ticket(&self, answer: &AddressAnswer) -> Result<SecretString, FarmError> {
        if let Some(ticket) = &answer.ticket {
            return Ok(SecretString::from(ticket.as_str()));
        }
        let Some(ticket_tag) = answer.ticket_tag.clone() else {
            return Err(FarmError::Unavailable(
                "address answer has no ticket tag".to_owned(),
            ));
        };
        let request = TicketRequest {
            credentials: self.credentials(),
            ticket_type: "CtxLogon".to_owned(),
            ticket_tag,
            time_to_live: Some(self.ticket_seconds()),
        };
        let answer = self.ask(&request).await?;
        Ok(SecretString::from(answer.ticket))
    }

    fn ticket_seconds(&self) -> u32 {
        let life = self.farm.0.description.ticket_time_to_live;
        u32::try_from(life.as_secs()).unwrap_or(u32::MAX)
    }

    fn credentials(&self) -> Credentials {
        explicit(
            &self.user.name,
            &self.user.domain,
            Some(&self.user.password),
        )
    }

    fn catalogue(&self, applications: Vec<roamd_nfuse_proto::Application>) -> Catalogue {
        if applications.len() > Catalogue::MOST {
            let farm = &self.farm.0.description.id;
            let (count, most) = (applications.len(), Catalogue::MOST);
            warn!(%farm, count, most, "Farm lists more applications than are kept");
        }
        applications.into_iter().map(application).collect()
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
