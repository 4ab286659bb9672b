//! Why a request is refused, and the one table that turns reasons into status codes
//! (sessions-service.md §7).

use http::StatusCode;
use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use roamd_citrixauth::{BodyTokenError, TokenTooLong};
use roamd_http::{BodyError, Response};
use roamd_sessions::{Busy, FarmError, ResourceError};
use roamd_store_proto::auth::Challenge;
use roamd_store_proto::{DecodeError, ErrorReason};
use tracing::error;

use crate::http::response;

/// Seconds after which a client may try again what could not be served now.
pub(crate) const RETRY_SECONDS: &str = "5";

/// A request that is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The path names nothing, or the schema in it does not exist.
    #[error("there is nothing at this address")]
    NotFound,
    /// The session, resource or retry key in the path does not exist for this user (ST-52).
    #[error("there is nothing at this address")]
    NothingToLaunch(ErrorReason),
    /// The resource has other methods.
    #[error("this address takes {allow} only")]
    MethodNotAllowed {
        /// The methods that it has.
        allow: &'static str,
    },
    /// A token is needed.
    #[error("a security token is needed")]
    Unauthorized(Box<Challenge>),
    /// Nothing that the client accepts can be sent.
    #[error("the Accept header has to allow {offered}")]
    NotAcceptable {
        /// What can be sent.
        offered: &'static str,
    },
    /// A body of another media type has to be sent (SS-16).
    #[error("the body has to be of the type {expected}")]
    WrongBodyType {
        /// The type.
        expected: &'static str,
    },
    /// The token service knows its messages by their media type (CA-33).
    #[error("the body has to be of the type {expected}")]
    UnsupportedMediaType {
        /// The type.
        expected: &'static str,
    },
    /// The body is not the message that it should be.
    #[error("the body cannot be used: {0}")]
    BadMessage(#[from] DecodeError),
    /// The message asks for something that is not to be had.
    #[error("{0}")]
    BadRequest(String),
    /// The body could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The shared state gave no answer.
    #[error("the service is not ready; try again later")]
    StateUnavailable(#[from] roamd_state::StateError),
    /// The farm that has to be asked, about a resource or a password, gave no answer.
    #[error("the farm that has to be asked gave no answer; try again later")]
    FarmUnavailable,
    /// Every farm that would have to be asked has enough to do.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// As many requests are being answered as may be, in all or for this client.
    #[error("the server has enough to do; try again later")]
    TooManyRequests,
    /// A fault of this program.
    #[error("the request could not be served")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NothingToLaunch(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::WrongBodyType { .. } | Self::BadRequest(_) | Self::Body(BodyError::Broken(_)) => {
                StatusCode::BAD_REQUEST
            }
            Self::BadMessage(error) if error.is_too_large() => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadMessage(_) => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::TooSlow { .. }) => StatusCode::REQUEST_TIMEOUT,
            Self::StateUnavailable(_)
            | Self::FarmUnavailable
            | Self::Busy(_)
            | Self::TooManyRequests => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer: one sentence for people, never XML that a client could take for a result (SS-64).
    pub(crate) fn into_answer(self) -> Response {
        let mut answer = response::sentence(self.status(), &self.to_string());
        let header = match &self {
            Self::MethodNotAllowed { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Unauthorized(challenge) => self.challenge_header(challenge),
            Self::NothingToLaunch(reason) => Some((
                HeaderName::from_static(ErrorReason::HEADER),
                HeaderValue::from_static(reason.as_str()),
            )),
            Self::StateUnavailable(source) => {
                error!(%source, "Shared state gave no answer");
                Some((RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS)))
            }
            Self::FarmUnavailable | Self::Busy(_) | Self::TooManyRequests => {
                Some((RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS)))
            }
            Self::Internal(source) => {
                error!(source, "Request could not be served");
                None
            }
            _ => None,
        };
        if let Some((name, value)) = header {
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    /// The one challenge of a `401` (CA-5). Its values come from the checked configuration, so it
    /// always fits a header.
    fn challenge_header(&self, challenge: &Challenge) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::try_from(challenge.to_string());
        value.ok().map(|value| (WWW_AUTHENTICATE, value))
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
            ResourceError::NotFound => Self::NotFound,
            ResourceError::Farm(FarmError::Busy) => Self::Busy(Busy),
            ResourceError::Farm(_) => Self::FarmUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use roamd_state::StateError;

    use super::*;

    #[test]
    fn who_cannot_be_served_now_hears_when_to_try_again() {
        for refused in [
            ApiError::from(StateError::Stopped),
            ApiError::from(Busy),
            ApiError::TooManyRequests,
            ApiError::from(ResourceError::Farm(FarmError::Busy)),
            ApiError::from(ResourceError::Farm(FarmError::Unavailable(String::new()))),
        ] {
            let answer = refused.into_answer();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            let seconds = HeaderValue::from_static(RETRY_SECONDS);
            assert_eq!(answer.headers().get(RETRY_AFTER), Some(&seconds));
        }
    }

    #[test]
    fn what_cannot_be_launched_says_why() {
        // ST-21, ST-52
        for (reason, expected) in [
            (ErrorReason::ResourceNotFound, "ResourceNotFound"),
            (ErrorReason::ResourceDisabled, "ResourceDisabled"),
            (ErrorReason::UnsupportedOperation, "UnsupportedOperation"),
        ] {
            let answer = ApiError::NothingToLaunch(reason).into_answer();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            let header = answer.headers().get("X-Citrix-Error-Reason");
            assert_eq!(header, Some(&HeaderValue::from_static(expected)));
        }
        let missing = ApiError::NotFound.into_answer();
        assert_eq!(missing.headers().get(RETRY_AFTER), None);
    }
}
