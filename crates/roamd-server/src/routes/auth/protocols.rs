//! `auth/v1/protocols`: the sign-in protocols.

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use roamd_http::Response;
use roamd_store_proto::auth::{Choice, RequestToken, TokenChoices};
use roamd_store_proto::media_type;

use super::messages::accepts_token_messages;
use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};

/// Lists the sign-in protocols, with status 300 and no `Location` (CA-24 to CA-26). Any
/// `for-service` is accepted (CA-16).
pub(crate) async fn list(state: &AppState, request: Request) -> Result<Response, ApiError> {
    accepts_token_messages(&request)?;
    RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let choices = TokenChoices {
        choices: vec![Choice {
            protocol: Choice::EXPLICIT_FORMS.to_owned(),
            location: state.auth_urls.forms_start_url(),
        }],
    };
    let media = media_type::REQUEST_TOKEN_CHOICES;
    let status = StatusCode::MULTIPLE_CHOICES;
    let mut response = respond(status, media, Caching::None, choices.to_xml());
    response.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    Ok(response)
}
