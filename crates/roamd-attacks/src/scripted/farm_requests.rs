//! Requests to the embedded farm.

use anyhow::{Result, anyhow, ensure};
use roamd_bench::{Connection, Request, credentials};
use roamd_nfuse_proto::sta::{DataRequest, TicketData, TicketRequest};
use roamd_nfuse_proto::{
    Dialect, Request as NfuseRequest, ValidateCredentialsRequest, decode_response, encode_request,
};

/// Path of the XML service.
pub(super) const FARM: &str = "/scripts/wpnbr.dll";

/// Path of the ticket authority.
const AUTHORITY: &str = "/scripts/ctxsta.dll";

/// Visits the farm as a legitimate client: checks a password, and requests and redeems a ticket.
///
/// # Errors
/// If a request fails or is refused.
pub(super) async fn visit(connection: &mut Connection, user: &str) -> Result<()> {
    let check = ValidateCredentialsRequest::new(credentials(user));
    send(connection, FARM, &check).await?;
    let ticket = send(connection, AUTHORITY, &ticket_request()).await?;
    let redeemed = send(connection, AUTHORITY, &DataRequest(ticket)).await?;
    ensure!(redeemed.data == ticket_request().data, "another ticket");
    Ok(())
}

/// A check of the password of an unknown user: it costs a hash, and locks no account.
///
/// # Errors
/// If a header is invalid.
pub(super) fn password_of_unknown_user() -> Result<Request> {
    let check = ValidateCredentialsRequest::new(credentials("stranger"));
    post(FARM, &check)
}

/// A request for a ticket.
///
/// # Errors
/// If a header is invalid.
pub(super) fn ticket() -> Result<Request> {
    post(AUTHORITY, &ticket_request())
}

fn ticket_request() -> TicketRequest {
    let data = TicketData {
        ica_address: "192.0.2.1:1494".to_owned(),
        x_data: None,
    };
    TicketRequest::v4(data, false)
}

fn post<R: NfuseRequest>(path: &str, request: &R) -> Result<Request> {
    let body = encode_request(Dialect::FMA, request);
    Request::post(path, &[("Content-Type", "text/xml")], body)
}

async fn send<R: NfuseRequest>(
    connection: &mut Connection,
    path: &str,
    request: &R,
) -> Result<R::Response> {
    let response = connection.send(post(path, request)?).await?;
    ensure!(response.status == 200, "the farm sent {}", response.status);
    let (_, result) = decode_response::<R>(&response.body)?;
    result.map_err(|error| anyhow!("the farm refused: {error:?}"))
}
