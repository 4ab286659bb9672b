//! From an NFuse request to its answer: who asks, one decision, one read or one transaction.

use std::time::Instant;

use data_encoding::{BASE64, HEXUPPER};
use jiff::Timestamp;
use roamd_nfuse_proto::{
    AccessEntry, AddressAnswer, AddressName, AddressRequest, AnyRequest, AppDataAnswer,
    AppDataRequest, Application, Body, CapabilitiesAnswer, CapabilityId, Credentials, DecodeError,
    DisconnectUserSessionsAnswer, DisconnectUserSessionsRequest, Domain, Frame, HostAddress,
    HostId, LaunchRefAnswer, LaunchRefRequest, LogoffUserSessionsAnswer, LogoffUserSessionsRequest,
    ProtocolInfoAnswer, ReconnectSessionDataAnswer, ReconnectSessionDataRequest, Server,
    ServerDataAnswer, ServerDataRequest, ServerFarmDataAnswer, SessionEntry, SessionSelection,
    Settings, TicketAnswer, TicketRequest, UserIdentity, ValidateCredentialsAnswer,
    ValidateCredentialsRequest, decode_request, encode_answer,
};
use rusqlite::{Connection, Transaction};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::Error;
use crate::db::catalogue::{ApplicationRow, Audience, FarmRow, HostRow};
use crate::db::sessions::SessionRow;
use crate::db::tickets::{NewTicket, Target};
use crate::db::users::User;
use crate::db::{Failure, catalogue, sessions, tickets, users};
use crate::farms::Farm;
use crate::http::ServeOptions;
use crate::icons;
use crate::name::{AccountName, fold};
use crate::password::random;
use crate::rules::{self, Client, Refusal};
use crate::ticket_tag::{Launch, TicketTag};
use crate::world::{Generation, SessionState};

/// What a farm of every generation can do.
const CAPABILITIES: [CapabilityId; 5] = [
    CapabilityId::SEPARATE_CREDENTIALS_VALIDATION,
    CapabilityId::LAUNCH_REFERENCE,
    CapabilityId::MULTI_IMAGE_ICONS,
    CapabilityId::USER_IDENTITY,
    CapabilityId::TICKET_INVALIDATION,
];

/// The one type of server and of client that there is here.
const SERVER_TYPE: &str = "win32";
const CLIENT_TYPE: &str = "ica30";

/// Ports of the ICA protocol and of session reliability.
const ICA_PORT: u16 = 1494;
const CGP_PORT: u16 = 2598;

/// The type of logon ticket that is issued (nfuse.md §5.5).
const TICKET_TYPE: &str = "CtxLogon";

/// Answers the bytes of a request with the bytes of an answer.
///
/// # Errors
/// The bytes are no request that is served. A request that is understood and refused is answered.
pub(crate) async fn answer(
    farm: &Farm,
    options: ServeOptions,
    request: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, DecodeError> {
    let (frame, request) = decode_request(request)?;
    let desk = Desk { farm, options, now };
    Ok(match request {
        AnyRequest::Address(it) => desk.reply(&frame, desk.address(it)).await,
        AnyRequest::AppData(it) => desk.reply(&frame, desk.app_data(it)).await,
        AnyRequest::Capabilities(_) => desk.reply(&frame, async { Ok(capabilities()) }).await,
        AnyRequest::DisconnectUserSessions(it) => desk.reply(&frame, desk.disconnect(it)).await,
        AnyRequest::LaunchRef(it) => desk.reply(&frame, desk.launch_ref(it)).await,
        AnyRequest::LogoffUserSessions(it) => desk.reply(&frame, desk.logoff(it)).await,
        AnyRequest::ProtocolInfo(_) => desk.reply(&frame, async { Ok(ProtocolInfoAnswer) }).await,
        AnyRequest::ReconnectSessionData(it) => desk.reply(&frame, desk.reconnect(it)).await,
        AnyRequest::ServerData(it) => desk.reply(&frame, desk.server_data(it)).await,
        AnyRequest::ServerFarmData(_) => {
            let answer = ServerFarmDataAnswer {
                farm_names: vec![farm.row.name.clone()],
            };
            desk.reply(&frame, async { Ok(answer) }).await
        }
        AnyRequest::Ticket(it) => desk.reply(&frame, desk.ticket(it)).await,
        AnyRequest::ValidateCredentials(it) => {
            desk.reply(&frame, desk.validate_credentials(it)).await
        }
    })
}

/// Where one request is worked on.
struct Desk<'a> {
    farm: &'a Farm,
    options: ServeOptions,
    now: Timestamp,
}

