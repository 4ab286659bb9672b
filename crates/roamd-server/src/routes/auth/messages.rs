//! Common parts of all token messages.

use http::StatusCode;
use roamd_http::Response;
use roamd_store_proto::auth::RequestTokenResponse;
use roamd_store_proto::media_type;

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::respond_secret;

/// Checks that `Accept` names one of the two token messages (CA-35).
pub(super) fn accepts_token_messages(request: &Request) -> Result<(), ApiError> {
    let offered = [
        media_type::REQUEST_TOKEN_RESPONSE,
        media_type::REQUEST_TOKEN_CHOICES,
    ];
    request
        .accepts(&offered, media_type::REQUEST_TOKEN_RESPONSE)
        .map(|_| ())
}

/// A response with a token.
pub(super) fn token_response(response: &RequestTokenResponse) -> Response {
    let media = media_type::REQUEST_TOKEN_RESPONSE;
    secret_response(media, response.to_xml())
}

/// A `200` that must not be cached anywhere (CA-77).
pub(super) fn secret_response(media: &'static str, body: Vec<u8>) -> Response {
    respond_secret(StatusCode::OK, media, body)
}
