//! Sign-in: the protocols, the token service and the explicit forms (citrixauth.md §2, §4, §5).

pub(super) mod forms;
mod password_change;
pub(super) mod tokens;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use roamd_http::Response;
use roamd_store_proto::auth::{Choice, RequestToken, RequestTokenResponse, TokenChoices};
use roamd_store_proto::media_type;

use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, whole};

/// Lists the ways to sign in, with status 300 and no `Location` (CA-24 to CA-26). Any `for-service`
/// will do (CA-16).
pub(crate) async fn protocols(gate: &AppState, request: Request) -> Result<Response, ApiError> {
    accepts_token_messages(&request)?;
    RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let choices = TokenChoices {
        choices: vec![Choice {
            protocol: Choice::EXPLICIT_FORMS.to_owned(),
            location: gate.authentication.forms_start_url(),
        }],
    };
    let media = media_type::REQUEST_TOKEN_CHOICES;
    let mut answer = whole(
        StatusCode::MULTIPLE_CHOICES,
        media,
        Caching::None,
        choices.to_xml(),
    );
    answer.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    Ok(answer)
}

/// Both token messages stand in `Accept`; either will do (CA-35).
fn accepts_token_messages(request: &Request) -> Result<(), ApiError> {
    let offered = [
        media_type::REQUEST_TOKEN_RESPONSE,
        media_type::REQUEST_TOKEN_CHOICES,
    ];
    request
        .accepts(&offered, media_type::REQUEST_TOKEN_RESPONSE)
        .map(|_| ())
}

fn token_response(response: &RequestTokenResponse) -> Response {
    let media = media_type::REQUEST_TOKEN_RESPONSE;
    secret(StatusCode::OK, media, response.to_xml())
}

fn secret(status: StatusCode, media: &'static str, body: Vec<u8>) -> Response {
    whole(status, media, Caching::Secret, body)
}