/// A place to launch, found for an address request.
struct Place {
    host: HostRow,
    launch: Option<Launch>,
    is_disconnected_session: bool,
}

/// What a disconnect or logoff does to the sessions that it selects.
type End = fn(&Connection, &[i64]) -> Result<(), Failure>;

impl Desk<'_> {
    async fn reply<A: Body>(
        &self,
        frame: &Frame,
        work: impl Future<Output = Result<A, Refusal>>,
    ) -> Vec<u8> {
        let generation = self.farm.row.generation;
        let result = if rules::serves(frame.dialect) {
            work.await
        } else {
            Err(Refusal::Dialect)
        };
        let frame = Frame {
            dialect: rules::dialect(generation),
            encoding: frame.encoding,
        };
        encode_answer(
            &frame,
            &result.map_err(|refusal| rules::error(generation, refusal)),
        )
    }

    async fn validate_credentials(
        &self,
        request: ValidateCredentialsRequest,
    ) -> Result<ValidateCredentialsAnswer, Refusal> {
        let user = self.user(&request.credentials).await?;
        Ok(ValidateCredentialsAnswer {
            identity: request.identity_wanted.then(|| identity(&user)),
            ..ValidateCredentialsAnswer::default()
        })
    }

    async fn reconnect(
        &self,
        request: ReconnectSessionDataRequest,
    ) -> Result<ReconnectSessionDataAnswer, Refusal> {
        let user = self.user(&request.credentials).await?.id;
        if !rules::filters_match(&request.server_types, &request.client_types) {
            return Ok(ReconnectSessionDataAnswer::default());
        }
        let farm = self.farm.row.clone();
        let generation = farm.generation;
        let caller = Client::new(&request.client_name, &request.device_id);
        let types = request.session_types;
        let shown = if rules::listing_disconnects(generation, &types) {
            self.write(move |transaction| {
                let sessions = sessions::of_user(transaction, &farm, user)?;
                let listing = rules::list(generation, &caller, &types, sessions);
                sessions::disconnect(transaction, &listing.disconnected)?;
                Ok(listing.shown)
            })
            .await?
        } else {
            let sessions = self.read(|connection| sessions::of_user(connection, &farm, user))?;
            rules::list(generation, &caller, &types, sessions).shown
        };
        let server_type = request.server_types.into_iter().next();
        let server_type = server_type.unwrap_or_else(|| SERVER_TYPE.to_owned());
        Ok(ReconnectSessionDataAnswer {
            sessions: shown
                .into_iter()
                .map(|session| session_entry(generation, &server_type, session))
                .collect(),
        })
    }

    async fn disconnect(
        &self,
        request: DisconnectUserSessionsRequest,
    ) -> Result<DisconnectUserSessionsAnswer, Refusal> {
        self.end(request.0, sessions::disconnect).await?;
        Ok(DisconnectUserSessionsAnswer)
    }

    async fn logoff(
        &self,
        request: LogoffUserSessionsRequest,
    ) -> Result<LogoffUserSessionsAnswer, Refusal> {
        self.end(request.0, sessions::end).await?;
        Ok(LogoffUserSessionsAnswer)
    }

    /// Tickets go first: one that is invalidated cannot connect a session that was just ended here.
    async fn end(&self, selection: SessionSelection, end: End) -> Result<(), Refusal> {
        let user = self.user(&selection.credentials).await?.id;
        let farm = self.farm.row.clone();
        let now = self.now;
        self.write(move |transaction| {
            for ticket in &selection.tickets {
                tickets::invalidate(transaction, farm.id, user, ticket, now)?;
            }
            if !rules::filters_match(&selection.server_types, &selection.client_types) {
                return Ok(());
            }
            let caller = Client::new(&selection.client_name, &selection.device_id);
            let sessions = sessions::of_user(transaction, &farm, user)?;
            end(transaction, &rules::select(&caller, &sessions))
        })
        .await
    }

    async fn address(&self, request: AddressRequest) -> Result<AddressAnswer, Refusal> {
        let user = match &request.credentials {
            None | Some(Credentials::Anonymous) => None,
            Some(credentials) => Some(self.user(credentials).await?.id),
        };
        let audience = self.audience(user).ok_or(Refusal::UnknownName)?;
        let farm = &self.farm.row;
        let place = self.read(|connection| place(connection, farm, audience, &request.name))?;
        let place = place.ok_or(Refusal::UnknownName)?;
        if has_word(&request.flags, "alt-addr") {
            return Err(Refusal::NoAlternateAddress);
        }
        let tag = place.launch.map(|launch| TicketTag {
            host: place.host.label.clone(),
            launch,
            client: Client::new(&request.client_name, &request.device_id),
        });
        let mut answer = AddressAnswer {
            server_address: server_address(&place.host, request.wanted_address_type.as_deref()),
            server_type: Some(SERVER_TYPE.to_owned()),
            connection_type: Some("tcp".to_owned()),
            client_type: Some(CLIENT_TYPE.to_owned()),
            ticket_tag: tag.as_ref().map(ToString::to_string),
            farm_load_hint: Some((place.host.load * 100).to_string()),
            disconnected_session: place.is_disconnected_session,
            ssl_relay_address: None,
            cgp_address: Some(HostAddress {
                kind: Some("port".to_owned()),
                value: CGP_PORT.to_string(),
            }),
            session_sharing_key: None,
            launch_ref: None,
            ticket: None,
        };
        // On 7 and later one answer has all that a launch needs (nfuse.md §5).
        if let (Generation::Cvad7, Some(tag), Some(user)) = (farm.generation, tag, user)
            && request.credentials.as_ref().is_some_and(has_password)
        {
            answer.ticket = Some(self.issue(user, tag, None).await?);
            answer.launch_ref = Some(self.known(launch_ref())?);
        }
        Ok(answer)
    }

    async fn ticket(&self, request: TicketRequest) -> Result<TicketAnswer, Refusal> {
        let user = self.user(&request.credentials).await?;
        // A ticket stands for a password: where none is known there is nothing that it could stand for.
        if !has_password(&request.credentials) {
            return Err(Refusal::Credentials);
        }
        if !request.ticket_type.eq_ignore_ascii_case(TICKET_TYPE) {
            return Err(Refusal::Unsupported);
        }
        let tag = TicketTag::parse(&request.ticket_tag).ok_or(Refusal::UnknownName)?;
        let ticket = self.issue(user.id, tag, request.time_to_live).await?;
        Ok(TicketAnswer { ticket })
    }

    /// A reference proves nothing and is redeemed nowhere, so one is given without a password too, as
    /// clients ask for it; and without a look at the user or the session, which would tell that they
    /// exist.
    async fn launch_ref(&self, request: LaunchRefRequest) -> Result<LaunchRefAnswer, Refusal> {
        if has_password(&request.credentials) {
            self.user(&request.credentials).await?;
        }
        if !request.launch_ref_type.eq_ignore_ascii_case("ICA") {
            return Err(Refusal::Unsupported);
        }
        TicketTag::parse(&request.ticket_tag).ok_or(Refusal::UnknownName)?;
        let launch_ref = self.known(launch_ref())?;
        Ok(LaunchRefAnswer { launch_ref })
    }

    async fn app_data(&self, request: AppDataRequest) -> Result<AppDataAnswer, Refusal> {
        let user = match &request.credentials {
            // No application is published to everybody without a name.
            Some(Credentials::Anonymous) => return Ok(self.applications(Vec::new())),
            Some(credentials) => Some(self.user(credentials).await?),
            None => None,
        };
        let audience = self.audience(user.as_ref().map(|user| user.id));
        let matches = rules::filters_match(&request.server_types, &request.client_types);
        let Some(audience) = audience.filter(|_| matches) else {
            return Ok(self.applications(Vec::new()));
        };
        let farm = &self.farm.row;
        let applications = self.read(|connection| {
            let mut found = Vec::new();
            for row in catalogue::applications(connection, farm, audience)? {
                if is_wanted(&request, &row) {
                    let access = self.access_list(connection, &request, user.as_ref(), &row)?;
                    found.push(application(farm, &request, row, access));
                }
            }
            Ok(found)
        })?;
        Ok(self.applications(applications))
    }

    async fn server_data(&self, request: ServerDataRequest) -> Result<ServerDataAnswer, Refusal> {
        let matches = rules::filters_match(&request.server_types, &request.client_types);
        if !self.options.expose_catalog || !matches {
            return Ok(ServerDataAnswer::default());
        }
        let hosts = self.read(|connection| catalogue::hosts(connection, &self.farm.row))?;
        Ok(ServerDataAnswer {
            servers: hosts
                .into_iter()
                .map(|host| Server {
                    name: host.name,
                    server_type: SERVER_TYPE.to_owned(),
                    client_type: CLIENT_TYPE.to_owned(),
                })
                .collect(),
        })
    }

    /// The user that credentials speak for, once that is proven.
    async fn user(&self, credentials: &Credentials) -> Result<User, Refusal> {
        let name = match credentials {
            Credentials::Explicit {
                user_name,
                password: Some(password),
                domain,
            } => {
                let user = self.find(&account_name(user_name, domain.as_ref()))?;
                let stored = user.as_ref().map(|user| user.password_hash.as_str());
                let verifier = &self.farm.verifier;
                let verified = verifier.verify(stored, &password.value, Instant::now());
                let is_right = self.known(verified.await)?;
                let user = user.filter(|_| is_right).ok_or(Refusal::Credentials)?;
                rules::admit(user.account)?;
                return Ok(user);
            }
            Credentials::Groups { .. } | Credentials::Anonymous => {
                return Err(Refusal::Credentials);
            }
            _ if !self.farm.row.trust_requests => return Err(Refusal::NotTrusted),
            Credentials::Explicit {
                user_name, domain, ..
            } => Some(account_name(user_name, domain.as_ref())),
            Credentials::Identity { sam, upn, .. } => sam
                .as_ref()
                .or(upn.as_ref())
                .map(|name| AccountName::parse(name)),
        };
        let user = match (name, credentials) {
            (Some(name), _) => self.find(&name)?,
            (None, Credentials::Identity { sids, .. }) => match sids.first() {
                Some(sid) => self.read(|connection| users::with_sid(connection, sid))?,
                None => None,
            },
            (None, _) => None,
        };
        let user = user.ok_or(Refusal::Credentials)?;
        rules::admit(user.account)?;
        Ok(user)
    }

    fn find(&self, name: &AccountName) -> Result<Option<User>, Refusal> {
        self.read(|connection| users::find(connection, name))
    }

    /// What a caller may see of the catalogue, if anything.
    fn audience(&self, user: Option<i64>) -> Option<Audience> {
        match user {
            Some(user) => Some(Audience::User(user)),
            None => self.options.expose_catalog.then_some(Audience::All),
        }
    }

    fn applications(&self, applications: Vec<Application>) -> AppDataAnswer {
        AppDataAnswer {
            leasing_status: match self.farm.row.generation {
                Generation::Cvad7 => Some("working".to_owned()),
                Generation::XenApp6 | Generation::XenDesktop5 => None,
            },
            applications,
        }
    }

    /// Who may see an application, where it was asked for. Unless the catalogue is exposed, a user
    /// learns only that he may.
    fn access_list(
        &self,
        connection: &Connection,
        request: &AppDataRequest,
        user: Option<&User>,
        row: &ApplicationRow,
    ) -> Result<Option<Vec<AccessEntry>>, Failure> {
        if !wants_detail(request, "access-list") {
            return Ok(None);
        }
        let own = |user: &User| AccessEntry::User {
            name: user.name.clone(),
            domain: Domain::nt(&user.domain),
        };
        let entries = if !self.options.expose_catalog {
            user.map(own).into_iter().collect()
        } else if row.restricted {
            let users = catalogue::users_of(connection, row)?.into_iter();
            users
                .map(|(name, domain)| AccessEntry::User {
                    name,
                    domain: Domain::nt(domain),
                })
                .collect()
        } else {
            let domains = users::domains(connection)?.into_iter();
            domains
                .map(|domain| AccessEntry::Group {
                    name: "Domain Users".to_owned(),
                    domain: Domain::nt(domain),
                })
                .collect()
        };
        Ok(Some(entries))
    }

    /// Issues a logon ticket for what the tag names, if the user may have it.
    async fn issue(&self, user: i64, tag: TicketTag, life: Option<u32>) -> Result<String, Refusal> {
        // 30 digits, as on real farms (nfuse.md §5.5).
        let ticket = HEXUPPER.encode(&self.known(random::<15>())?);
        let farm = self.farm.row.clone();
        let now = self.now;
        self.write(move |transaction| {
            let Some(target) = target(transaction, &farm, user, &tag)? else {
                return Ok(None);
            };
            let new = NewTicket {
                farm: farm.id,
                user,
                target,
                client: &tag.client,
                life: rules::ticket_life(life),
            };
            tickets::issue(transaction, &ticket, &new, now)?;
            Ok(Some(ticket))
        })
        .await?
        .ok_or(Refusal::UnknownName)
    }

    fn read<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Refusal> {
        self.known(self.farm.db.read(act))
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Refusal> {
        let db = self.farm.db.clone();
        match spawn_blocking(move || db.write(act)).await {
            Ok(result) => self.known(result),
            Err(error) => {
                error!(farm = self.farm.row.label, %error, "A change was given up");
                Err(Refusal::Trouble)
            }
        }
    }

    /// Tells the log what the caller must not be told.
    fn known<T>(&self, result: Result<T, Error>) -> Result<T, Refusal> {
        result.map_err(|error| {
            let error: &dyn std::error::Error = &error;
            error!(farm = self.farm.row.label, error, "The farm is in trouble");
            Refusal::Trouble
        })
    }
}

