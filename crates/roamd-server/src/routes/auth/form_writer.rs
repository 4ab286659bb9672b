//! Writes forms and tokens as the messages of CitrixAuth.

use http::header::{CONTENT_LANGUAGE, HeaderValue, SET_COOKIE};
use roamd_citrixauth::{ConversationRefusal, StartedConversation};
use roamd_http::Response;
use roamd_store_proto::auth::Form;
use roamd_store_proto::{Language, media_type};

use super::conversation::PostOutcome;
use super::messages::{secret_response, token_response};
use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;

/// A client that accepts no vendor type of forms may accept plain XML (CA-44).
const PLAIN_XML: &str = "text/xml";

/// Writes forms in the media type and the language that the client accepts.
#[derive(Clone, Copy)]
pub(super) struct FormWriter {
    media: &'static str,
    pub(super) language: Language,
}

impl FormWriter {
    /// # Errors
    /// [`ApiError::NotAcceptable`] if the client accepts no form.
    pub(super) fn of(request: &Request) -> Result<Self, ApiError> {
        // The vendor's type takes precedence, wherever it stands in `Accept`.
        let media = request
            .accepts(&[media_type::FORM], media_type::FORM)
            .or_else(|_| request.accepts(&[PLAIN_XML], media_type::FORM))?;
        Ok(Self {
            media,
            language: request.language(),
        })
    }

    /// The response to a post.
    pub(super) fn outcome(
        self,
        state: &AppState,
        outcome: PostOutcome,
    ) -> Result<Response, ApiError> {
        match outcome {
            PostOutcome::SignedIn { token, domain } => {
                Ok(token_response(&token.into_response(Some(domain))))
            }
            PostOutcome::Reply(reply) => Ok(self.respond(reply.form())),
            PostOutcome::Change(started) => self.with_cookie(state, &started),
        }
    }

    /// A response with a form.
    pub(super) fn respond(self, form: &Form) -> Response {
        let mut response = secret_response(self.media, form.to_xml());
        let tag = HeaderValue::from_static(self.language.tag());
        response.headers_mut().insert(CONTENT_LANGUAGE, tag);
        response
    }

    /// A response with the form of a refused conversation.
    pub(super) fn refusal(self, refusal: &ConversationRefusal) -> Response {
        self.respond(&refusal.form(self.language))
    }

    /// A response with the first form of a conversation and its cookie.
    pub(super) fn with_cookie(
        self,
        state: &AppState,
        started: &StartedConversation,
    ) -> Result<Response, ApiError> {
        let mut response = self.respond(&started.form);
        let cookie = state.conversations.set_cookie(started, state.is_https());
        let cookie =
            HeaderValue::try_from(cookie).map_err(|error| ApiError::Internal(error.into()))?;
        response.headers_mut().insert(SET_COOKIE, cookie);
        Ok(response)
    }
}
