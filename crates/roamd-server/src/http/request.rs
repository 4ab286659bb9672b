//! What handlers take from a request, in the order in which it is checked (SS-62): token, accepted
//! type, body.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use getrandom::rand_core::Rng;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName};
use http::request::Parts;
use roamd_citrixauth::Claims;
use roamd_http::{Incoming, read_body};
use roamd_sessions::{User, UserKey};
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{Language, media_type};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::app::environment::rng;
use crate::app::state::AppState;
use crate::audit::{AuditScope, Event};
use crate::http::client_address::Client;
use crate::http::error::ApiError;
use crate::http::urls::ProtectionSpace;

/// Longest body, in bytes.
const BODY_BYTES: usize = 64 * 1024;

/// Finds the log lines of an answer, which has it as `x-request-id`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(u64);

impl RequestId {
    pub(crate) fn new() -> Self {
        Self(rng().next_u64())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A request whose path and method are good.
pub(crate) struct Request {
    id: RequestId,
    parts: Parts,
    body: Incoming,
    client: Option<Client>,
    body_deadline: Duration,
}

impl Request {
    /// `body_deadline` is how long the body may take to arrive.
    pub(crate) fn new(
        request: http::Request<Incoming>,
        id: RequestId,
        client: Option<Client>,
        body_deadline: Duration,
    ) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            id,
            parts,
            body,
            client,
            body_deadline,
        }
    }

    /// What it leaves in the audit log.
    pub(crate) fn trail(&self, gate: &AppState) -> AuditScope {
        gate.trail(self.id, self.client_address())
    }

    /// Who asks, by the token of this protection space (SS-4, CA-4).
    pub(crate) async fn claims(
        &self,
        gate: &AppState,
        space: &ProtectionSpace,
    ) -> Result<Claims, ApiError> {
        let refused = |reason| {
            if reason != Reason::NoToken {
                let event = Event::token_refused(None, space.realm.as_str(), reason);
                self.trail(gate).note(event);
            }
            ApiError::Unauthorized(Box::new(space.challenge(reason)))
        };
        let mut values = self.parts.headers.get_all(AUTHORIZATION).iter();
        let presented = match (values.next(), values.next()) {
            (None, _) => Err(Reason::NoToken),
            // Of two tokens nobody can say which one counts.
            (Some(_), Some(_)) => Err(Reason::InvalidToken),
            (Some(value), None) => match value.to_str() {
                Ok(value) => {
                    gate.tokens
                        .check(Some(value), &space.realm, &gate.audience, gate.now())
                }
                Err(_) => Err(Reason::InvalidToken),
            },
        };
        let presented = presented.map_err(refused)?;
        let revoked = gate.is_revoked(&presented).await?;
        presented.unless_revoked(revoked).map_err(refused)
    }

    /// The user of a store's protection space.
    pub(crate) async fn user(
        &self,
        gate: &AppState,
        space: &ProtectionSpace,
    ) -> Result<User, ApiError> {
        Ok(user(&self.claims(gate, space).await?))
    }

    /// The type of the answer: the first of `Accept` that can be sent (SS-60, ST-1). `names` tells
    /// the client what could be.
    pub(crate) fn accepts(
        &self,
        offered: &[&'static str],
        names: &'static str,
    ) -> Result<&'static str, ApiError> {
        let lines: Vec<&str> = self.header_lines(&ACCEPT);
        media_type::negotiate(&lines, offered).ok_or(ApiError::NotAcceptable { offered: names })
    }

    /// The language of texts for people (ST-8).
    pub(crate) fn language(&self) -> Language {
        Language::negotiate(&self.header_lines(&ACCEPT_LANGUAGE))
    }

    /// The body, which has to be of this type (SS-16).
    pub(crate) async fn body_of(
        self,
        expected: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        if !self.body_is(expected) {
            return Err(ApiError::WrongBodyType { expected });
        }
        self.body().await
    }

    /// Whether the body says that it is of this type.
    pub(crate) fn body_is(&self, expected: &str) -> bool {
        self.header(&CONTENT_TYPE)
            .is_some_and(|value| media_type::is(value, expected))
    }

    /// The body, whatever it says of its type.
    pub(crate) async fn body(self) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        Ok(read_body(self.body, BODY_BYTES, self.body_deadline).await?)
    }

    /// The values of a query parameter, in their order.
    pub(crate) fn query<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = Cow<'_, str>> + use<'_, 'n> {
        let query = self.parts.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Address of the client that sent the request, behind the proxies that are trusted. The listener
    /// always tells it.
    pub(crate) fn client_address(&self) -> Option<IpAddr> {
        self.client.map(|client| client.address)
    }

    /// The value of a header that is text; of several, the first.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// All lines of a header joined by commas, as HTTP allows to read them.
    pub(crate) fn joined(&self, name: &HeaderName) -> Option<String> {
        let lines = self.header_lines(name);
        (!lines.is_empty()).then(|| lines.join(","))
    }

    fn header_lines(&self, name: &HeaderName) -> Vec<&str> {
        lines(&self.parts.headers, name)
    }
}

/// Lines that are not text count as a value that nobody understands.
fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h str> {
    headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap_or("?"))
        .collect()
}

/// The user whom a token was issued to, as farms are asked about them.
pub(crate) fn user(claims: &Claims) -> User {
    User {
        key: UserKey::new(claims.user.domain(), claims.user.name()),
        name: claims.user.name().to_owned(),
        domain: claims.user.domain().to_owned(),
        password: claims.password.clone(),
    }
}
