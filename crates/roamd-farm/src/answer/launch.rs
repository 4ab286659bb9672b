//! Addresses, tickets and launch references: what a launch needs (nfuse.md §5).

use data_encoding::{BASE64, HEXUPPER};
use roamd_nfuse_proto::{
    AddressRequest, AddressResponse, Credentials, HostAddress, LaunchRefRequest, LaunchRefResponse,
    TicketRequest, TicketResponse,
};
use rusqlite::Connection;

use super::{CLIENT_TYPE, Desk, SERVER_TYPE, has_password, has_word};
use crate::Error;
use crate::db::catalogue::{Audience, FarmRow};
use crate::db::hosts::HostRow;
use crate::db::tickets::{NewTicket, Target};
use crate::db::{Failure, catalogue, hosts, sessions, tickets};
use crate::launch::LaunchRefusal;
use crate::launch::place::{Caller, Place, place};
use crate::launch::sharing::SharingKey;
use crate::password::random;
use crate::refusal::Refusal;
use crate::rules::{self, Client};
use crate::ticket_tag::{Launch, TicketTag};
use crate::world::Generation;

/// Ports of the ICA protocol and of session reliability.
const ICA_PORT: u16 = 1494;
const CGP_PORT: u16 = 2598;

/// The type of logon ticket that is issued (nfuse.md §5.5).
const TICKET_TYPE: &str = "CtxLogon";

impl Desk<'_> {
    pub(super) async fn address(
        &self,
        request: AddressRequest,
    ) -> Result<AddressResponse, Refusal> {
        let user = match &request.credentials {
            None | Some(Credentials::Anonymous) => None,
            Some(credentials) => Some(self.user(credentials).await?),
        };
        let audience = self.audience(user.as_ref().map(|user| user.id));
        let farm = &self.farm.row;
        let caller = Caller {
            audience: audience.ok_or(Refusal::UnknownName)?,
            client: Client::new(&request.client_name, &request.device_id),
            sharing_key: user.as_ref().and_then(|user| {
                SharingKey::of(&farm.label, &user.sid, request.session_settings.as_ref())
            }),
        };
        let now = self.now;
        let place = self.read(|connection| place(connection, farm, &caller, &request.name, now))?;
        let place = place.ok_or(Refusal::UnknownName)?;
        if has_word(&request.flags, "alt-addr") {
            return Err(Refusal::NoAlternateAddress);
        }
        let (host, launch, disconnected_session, sharing_key) = match place {
            Place::At {
                host,
                launch,
                is_disconnected_session,
                sharing_key,
            } => (host, launch, is_disconnected_session, sharing_key),
            Place::Asleep(host) => {
                self.write(move |transaction| hosts::switch_on(transaction, host.id, now))
                    .await?;
                return Err(Refusal::Launch(LaunchRefusal::Starting));
            }
        };
        let tag = launch.map(|launch| TicketTag {
            host: host.label.clone(),
            launch,
            client: caller.client,
        });
        let mut answer = AddressResponse {
            server_address: server_address(&host, request.wanted_address_type.as_deref()),
            server_type: Some(SERVER_TYPE.to_owned()),
            connection_type: Some("tcp".to_owned()),
            client_type: Some(CLIENT_TYPE.to_owned()),
            ticket_tag: tag.as_ref().map(ToString::to_string),
            farm_load_hint: Some(host.load_hint().to_string()),
            disconnected_session,
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
            answer.ticket = Some(self.issue(user.id, tag, None).await?);
            answer.session_sharing_key = sharing_key.map(|key| key.0);
            answer.launch_ref = Some(self.known(launch_ref())?);
        }
        Ok(answer)
    }

    pub(super) async fn ticket(&self, request: TicketRequest) -> Result<TicketResponse, Refusal> {
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
        Ok(TicketResponse { ticket })
    }

    /// A reference proves nothing and is redeemed nowhere, so one is given without a password too, as
    /// clients ask for it; and without a look at the user or the session, which would tell that they
    /// exist.
    pub(super) async fn launch_ref(
        &self,
        request: LaunchRefRequest,
    ) -> Result<LaunchRefResponse, Refusal> {
        if has_password(&request.credentials) {
            self.user(&request.credentials).await?;
        }
        if !request.launch_ref_type.eq_ignore_ascii_case("ICA") {
            return Err(Refusal::Unsupported);
        }
        TicketTag::parse(&request.ticket_tag).ok_or(Refusal::UnknownName)?;
        let launch_ref = self.known(launch_ref())?;
        Ok(LaunchRefResponse { launch_ref })
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
        Launch::Application { name, sharing_key } => {
            let audience = Audience::User(user);
            let Some(application) = catalogue::application(connection, farm, audience, name)?
            else {
                return Ok(None);
            };
            let hosts = hosts::of_group(connection, farm.id, application.group)?;
            let host = hosts.into_iter().find(|host| host.label == tag.host);
            Ok(host.map(|host| Target::Application {
                host: host.id,
                application: application.id,
                sharing_key: sharing_key.clone(),
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