fn capabilities() -> CapabilitiesAnswer {
    CapabilitiesAnswer {
        capabilities: CAPABILITIES.to_vec(),
    }
}

/// A domain of its own counts; else the user name may have one in it.
fn account_name(user_name: &str, domain: Option<&Domain>) -> AccountName {
    match domain.map(|domain| domain.name.as_str()) {
        None | Some("") => AccountName::parse(user_name),
        Some(domain) => AccountName {
            domain: Some(domain.to_owned()),
            user: user_name.to_owned(),
        },
    }
}

fn has_password(credentials: &Credentials) -> bool {
    matches!(
        credentials,
        Credentials::Explicit {
            password: Some(_),
            ..
        }
    )
}

fn identity(user: &User) -> UserIdentity {
    UserIdentity {
        sam: Some(format!(r"{}\{}", user.domain, user.name)),
        upn: Some(format!("{}@{}", user.name, user.domain_dns)),
        // The user's own, then the group that every user of a domain is in.
        sids: vec![user.sid.clone(), format!("{}-513", user.domain_sid)],
    }
}

fn session_entry(generation: Generation, server_type: &str, session: SessionRow) -> SessionEntry {
    SessionEntry {
        in_name: session.application,
        friendly_name: None,
        server_type: server_type.to_owned(),
        client_type: CLIENT_TYPE.to_owned(),
        host_id: HostId {
            kind: Some(rules::host_id_kind(generation).to_owned()),
            value: session.host,
        },
        session_id: session.number.to_string(),
    }
}

