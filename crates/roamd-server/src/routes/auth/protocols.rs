//! `auth/v1/protocols`: the sign-in protocols.

use http::StatusCode;
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
    let location = state.auth_urls(&request).forms_start_url();
    RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let choices = TokenChoices {
        choices: vec![Choice {
            protocol: Choice::EXPLICIT_FORMS.to_owned(),
            location,
        }],
    };
    let media = media_type::REQUEST_TOKEN_CHOICES;
    let status = StatusCode::MULTIPLE_CHOICES;
    Ok(respond(status, media, Caching::None, choices.to_xml()))
}
