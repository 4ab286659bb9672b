//! One operation on a farm: NFuse requests that share a deadline and a turn.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roamd_nfuse_client::CallError;
use roamd_nfuse_proto::{
    AddressRequest, AddressResponse, AppDataRequest, CapabilityId, Credentials,
    DisconnectUserSessionsRequest, ErrorId, HarmlessListingRequest, LaunchRefRequest,
    LogoffUserSessionsRequest, ReconnectSessionDataRequest, Request, SessionEntry,
    SessionSelection, SessionType, TicketRequest, sta,
};
use roamd_sessions::{
    ConnectRequest, Connection, DeadlineShare, EndAction, EndPoint, FarmError, FarmSession,
    HostPort, IconSize, ListScope, Logon, NoTicket, Operation, Refusal, ResourceEnumeration,
    SessionKey, StaTicket, Target, User, UserKey,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::address_request::address_request;
use super::application::{CONTENT, application};
use super::errors::{farm_error, is_refused_with, launch_error};
use super::fair_semaphore::Permit;
use super::icons::{self, PictureKey};
use super::{NfuseFarm, explicit};
use crate::metrics::OperationKind;

/// The filter that lets sessions of every kind of host through.
const EVERY_SERVER_TYPE: &str = "all";

/// The one kind of host that is published (SS-39).
const SERVER_TYPE: &str = "win32";

/// The folder that stands for what clients start before anybody asks (nfuse.md §6.1).
const PRE_LAUNCH: &str = "$PRELAUNCH$";

/// What one user wants of one farm.
pub(crate) struct NfuseOperation {
    pub(super) farm: NfuseFarm,
    pub(super) user: User,
    pub(super) deadline: Instant,
    /// Held until the operation is dropped.
    pub(super) _turn: Permit<UserKey>,
}

impl Operation for NfuseOperation {
    async fn applications(
        &self,
        share: DeadlineShare,
    ) -> Result<Arc<ResourceEnumeration>, FarmError> {
        let catalogues = &self.farm.0.catalogues;
        if let Some(catalogue) = catalogues.get(&self.user.key).await {
            return Ok(catalogue);
        }
        let fetch = async {
            let request = self.app_data("");
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

    async fn pre_launch_applications(&self) -> Result<Arc<ResourceEnumeration>, FarmError> {
        let answer = self.ask(&self.app_data(PRE_LAUNCH)).await?;
        Ok(Arc::new(self.catalogue(answer.applications)))
    }

    async fn forget_applications(&self) {
        self.farm.forget_catalogue(&self.user.key).await;
    }

    async fn picture(
        &self,
        in_name: &str,
        version: Option<i64>,
        size: IconSize,
    ) -> Result<Option<Arc<[u8]>>, FarmError> {
        let fetch = async {
            let form = icons::wanted(size);
            let request = AppDataRequest {
                traverse: Some("subtree".to_owned()),
                desired_icons: vec![form.clone()],
                app_names: vec![in_name.to_owned()],
                server_types: vec![EVERY_SERVER_TYPE.to_owned()],
                client_types: client_types(),
                credentials: Some(self.credentials()),
                ..AppDataRequest::default()
            };
            match self.farm.0.client.call(&request).await {
                Ok(answer) => icons::found(answer, in_name, &form),
                Err(error) => Err(self.note(farm_error(&error)).await),
            }
        };
        let key = PictureKey {
            in_name: in_name.to_owned(),
            version,
            size,
        };
        let pictures = &self.farm.0.pictures;
        self.shared(DeadlineShare::Whole, pictures.try_get_with(key, fetch))
            .await
    }

    async fn sessions(
        &self,
        end_point: &EndPoint,
        listing: ListScope,
    ) -> Result<Vec<FarmSession>, FarmError> {
        let sessions = self.listed(end_point, listing).await;
        self.counted(OperationKind::List, sessions)
    }

    async fn end(
        &self,
        how: EndAction,
        end_point: &EndPoint,
        tickets: &[SecretString],
    ) -> Result<(), FarmError> {
        let (tickets, in_doubt) = match self.tickets_to_invalidate(tickets).await {
            Ok(tickets) => (tickets, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let selection = SessionSelection {
            credentials: self.credentials(),
            client_name: end_point.client_name.clone(),
            device_id: end_point.device_id.clone(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: vec!["ica30".to_owned()],
            tickets,
        };
        let (kind, answer) = match how {
            EndAction::Disconnect => {
                let request = DisconnectUserSessionsRequest(selection);
                let answer = self.ask(&request).await.map(drop);
                (OperationKind::Disconnect, answer)
            }
            EndAction::LogOff => {
                let request = LogoffUserSessionsRequest(selection);
                let answer = self.ask(&request).await.map(drop);
                (OperationKind::LogOff, answer)
            }
        };
        // The tickets are a part of the operation (SS-46, SS-50).
        self.counted(kind, answer.and(in_doubt))
    }

    async fn connect(&self, connect: &ConnectRequest) -> Result<Connection, FarmError> {
        let connection = self.connection(connect).await;
        self.counted(OperationKind::Launch, connection)
    }

    async fn sta_ticket(
        &self,
        host: &HostPort,
        in_name: &str,
        reliable: bool,
    ) -> Result<StaTicket, NoTicket> {
        let Some(authorities) = &self.farm.0.authorities else {
            return Err(NoTicket("the store has none".to_owned()));
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
        let answer = authorities.client.ticket_by(self.deadline, &request).await;
        let answer = authorities.counts.ticket(answer);
        let answer = answer.map_err(|error| NoTicket(error.reason()))?;
        Ok(StaTicket {
            version: answer.ticket_version,
            authority: answer.authority_id,
            ticket: SecretString::from(answer.ticket),
        })
    }
}

impl NfuseOperation {
    /// The sessions, for a list or as a part of something else, which is counted by itself.
    async fn listed(
        &self,
        end_point: &EndPoint,
        listing: ListScope,
    ) -> Result<Vec<FarmSession>, FarmError> {
        let session_types = match listing {
            ListScope::Disconnected => vec![SessionType::Disconnected],
            ListScope::WithActive(_) => vec![SessionType::Active, SessionType::Disconnected],
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
            self.ask(&request).await?
        } else {
            self.ask(&HarmlessListingRequest(request)).await?
        };
        Ok(answer.sessions.into_iter().map(session).collect())
    }

    async fn connection(&self, connect: &ConnectRequest) -> Result<Connection, FarmError> {
        let answer = self.address(connect).await?;
        let sharing_key = answer.session_sharing_key.clone();
        let sharing_key = sharing_key.or_else(|| connect.sharing_key.clone());
        // A launch can do without, so this must not use up what the ticket needs.
        let reference = self.launch_reference(&answer, connect, sharing_key.clone());
        let launch_reference = timeout_at(self.by(DeadlineShare::Half), reference)
            .await
            .unwrap_or(None);
        // The address may have begun something.
        let logon = self.logon(&answer, connect).await;
        let logon = logon.map_err(FarmError::after_earlier_request)?;
        Ok(Connection {
            address: answer.server_address.value,
            cgp_port: answer
                .cgp_address
                .and_then(|address| address.value.parse().ok()),
            launch_reference,
            session_sharing_key: sharing_key,
            logon,
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
    fn by(&self, share: DeadlineShare) -> Instant {
        let now = Instant::now();
        match share {
            DeadlineShare::Whole => self.deadline,
            DeadlineShare::Half => now + self.deadline.saturating_duration_since(now) / 2,
        }
    }

    async fn call<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        self.farm.0.client.call_by(self.deadline, request).await
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, FarmError> {
        match self.call(request).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.note(farm_error(&error)).await),
        }
    }

    /// A farm that refuses the account casts doubt on the password.
    async fn note(&self, error: FarmError) -> FarmError {
        if let Some(refusal) = error.refusal()
            && refusal.concerns_account()
        {
            self.farm.0.standings.doubt(&self.user).await;
        }
        error
    }

    /// Waits for what several operations may wait for, but no longer than its share. If this is the
    /// one that asked the farm, the next who waits asks anew.
    async fn shared<T>(
        &self,
        share: DeadlineShare,
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
        let capabilities = self
            .shared(DeadlineShare::Half, self.farm.capabilities())
            .await?;
        Ok(capabilities.contains(capability))
    }

    /// No NFuse element that invalidates a ticket is known: only a farm that announces it hears of
    /// them. For the others the log says until when a ticket may still work. A farm that knows no
    /// capabilities has none.
    ///
    /// # Errors
    /// Nobody can tell whether it is such a farm.
    async fn tickets_to_invalidate(
        &self,
        tickets: &[SecretString],
    ) -> Result<Vec<String>, FarmError> {
        if tickets.is_empty() {
            return Ok(Vec::new());
        }
        match self.has(&CapabilityId::TICKET_INVALIDATION).await {
            Ok(true) => {
                let tickets = tickets.iter();
                Ok(tickets.map(|it| it.expose_secret().to_owned()).collect())
            }
            Ok(false) | Err(FarmError::Refused(_)) => {
                let description = &self.farm.0.description;
                let life = SignedDuration::try_from(description.ticket_time_to_live).ok();
                if let Some(until) = life.and_then(|life| Timestamp::now().checked_add(life).ok()) {
                    info!(
                        farm = %description.id, %until, count = tickets.len(),
                        "Farm cannot invalidate logon tickets; unused ones may work until then"
                    );
                }
                Ok(Vec::new())
            }
            Err(error) => Err(FarmError::Unavailable(format!(
                "farm did not tell whether it can invalidate logon tickets: {error}"
            ))),
        }
    }

    /// Where the target is. A farm that has no alternate address for it is asked for the plain one:
    /// the first request came to nothing.
    async fn address(&self, connect: &ConnectRequest) -> Result<AddressResponse, FarmError> {
        let farm = &self.farm.0;
        let mut request = AddressRequest {
            wanted_address_type: Some(farm.address_form.as_str().to_owned()),
            flags: farm.alternate_address.then(alternate).into_iter().collect(),
            credentials: Some(self.credentials()),
            ..address_request(connect, &self.user, farm.description.generation)
        };
        let answer = match self.call(&request).await {
            Err(error)
                if !request.flags.is_empty()
                    && is_refused_with(&error, &ErrorId::NO_ALT_ADDRESS) =>
            {
                request.flags.clear();
                self.call(&request).await
            }
            answer => answer,
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.launch_refused(&error, connect).await),
        }
    }

    /// What an error of a launch means. Farms of 7 say that no machine serves a session also where
    /// they do not know it: then their own list tells which it is.
    async fn launch_refused(&self, error: &CallError, connect: &ConnectRequest) -> FarmError {
        if let Target::Session(session) = &connect.target
            && is_refused_with(error, &ErrorId::NO_AVAILABLE_WORKSTATION)
            && let Ok(listed) = self
                .listed(&connect.end_point, ListScope::Disconnected)
                .await
            && !listed.iter().any(|listed| listed.key.is_same_as(session))
        {
            return FarmError::Refused(Refusal::UnknownSession);
        }
        self.note(launch_error(error, &connect.target)).await
    }

    /// The launch reference, if the farm has them (nfuse.md §5.6): from 7 on it comes with the
    /// address, and what came is not asked for again.
    async fn launch_reference(
        &self,
        answer: &AddressResponse,
        connect: &ConnectRequest,
        session_sharing_key: Option<String>,
    ) -> Option<String> {
        if answer.launch_ref.is_some() {
            return answer.launch_ref.clone();
        }
        let ticket_tag = answer.ticket_tag.clone()?;
        if !self
            .has(&CapabilityId::LAUNCH_REFERENCE)
            .await
            .unwrap_or(false)
        {
            return None;
        }
        let request = LaunchRefRequest {
            launch_ref_type: "ICA".to_owned(),
            ticket_tag,
            device_id: connect.end_point.device_id.clone(),
            session_sharing_key,
            credentials: explicit(&self.user.name, &self.user.domain, None),
            time_to_live: Some(self.ticket_seconds()),
        };
        match self.ask(&request).await {
            Ok(answer) => Some(answer.launch_ref),
            Err(error) => {
                let farm = &self.farm.0.description.id;
                warn!(%farm, %error, "Farm gave no launch reference; the launch goes on without");
                None
            }
        }
    }

    /// The logon ticket: from 7 on it comes with the address. The oldest farms may not be licensed
    /// to give one; then their hosts ask for the password.
    async fn logon(
        &self,
        answer: &AddressResponse,
        connect: &ConnectRequest,
    ) -> Result<Logon, FarmError> {
        if let Some(ticket) = &answer.ticket {
            return Ok(Logon::Ticket(SecretString::from(ticket.as_str())));
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
        match self.call(&request).await {
            Ok(answer) => Ok(Logon::Ticket(SecretString::from(answer.ticket))),
            Err(error) if is_refused_with(&error, &ErrorId::TICKETING_DISABLED) => {
                Ok(Logon::Prompt)
            }
            Err(error) => Err(self.launch_refused(&error, connect).await),
        }
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

    /// Asks for what the user may start in this folder and below it.
    fn app_data(&self, folder: &str) -> AppDataRequest {
        AppDataRequest {
            traverse: Some("subtree".to_owned()),
            folder: folder.to_owned(),
            desired_details: ["defaults", "file-type", "icon-info"]
                .map(str::to_owned)
                .to_vec(),
            server_types: vec![EVERY_SERVER_TYPE.to_owned()],
            client_types: client_types(),
            credentials: Some(self.credentials()),
            ..AppDataRequest::default()
        }
    }

    fn catalogue(&self, applications: Vec<roamd_nfuse_proto::Application>) -> ResourceEnumeration {
        if applications.len() > ResourceEnumeration::MOST {
            let farm = &self.farm.0.description.id;
            let (count, most) = (applications.len(), ResourceEnumeration::MOST);
            warn!(%farm, count, most, "Farm lists more applications than are kept");
        }
        applications.into_iter().map(application).collect()
    }
}

/// What is listed: what ICA shows, and documents.
fn client_types() -> Vec<String> {
    vec!["ica30".to_owned(), CONTENT.to_owned()]
}

fn alternate() -> String {
    "alt-addr".to_owned()
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