/// Finds where a name leads to for this audience, if anywhere.
fn place(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
    name: &AddressName,
) -> Result<Option<Place>, Failure> {
    let host_place = |host| Place {
        host,
        launch: None,
        is_disconnected_session: false,
    };
    match name {
        AddressName::Session(name) => {
            let Audience::User(user) = audience else {
                return Ok(None);
            };
            let (host, number) = (&name.host_id.value, &name.session_id);
            match sessions::find(connection, farm, user, host, number)? {
                Some(session) => session_place(connection, farm, &session),
                None => Ok(None),
            }
        }
        AddressName::Application(name) => application_place(connection, farm, audience, name),
        AddressName::Server(name) => {
            let hosts = catalogue::hosts(connection, farm)?;
            let host = hosts
                .into_iter()
                .find(|host| fold(&host.name) == fold(name));
            Ok(host.map(host_place))
        }
        AddressName::ServerFarm(name) if fold(name) == fold(&farm.name) => {
            catalogue::least_loaded_host(connection, farm).map(|host| Some(host_place(host)))
        }
        AddressName::ServerFarm(_) => Ok(None),
        // The oldest clients ask for a farm as `Farm1*`.
        AddressName::Unspecified(name) => {
            let named = match name.strip_suffix('*') {
                Some(farm) => AddressName::ServerFarm(farm.to_owned()),
                None => AddressName::Application(name.clone()),
            };
            place(connection, farm, audience, &named)
        }
    }
}

