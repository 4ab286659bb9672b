//! Errors of a request, and the one table that maps them to status codes (sessions-service.md §7).

use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use roamd_citrixauth::{BodyTokenError, TokenTooLong};
use roamd_http::{BodyError, LimitReached, Response};
use roamd_nfuse_client::LargeWorkFailed;
use roamd_sessions::{Busy, FarmError, ResourceError};
use roamd_state::StateError;
use roamd_store_proto::{DecodeError, ErrorReason};
use tracing::error;

use crate::http::response;

/// Value of `Retry-After`, in seconds.
pub(crate) const RETRY_SECONDS: &str = "5";

/// Error of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The path is no route, or the schema or validation service in it does not exist.
    #[error("not found")]
    NotFound,
    /// The session, resource, icon or retry key in the path does not exist for this user, or cannot
    /// be launched (ST-52).
    #[error("not found")]
    MissingTarget(ErrorReason),
    /// The route does not support the method.
    #[error("method not allowed; use {allow}")]
    MethodNotAllowed {
        /// Value of `Allow`.
        allow: &'static str,
    },
    /// A valid token is needed.
    #[error("a security token is needed")]
    Unauthorized(
        /// Value of `WWW-Authenticate`.
        HeaderValue,
    ),
    /// Another site may have caused the request, or the sign-in belongs to another web session
    /// (WA-39, WA-41).
    #[error("forbidden")]
    Forbidden,
    /// The client accepts no type that can be sent.
    #[error("no acceptable media type; accept {offered}")]
    NotAcceptable {
        /// Types that can be sent.
        offered: &'static str,
    },
    /// The body has another media type (SS-16).
    #[error("the body has to be of the type {expected}")]
    WrongBodyType {
        /// The type.
        expected: &'static str,
    },
    /// The message to the token service has another media type (CA-33).
    #[error("the body has to be of the type {expected}")]
    UnsupportedMediaType {
        /// The type.
        expected: &'static str,
    },
    /// The body has a transfer coding that this server does not decode.
    #[error("the transfer coding is not supported; send the body chunked or with its length")]
    TransferCoding,
    /// The body is not a valid message.
    #[error("the body cannot be used: {0}")]
    BadMessage(#[from] DecodeError),
    /// The request names something that does not exist or is not allowed.
    #[error("{0}")]
    BadRequest(String),
    /// The body could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The shared state does not respond.
    #[error("the service is not ready; try again later")]
    StateUnavailable(#[source] StateError),
    /// The farm of the resource, or the farm that checks passwords, does not respond.
    #[error("the farm does not respond; try again later")]
    FarmUnavailable,
    /// Every farm that the operation needs is at its concurrency limit.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The limit on requests in progress is reached, in total or for this client; or too many
    /// writes of this user or client network wait for the shared state.
    #[error("too many requests are in progress; try again later")]
    TooManyRequests(LimitReached),
    /// A fault of the server itself.
    #[error("the request could not be served")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Busy => Self::TooManyRequests(LimitReached::ForClient),
            error => Self::StateUnavailable(error),
        }
    }
}

impl From<LargeWorkFailed> for ApiError {
    fn from(failed: LargeWorkFailed) -> Self {
        Self::Internal(failed.into())
    }
}

impl ApiError {
    /// The path names no session or resource of this user.
    pub(crate) const RESOURCE_NOT_FOUND: Self = Self::MissingTarget(ErrorReason::ResourceNotFound);

    /// Status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::MissingTarget(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::WrongBodyType { .. } | Self::BadRequest(_) | Self::Body(BodyError::Broken(_)) => {
                StatusCode::BAD_REQUEST
            }
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::BadMessage(error) if error.is_too_large() => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadMessage(_) => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::TooSlow { .. }) => StatusCode::REQUEST_TIMEOUT,
            Self::StateUnavailable(_)
            | Self::FarmUnavailable
            | Self::Busy(_)
            | Self::Body(BodyError::NoRoom(_))
            | Self::TooManyRequests(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The response: one sentence for people, never XML that a client could take for a result
    /// (SS-64).
    pub(crate) fn into_response(self) -> Response {
        let mut response = response::sentence(self.status(), &self.to_string());
        let header = match &self {
            Self::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Unauthorized(challenge) => Some((WWW_AUTHENTICATE, challenge.clone())),
            Self::MissingTarget(reason) => Some((
                HeaderName::from_static(ErrorReason::HEADER),
                HeaderValue::from_static(reason.as_str()),
            )),
            Self::StateUnavailable(source) => {
                error!(%source, "Shared state does not respond");
                Some((RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS)))
            }
            Self::FarmUnavailable
            | Self::Busy(_)
            | Self::Body(BodyError::NoRoom(_))
            | Self::TooManyRequests(_) => {
                Some((RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS)))
            }
            Self::Internal(source) => {
                error!(source, "Request failed");
                None
            }
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<LimitReached> for ApiError {
    fn from(limit: LimitReached) -> Self {
        Self::TooManyRequests(limit)
    }
}

impl From<BodyTokenError> for ApiError {
    fn from(error: BodyTokenError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

impl From<TokenTooLong> for ApiError {
    fn from(error: TokenTooLong) -> Self {
        Self::Internal(error.into())
    }
}

impl From<ResourceError> for ApiError {
    fn from(error: ResourceError) -> Self {
        match error {
            ResourceError::NotFound => Self::RESOURCE_NOT_FOUND,
            ResourceError::Farm(FarmError::Busy) => Self::Busy(Busy),
            ResourceError::Farm(_) => Self::FarmUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_errors_have_retry_after() {
        for error in [
            ApiError::from(StateError::Stopped),
            ApiError::from(StateError::Busy),
            ApiError::from(Busy),
            ApiError::from(LimitReached::ForAll),
            ApiError::from(BodyError::NoRoom(LimitReached::ForClient)),
            ApiError::from(ResourceError::Farm(FarmError::Busy)),
            ApiError::from(ResourceError::Farm(FarmError::Unavailable(String::new()))),
        ] {
            let response = error.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            let seconds = HeaderValue::from_static(RETRY_SECONDS);
            assert_eq!(response.headers().get(RETRY_AFTER), Some(&seconds));
        }
    }

    #[test]
    fn missing_target_names_reason() {
        // ST-21, ST-52
        for (reason, expected) in [
            (ErrorReason::ResourceNotFound, "ResourceNotFound"),
            (ErrorReason::ResourceDisabled, "ResourceDisabled"),
            (ErrorReason::UnsupportedOperation, "UnsupportedOperation"),
        ] {
            let response = ApiError::MissingTarget(reason).into_response();
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            let header = response.headers().get("X-Citrix-Error-Reason");
            assert_eq!(header, Some(&HeaderValue::from_static(expected)));
        }
        let missing = ApiError::NotFound.into_response();
        assert_eq!(missing.headers().get(RETRY_AFTER), None);
    }
}
