//! `RequestTicket`: logon tickets (nfuse.md §5.5).

use data_encoding::HEXUPPER;
use roamd_nfuse_proto::{TicketRequest, TicketResponse};
use rusqlite::Connection;

use crate::crypto::random::random;
use crate::model::application::Audience;
use crate::model::farm::FarmRow;
use crate::model::ticket::{NewTicket, TicketTarget};
use crate::model::ticket_tag::{LaunchTarget, TicketTag};
use crate::rules::request_refusal::RequestRefusal;
use crate::rules::ticket_lifetime::ticket_life;
use crate::service::authentication::has_password;
use crate::service::request_handler::RequestHandler;
use crate::store::store_error::StoreError;
use crate::store::{hosts, logon_tickets, published_applications, sessions};

/// The only ticket type that the farm issues (nfuse.md §5.5).
const TICKET_TYPE: &str = "CtxLogon";

impl RequestHandler<'_> {
    /// Responds to `RequestTicket`.
    pub(crate) async fn ticket(
        &self,
        request: TicketRequest,
    ) -> Result<TicketResponse, RequestRefusal> {
        let user = self.authenticate(&request.credentials).await?;
        // A ticket stands for a password, so a request without a password gets no ticket.
        if !has_password(&request.credentials) {
            return Err(RequestRefusal::Credentials);
        }
        if !request.ticket_type.eq_ignore_ascii_case(TICKET_TYPE) {
            return Err(RequestRefusal::Unsupported);
        }
        let tag = TicketTag::parse(&request.ticket_tag).ok_or(RequestRefusal::UnknownName)?;
        let ticket = self
            .issue_ticket(user.id, tag, request.time_to_live)
            .await?;
        Ok(TicketResponse { ticket })
    }

    /// Issues a logon ticket for the target of a tag, if it is available to the user.
    pub(crate) async fn issue_ticket(
        &self,
        user: i64,
        tag: TicketTag,
        lifetime: Option<u32>,
    ) -> Result<String, RequestRefusal> {
        // 30 digits, as on real farms (nfuse.md §5.5).
        let ticket = HEXUPPER.encode(&self.hide_internal_error(random::<15>())?);
        let farm = self.farm.row.clone();
        let now = self.now;
        self.write(move |transaction| {
            let Some(target) = ticket_target(transaction, &farm, user, &tag)? else {
                return Ok(None);
            };
            let new = NewTicket {
                farm: farm.id,
                user,
                target,
                client: &tag.client,
                life: ticket_life(lifetime),
            };
            logon_tickets::issue(transaction, &ticket, &new, now)?;
            Ok(Some(ticket))
        })
        .await?
        .ok_or(RequestRefusal::UnknownName)
    }
}

/// Returns the ticket target that a tag names, or `None` if it is not available to this user.
fn ticket_target(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    tag: &TicketTag,
) -> Result<Option<TicketTarget>, StoreError> {
    match &tag.launch {
        LaunchTarget::Session(number) => {
            let session = sessions::find(connection, farm, user, &tag.host, number)?;
            Ok(session.map(|session| TicketTarget::Session(session.id)))
        }
        LaunchTarget::Application { name, sharing_key } => {
            let audience = Audience::User(user);
            let Some(application) = published_applications::find(connection, farm, audience, name)?
            else {
                return Ok(None);
            };
            let hosts = hosts::of_group(connection, farm.id, application.group)?;
            let host = hosts.into_iter().find(|host| host.label == tag.host);
            Ok(host.map(|host| TicketTarget::Application {
                host: host.id,
                application: application.id,
                sharing_key: sharing_key.clone(),
            }))
        }
    }
}
