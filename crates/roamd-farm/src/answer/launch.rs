//! Addresses, tickets and launch references: what a launch needs (nfuse.md §5).

use data_encoding::{BASE64, HEXUPPER};
use roamd_nfuse_proto::{
    AddressAnswer, AddressName, AddressRequest, Credentials, HostAddress, LaunchRefAnswer,
    LaunchRefRequest, TicketAnswer, TicketRequest,
};
use rusqlite::Connection;

use super::{CLIENT_TYPE, Desk, SERVER_TYPE, has_password, has_word};
use crate::Error;
use crate::db::catalogue::{Audience, FarmRow, HostRow};
use crate::db::sessions::SessionRow;
use crate::db::tickets::{NewTicket, Target};
use crate::db::{Failure, catalogue, sessions, tickets};
use crate::name::fold;
use crate::password::random;
use crate::rules::{self, Client, Refusal};
use crate::ticket_tag::{Launch, TicketTag};
use crate::world::{Generation, SessionState};

/// Ports of the ICA protocol and of session reliability.
const ICA_PORT: u16 = 1494;
const CGP_PORT: u16 = 2598;

/// The type of logon ticket that is issued (nfuse.md §5.5).
const TICKET_TYPE: &str = "CtxLogon";

/// A place to launch, found for an address request.
struct Place {
    host: HostRow,
    launch: Option<Launch>,
    is_disconnected_session: bool,
}

impl Desk<'_> {
    pub(super) async fn address(&self, request: AddressRequest) -> Result<AddressAnswer, Refusal> {
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

    pub(super) async fn ticket(&self, request: TicketRequest) -> Result<TicketAnswer, Refusal> {
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
    pub(super) async fn launch_ref(
        &self,
        request: LaunchRefRequest,
    ) -> Result<LaunchRefAnswer, Refusal> {
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
