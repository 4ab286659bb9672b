//! The token service: tokens exchanged, refreshed and destroyed, and told of (citrixauth.md §4).

use std::sync::Arc;

use http::StatusCode;
use roamd_citrixauth::{BodyTokenError, Claims, ServiceTokenError};
use roamd_http::Response;
use roamd_store_proto::auth::{
    Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, Reason, RefreshToken, RequestToken,
};
use roamd_store_proto::media_type;
use tracing::info;

use super::{accepts_token_messages, secret, token_response};
use crate::app::environment::rng;
use crate::app::state::{AppState, Reach};
use crate::audit::{AuditScope, Event, account};
use crate::http::error::ApiError;
use crate::http::request::{Request, user};

/// The media types of all messages to the token service.
const TOKEN_MESSAGES: &str = "application/vnd.citrix.requesttoken+xml, \
     application/vnd.citrix.refreshtoken+xml or application/vnd.citrix.destroytoken+xml";

/// What the token service is asked to do. Messages are told apart by their media type (CA-33).
#[derive(Clone, Copy)]
enum TokenMessage {
    Request,
    Refresh,
    Destroy,
}

/// The token service. The token is checked before the message (CA-33).
pub(crate) async fn token(gate: &Arc<AppState>, request: Request) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let holder = request.claims(gate, &gate.authentication.tokens).await?;
    let message = TokenMessage::of(&request);
    match message {
        Some(TokenMessage::Destroy) => accepts_destruction(&request)?,
        _ => accepts_token_messages(&request)?,
    }
    let message = message.ok_or(ApiError::UnsupportedMediaType {
        expected: TOKEN_MESSAGES,
    })?;
    let body = request.body().await?;
    match message {
        TokenMessage::Request => exchange(gate, &trail, &holder, &body).await,
        TokenMessage::Refresh => refresh(gate, &trail, &holder, &body).await,
        TokenMessage::Destroy => destroy(gate, &trail, &holder, &body).await,
    }
}

/// Exchanges a primary token for a service token (§2 step 6).
async fn exchange(
    gate: &AppState,
    trail: &AuditScope,
    primary: &Claims,
    body: &[u8],
) -> Result<Response, ApiError> {
    let space = &gate.authentication.tokens;
    let message = RequestToken::from_xml(body)?;
    gate.admit(trail, &user(primary), space, Reach::OneFarm)
        .await?;
    let audiences = std::slice::from_ref(&gate.audience);
    let response = gate
        .tokens
        .service_token(
            primary,
            &message,
            &gate.realms(),
            audiences,
            gate.now(),
            &mut rng(),
        )
        .map_err(|error| match error {
            ServiceTokenError::Service(error) => ApiError::BadRequest(error.to_string()),
            ServiceTokenError::SignInEnding => {
                ApiError::Unauthorized(Box::new(space.challenge(Reason::Expired)))
            }
            ServiceTokenError::TooLong(error) => error.into(),
        })?;
    Ok(token_response(&response))
}

/// Gives a token a later end (CA-36). Nothing lasts longer by a password that is not good any more.
async fn refresh(
    gate: &AppState,
    trail: &AuditScope,
    holder: &Claims,
    body: &[u8],
) -> Result<Response, ApiError> {
    let message = RefreshToken::from_xml(body)?;
    let presented = gate.tokens.to_refresh(holder, &message, gate.now())?;
    let revoked = gate.is_revoked(&presented).await?;
    let token = presented
        .unless_revoked(revoked)
        .map_err(|_| BodyTokenError::Invalid)?;
    let space = &gate.authentication.tokens;
    gate.admit(trail, &user(&token), space, Reach::NoFarm)
        .await?;
    let wished = message.requested_lifetime;
    let response = gate
        .tokens
        .refreshed(holder, &token, wished, gate.now(), &mut rng())?;
    Ok(token_response(&response))
}

/// Ends a token and all that come from it (CA-39). What is acknowledged holds on every node, and
/// after a crash. Once begun it goes to its end, and is written down, whether or not the client waits.
async fn destroy(
    gate: &Arc<AppState>,
    trail: &AuditScope,
    holder: &Claims,
    body: &[u8],
) -> Result<Response, ApiError> {
    let message = DestroyToken::from_xml(body)?;
    if let Some(revocation) = gate.tokens.destroy(holder, &message, gate.now())? {
        let (revoking, trail) = (Arc::clone(gate), trail.clone());
        let (user, name) = (
            user(holder).key,
            account(holder.user.domain(), holder.user.name()),
        );
        gate.to_the_end(async move {
            revoking.revoke(&user, &revocation).await?;
            trail.note(Event::TokenDestroyed { user: name });
            info!(%user, "Token destroyed");
            Ok::<_, ApiError>(())
        })
        .await??;
    }
    Ok(secret(
        StatusCode::OK,
        media_type::DESTROY_TOKEN_RESPONSE,
        DestroyTokenResponse.to_xml(),
    ))
}

/// Tells a service who the holder of a token for it is (§4.3): never more than the name and the
/// times, and only while the password is good.
pub(crate) async fn validate(
    gate: &AppState,
    service: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let space = gate
        .authentication
        .validation(service.unwrap_or("default"))
        .ok_or(ApiError::NotFound)?;
    let trail = request.trail(gate);
    let claims = request.claims(gate, space).await?;
    let media = request.accepts(&[media_type::CLAIMS_IDENTITY], media_type::CLAIMS_IDENTITY)?;
    gate.admit(&trail, &user(&claims), space, Reach::NoFarm)
        .await?;
    let name = claims.user.to_string();
    let claim = |claim_type: &str, value_type: &str, value: String| Claim {
        claim_type: claim_type.to_owned(),
        value,
        value_type: value_type.to_owned(),
        issuer: claims.issuer.clone(),
        original_issuer: claims.issuer.clone(),
    };
    let principal = ClaimsPrincipal {
        name: name.clone(),
        authenticated: true,
        method: ClaimsPrincipal::COMMON_FORMS.to_owned(),
        claims: vec![
            claim(Claim::NAME, "string", name),
            claim(Claim::EXPIRATION, "dateTime", claims.expiry.to_string()),
        ],
    };
    Ok(secret(StatusCode::OK, media, principal.to_xml()))
}

impl TokenMessage {
    fn of(request: &Request) -> Option<Self> {
        [
            (media_type::REQUEST_TOKEN, Self::Request),
            (media_type::REFRESH_TOKEN, Self::Refresh),
            (media_type::DESTROY_TOKEN, Self::Destroy),
        ]
        .into_iter()
        .find(|(media_type, _)| request.body_is(media_type))
        .map(|(_, message)| message)
    }
}

/// A client may name what it always accepts from the token service (CA-35), or the answer itself.
fn accepts_destruction(request: &Request) -> Result<(), ApiError> {
    let answer = media_type::DESTROY_TOKEN_RESPONSE;
    request
        .accepts(&[answer], answer)
        .map(|_| ())
        .or_else(|refused| accepts_token_messages(request).map_err(|_| refused))
}