/// A launch leads to the user's disconnected session of the application, else to the host with the
/// fewest sessions.
fn application_place(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
    name: &str,
) -> Result<Option<Place>, Failure> {
    let Some(application) = catalogue::application(connection, farm, audience, name)? else {
        return Ok(None);
    };
    if let Audience::User(user) = audience {
        let sessions = sessions::of_user(connection, farm, user)?;
        let waiting = sessions.iter().find(|session| {
            session.state == SessionState::Disconnected && session.application == application.name
        });
        if let Some(session) = waiting {
            return session_place(connection, farm, session);
        }
    }
    Ok(Some(Place {
        host: catalogue::least_loaded_host(connection, farm)?,
        launch: Some(Launch::Application(application.name)),
        is_disconnected_session: false,
    }))
}

fn session_place(
    connection: &Connection,
    farm: &FarmRow,
    session: &SessionRow,
) -> Result<Option<Place>, Failure> {
    let host = catalogue::host(connection, farm, &session.host)?;
    Ok(host.map(|host| Place {
        host,
        launch: Some(Launch::Session(session.number.to_string())),
        is_disconnected_session: session.state == SessionState::Disconnected,
    }))
}

/// What a tag means for this user, if anything.
fn target(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    tag: &TicketTag,
) -> Result<Option<Target>, Failure> {
    match &tag.launch {
        Launch::Session(number) => {
            let session = sessions::find(connection, farm, user, &tag.host, number)?;
            Ok(session.map(|session| Target::Session(session.id)))
        }
        Launch::Application(name) => {
            let audience = Audience::User(user);
            let application = catalogue::application(connection, farm, audience, name)?;
            let host = catalogue::host(connection, farm, &tag.host)?;
            Ok(host
                .zip(application)
                .map(|(host, application)| Target::Application {
                    host: host.id,
                    application: application.id,
                }))
        }
    }
}

