//! The token service and the validation services (citrixauth.md §4).

use std::sync::Arc;

use roamd_citrixauth::{BodyTokenError, ServiceTokenError};
use roamd_http::Response;
use roamd_store_proto::auth::{
    Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, Reason, RefreshToken, RequestToken,
};
use roamd_store_proto::media_type;
use tracing::info;

use super::messages::{accepts_token_messages, secret_response, token_response};
use crate::app::state::AppState;
use crate::audit::{Event, SignInId, account};
use crate::auth::password_checks::CheckPolicy;
use crate::auth::revocation::{Revoked, TokenDigests};
use crate::clock::rng;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::urls::ProtectionSpace;
use crate::routes::caller::{Caller, caller, unauthorized};

/// The media types of all messages to the token service.
const TOKEN_MESSAGES: &str = "application/vnd.citrix.requesttoken+xml, \
     application/vnd.citrix.refreshtoken+xml or application/vnd.citrix.destroytoken+xml";

/// The kinds of messages to the token service, distinguished by media type (CA-33).
#[derive(Clone, Copy)]
enum TokenMessage {
    Request,
    Refresh,
    Destroy,
}

/// `auth/v1/token`. The token is checked before the message (CA-33).
pub(crate) async fn token(state: &Arc<AppState>, request: Request) -> Result<Response, ApiError> {
    let message = TokenMessage::of(&request);
    let request = match message {
        Some(message) => request.for_operation(message.operation()),
        None => request,
    };
    if matches!(message, Some(TokenMessage::Destroy)) {
        request.ends_sign_in();
    }
    let space = &state.auth_urls(&request).tokens;
    let caller = caller(state, &request, space).await?;
    match message {
        Some(TokenMessage::Destroy) => accepts_destroy_response(&request)?,
        _ => accepts_token_messages(&request)?,
    }
    let message = message.ok_or(ApiError::UnsupportedMediaType {
        expected: TOKEN_MESSAGES,
    })?;
    let body = caller.body(request).await?;
    match message {
        TokenMessage::Request => exchange(state, &caller, space, &body).await,
        TokenMessage::Refresh => refresh(state, &caller, &body).await,
        TokenMessage::Destroy => destroy(state, caller, &body).await,
    }
}

/// Exchanges a primary token for a service token (§2 step 6).
async fn exchange(
    state: &AppState,
    caller: &Caller<'_>,
    space: &ProtectionSpace,
    body: &[u8],
) -> Result<Response, ApiError> {
    let message = RequestToken::from_xml(body)?;
    caller.check_password(CheckPolicy::SkipIfUnknown).await?;
    let response = state
        .tokens
        .service_token(
            &caller.claims,
            &message,
            &state.realms(),
            state.audiences.as_slice(),
            state.now(),
            &mut rng(),
        )
        .map_err(|error| match error {
            ServiceTokenError::Service(error) => ApiError::BadRequest(error.to_string()),
            ServiceTokenError::SignInEnding => unauthorized(space, Reason::Expired),
            ServiceTokenError::TooLong(error) => error.into(),
        })?;
    Ok(token_response(&response))
}

/// Issues a token again with a later expiry (CA-36), if its password is still good.
async fn refresh(state: &AppState, caller: &Caller<'_>, body: &[u8]) -> Result<Response, ApiError> {
    let message = RefreshToken::from_xml(body)?;
    let (holder, now) = (&caller.claims, state.now());
    let presented = state.tokens.to_refresh(holder, &message, now)?;
    let digests = TokenDigests::of(presented.opened());
    let revoked = state.revocations.is_revoked(&digests).await?;
    let token = presented
        .unless_revoked(revoked)
        .map_err(|_| BodyTokenError::Invalid)?;
    caller
        .check_password_in(&token, CheckPolicy::Require)
        .await?;
    let lifetime = message.requested_lifetime;
    let response = state
        .tokens
        .refreshed(holder, &token, lifetime, state.now(), &mut rng())?;
    Ok(token_response(&response))
}

/// Revokes a token and all tokens derived from it (CA-39). An acknowledged revocation holds on
/// every server and after a crash. It runs to completion and is recorded, even if the client
/// disconnects.
async fn destroy(
    state: &Arc<AppState>,
    caller: Caller<'_>,
    body: &[u8],
) -> Result<Response, ApiError> {
    let message = DestroyToken::from_xml(body)?;
    destroy_for(state, &caller, &message).await?;
    Ok(secret_response(
        media_type::DESTROY_TOKEN_RESPONSE,
        DestroyTokenResponse.to_xml(),
    ))
}

/// Revokes a token that a caller wants to destroy.
pub(in crate::routes) async fn destroy_for(
    state: &Arc<AppState>,
    caller: &Caller<'_>,
    message: &DestroyToken,
) -> Result<(), ApiError> {
    let holder = &caller.claims;
    if let Some(revocation) = state.tokens.destroy(holder, message, state.now())? {
        let (task_state, audit) = (Arc::clone(state), caller.audit.clone());
        let name = account(holder.user.domain(), holder.user.name());
        let user = caller.user.key().clone();
        let revoke = async move {
            let revoked = task_state.revocations.revoke(&user, &revocation).await?;
            let ended = revocation.ends_sign_in.then_some(revocation.id);
            audit.record(Event::TokenDestroyed {
                user: name.clone(),
                sign_in: ended.map(SignInId::of),
            });
            info!(%user, "Token destroyed");
            if revoked == Revoked::AllOfUser {
                audit.record(Event::tokens_revoked_at_limit(name));
            }
            Ok::<_, ApiError>(())
        };
        state.changes.run_to_completion(revoke).await??;
    }
    Ok(())
}

/// `auth/v1/token/validate`: returns the user of a token to a service (§4.3). The response holds
/// the name and the expiry only, and is given only while the password is good.
pub(crate) async fn validate(
    state: &AppState,
    service: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let space = state
        .auth_urls(&request)
        .validation(service.unwrap_or("default"))
        .ok_or(ApiError::NotFound)?;
    let caller = caller(state, &request, space).await?;
    let media = request.accepts(&[media_type::CLAIMS_IDENTITY], media_type::CLAIMS_IDENTITY)?;
    caller.check_password(CheckPolicy::Require).await?;
    let claims = &caller.claims;
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
    Ok(secret_response(media, principal.to_xml()))
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

    /// The name of the operation in the audit log.
    const fn operation(self) -> &'static str {
        match self {
            Self::Request => "token-exchange",
            Self::Refresh => "token-refresh",
            Self::Destroy => "token-destroy",
        }
    }
}

/// Checks that `Accept` names the response to a destroyed token. A client may also name what it
/// accepts from the token service in general (CA-35).
fn accepts_destroy_response(request: &Request) -> Result<(), ApiError> {
    let media = media_type::DESTROY_TOKEN_RESPONSE;
    request
        .accepts(&[media], media)
        .map(|_| ())
        .or_else(|refused| accepts_token_messages(request).map_err(|_| refused))
}
