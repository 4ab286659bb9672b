//! Connection of a client to a session or application: address, logon ticket and launch reference
//! (nfuse.md §5).

use roamd_nfuse_client::CallError;
use roamd_nfuse_proto::{
    AddressRequest, AddressResponse, CapabilityId, ErrorId, LaunchRefRequest, TicketRequest,
};
use roamd_sessions::{
    ConnectRequest, Connection, DeadlineShare, FarmError, ListScope, Logon, Refusal, Target,
};
use secrecy::SecretString;
use tokio::time::timeout_at;
use tracing::warn;

use super::address_request::address_request;
use super::context::OperationContext;
use super::credentials::explicit;
use super::errors::{farm_error_of_launch, is_refused_with, with_codes};
use super::session_list;

/// Flag of a request for the alternate address of a host.
const ALTERNATE_ADDRESS: &str = "alt-addr";

/// Gets everything that a client needs to connect.
pub(super) async fn connect(
    context: &OperationContext,
    connect: &ConnectRequest,
) -> Result<Connection, FarmError> {
    let address = address(context, connect).await?;
    let sharing_key = address.session_sharing_key.clone();
    let sharing_key = sharing_key.or_else(|| connect.sharing_key.clone());
    // The launch reference is optional, so this must not use up the time for the ticket.
    let reference = launch_reference(context, &address, connect, sharing_key.clone());
    let launch_reference = timeout_at(context.deadline_of(DeadlineShare::Half), reference)
        .await
        .unwrap_or(None);
    let logon = logon(context, &address, connect).await;
    // The request for the address may have started a session.
    let logon = logon.map_err(FarmError::after_earlier_request)?;
    Ok(Connection {
        address: address.server_address.value,
        cgp_port: address
            .cgp_address
            .and_then(|address| address.value.parse().ok()),
        launch_reference,
        session_sharing_key: sharing_key,
        logon,
    })
}

/// Gets the address of the target. If the farm has no alternate address for it, requests the plain
/// one: a refused request starts no session.
async fn address(
    context: &OperationContext,
    connect: &ConnectRequest,
) -> Result<AddressResponse, FarmError> {
    let farm = &context.farm.config;
    let flag = farm.alternate_address.then(|| ALTERNATE_ADDRESS.to_owned());
    let mut request = AddressRequest {
        wanted_address_type: Some(farm.address_form.as_str().to_owned()),
        flags: flag.into_iter().collect(),
        credentials: Some(context.credentials()),
        ..address_request(connect, &context.user, farm.generation)
    };
    let response = match context.call(&request).await {
        Err(error)
            if !request.flags.is_empty() && is_refused_with(&error, &ErrorId::NO_ALT_ADDRESS) =>
        {
            request.flags.clear();
            context.call(&request).await
        }
        response => response,
    };
    match response {
        Ok(response) => Ok(response),
        Err(error) => Err(launch_error(context, &error, connect).await),
    }
}

/// Gets the launch reference, or `None` if the farm has none (nfuse.md §5.6). Farms from 7 on send
/// it with the address; it is requested only if it is missing there.
async fn launch_reference(
    context: &OperationContext,
    address: &AddressResponse,
    connect: &ConnectRequest,
    session_sharing_key: Option<String>,
) -> Option<String> {
    if address.launch_ref.is_some() {
        return address.launch_ref.clone();
    }
    let ticket_tag = address.ticket_tag.clone()?;
    let has_references = context.has(&CapabilityId::LAUNCH_REFERENCE).await;
    if !has_references.unwrap_or(false) {
        return None;
    }
    let user = &context.user;
    let request = LaunchRefRequest {
        device_id: connect.end_point.device_id.clone(),
        session_sharing_key,
        time_to_live: Some(ticket_seconds(context)),
        ..LaunchRefRequest::new(explicit(user.name(), user.domain(), None), ticket_tag)
    };
    match context.query(&request).await {
        Ok(response) => Some(response.launch_ref),
        Err(error) => {
            let farm = &context.farm.description.id;
            warn!(%farm, %error, "Farm sent no launch reference; launching without");
            None
        }
    }
}

/// Gets the logon ticket (nfuse.md §5.5). Farms from 7 on send it with the address. Old farms may
/// have no licence for tickets; then their hosts prompt for the password.
async fn logon(
    context: &OperationContext,
    address: &AddressResponse,
    connect: &ConnectRequest,
) -> Result<Logon, FarmError> {
    if let Some(ticket) = &address.ticket {
        return Ok(Logon::Ticket(SecretString::from(ticket.as_str())));
    }
    let Some(ticket_tag) = address.ticket_tag.clone() else {
        return Err(FarmError::Unavailable(
            "address response has no ticket tag".to_owned(),
        ));
    };
    let request = TicketRequest {
        time_to_live: Some(ticket_seconds(context)),
        ..TicketRequest::new(context.credentials(), ticket_tag)
    };
    match context.call(&request).await {
        Ok(response) => Ok(Logon::Ticket(SecretString::from(response.ticket))),
        Err(error) if is_refused_with(&error, &ErrorId::TICKETING_DISABLED) => Ok(Logon::Prompt),
        Err(error) => Err(launch_error(context, &error, connect).await),
    }
}

/// Converts an error of a launch. Farms from 7 on refuse an unknown session as if no host were
/// free; then their list of sessions shows which of both it is, if it is not truncated.
async fn launch_error(
    context: &OperationContext,
    error: &CallError,
    connect: &ConnectRequest,
) -> FarmError {
    if let Target::Session(session) = &connect.target
        && let CallError::Refused(refused) = error
        && refused.id == ErrorId::NO_AVAILABLE_WORKSTATION
        && let Ok(listed) =
            session_list::sessions(context, &connect.end_point, ListScope::Disconnected).await
        && !listed.is_truncated()
        && !listed
            .as_slice()
            .iter()
            .any(|it| it.key.is_same_session(session))
    {
        return FarmError::Refused(with_codes(Refusal::UnknownSession, refused));
    }
    let error = farm_error_of_launch(error, &connect.target);
    context.checked(error).await
}

/// Lifetime of tickets and launch references, in seconds.
fn ticket_seconds(context: &OperationContext) -> u32 {
    let lifetime = context.farm.config.ticket_time_to_live;
    u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX)
}