/// The address in the wanted form; farms prefer the number with its port (nfuse.md §5.3).
fn server_address(host: &HostRow, wanted: Option<&str>) -> HostAddress {
    let wanted = wanted.unwrap_or_default().to_ascii_lowercase();
    let (kind, value) = match wanted.as_str() {
        "dot" => ("dot", host.address.clone()),
        "dns" => ("dns", host.dns.clone()),
        "dns-port" => ("dns-port", format!("{}:{ICA_PORT}", host.dns)),
        _ => ("dot-port", format!("{}:{ICA_PORT}", host.address)),
    };
    HostAddress {
        kind: Some(kind.to_owned()),
        value,
    }
}

fn launch_ref() -> Result<String, Error> {
    Ok(BASE64.encode(&random::<18>()?))
}

/// Whether an application is in the asked folder and among the asked names.
fn is_wanted(request: &AppDataRequest, row: &ApplicationRow) -> bool {
    let names = &request.app_names;
    let is_named = names.is_empty() || names.iter().any(|name| fold(name) == fold(&row.name));
    let below = row.folder.strip_prefix(request.folder.trim_matches('\\'));
    let is_inside = below.is_some_and(|rest| {
        let subtree = request.traverse.as_deref() != Some("onelevel");
        rest.is_empty() || subtree && (request.folder.is_empty() || rest.starts_with('\\'))
    });
    is_named && is_inside
}

fn wants_detail(request: &AppDataRequest, detail: &str) -> bool {
    has_word(&request.desired_details, detail) || has_word(&request.desired_details, "all")
}

fn has_word(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

fn application(
    farm: &FarmRow,
    request: &AppDataRequest,
    row: ApplicationRow,
    access_list: Option<Vec<AccessEntry>>,
) -> Application {
    let settings = wants_detail(request, "defaults").then(|| Settings {
        disabled: false,
        desktop: row.is_desktop,
        folder: row.folder,
        description: row.description,
        publisher_name: farm.name.clone(),
        ..Settings::default()
    });
    Application {
        icons: icons::of(&row.name, row.is_desktop, &request.desired_icons),
        in_name: row.name,
        friendly_name: row.title,
        settings,
        access_list,
        seq_no: Some(row.seq_no),
        server_type: Some(SERVER_TYPE.to_owned()),
        client_type: Some(CLIENT_TYPE.to_owned()),
    }
}
