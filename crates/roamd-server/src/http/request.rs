//! A request whose path and method are valid, and what handlers read from it: accepted types,
//! language, headers, query, body (SS-62). The token is checked in [`crate::routes::caller`].

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, IF_NONE_MATCH,
};
use http::{Method, Version};
use ipnet::IpNet;
use roamd_http::{BodyError, RequestBody, read_body_in};
use roamd_sessions::UserKey;
use roamd_store_proto::{Language, media_type};
use zeroize::Zeroizing;

use crate::fairness::budgets::FREE_BODY_BYTES;
use crate::http::base_url::BaseUrlIndex;
use crate::http::client_address::Client;
use crate::http::error::ApiError;
use crate::http::request_id::RequestId;
use crate::http::request_limiter::Admission;

/// Headers by which Citrix Gateway names itself: its address, and its host name.
const CITRIX_VIA_VIP: HeaderName = HeaderName::from_static("x-citrix-via-vip");
const CITRIX_VIA: HeaderName = HeaderName::from_static("x-citrix-via");

/// Maximum size of a body, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request whose path and method are valid. Handlers pass it on through several futures, so it is
/// on the heap.
pub(crate) struct Request(Box<Received>);

struct Received {
    id: RequestId,
    request: Box<http::Request<RequestBody>>,
    client: Client,
    base_url: BaseUrlIndex,
    admission: Arc<Admission>,
    body_timeout: Duration,
    operation: &'static str,
}

/// The `Authorization` header of a request (CA-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authorization<'r> {
    /// There is no such header.
    Missing,
    /// The header occurs once and is text.
    Value(&'r str),
    /// The header occurs more than once, or is not text. It is ambiguous which token counts.
    Ambiguous,
}

impl Request {
    /// Wraps a request. Its body has to arrive within `body_timeout`.
    pub(crate) fn new(
        request: Box<http::Request<RequestBody>>,
        id: RequestId,
        client: Client,
        base_url: BaseUrlIndex,
        admission: Arc<Admission>,
        body_timeout: Duration,
    ) -> Self {
        Self(Box::new(Received {
            id,
            request,
            client,
            base_url,
            admission,
            body_timeout,
            operation: "",
        }))
    }

    /// Sets what the client wants to do, in one word.
    #[must_use]
    pub(crate) fn for_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = operation;
        self
    }

    /// What the client wants to do: the name of the route, or of the message to the token service.
    pub(crate) fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Marks a request that ends a sign-in. It needs no place among those of its user and its
    /// client: a thief with a token must not be able to take all of them, and so prevent its end.
    pub(crate) fn ends_sign_in(&self) {
        self.0.admission.record_end();
    }

    /// Takes the place of a request in progress, unless a body is still to come. A request without
    /// a body and with a token gets it when the token is known to be valid.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] if a limit is reached.
    pub(crate) async fn begin(&self) -> Result<(), ApiError> {
        if self.has_body() || self.authorization() != Authorization::Missing {
            return Ok(());
        }
        Ok(self.0.admission.take_place(0).await?)
    }

    /// Records that the request has a valid token, of this user, and takes its place unless a body
    /// is still to come.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] if a limit is reached.
    pub(crate) async fn record_user(&self, user: &UserKey) -> Result<(), ApiError> {
        self.0.admission.record_user(user);
        self.0.request.body().raise_standing(user);
        if self.has_body() {
            return Ok(());
        }
        Ok(self.0.admission.take_place(0).await?)
    }

    /// Whether handlers read a body of this method.
    fn has_body(&self) -> bool {
        !matches!(*self.method(), Method::GET | Method::HEAD)
    }

    /// Path of the URL.
    pub(crate) fn path(&self) -> &str {
        self.0.request.uri().path()
    }

    /// Query of the URL, empty if there is none.
    pub(crate) fn query_text(&self) -> &str {
        self.0.request.uri().query().unwrap_or_default()
    }

    /// Method.
    pub(crate) fn method(&self) -> &Method {
        self.0.request.method()
    }

    /// Id of the request.
    pub(crate) fn id(&self) -> RequestId {
        self.0.id
    }

    /// The base URL by which the client knows the server.
    pub(crate) fn base_url(&self) -> BaseUrlIndex {
        self.0.base_url
    }

    /// The `Authorization` header.
    pub(crate) fn authorization(&self) -> Authorization<'_> {
        let mut values = self.0.request.headers().get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Authorization::Missing,
            (Some(value), None) => value
                .to_str()
                .map_or(Authorization::Ambiguous, Authorization::Value),
            (Some(_), Some(_)) => Authorization::Ambiguous,
        }
    }

    /// The media type of the response: the first type of `Accept` that is offered (SS-60, ST-1).
    ///
    /// # Errors
    /// [`ApiError::NotAcceptable`], whose text lists `names`.
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

    /// Reads the body, which must declare this media type (SS-16).
    ///
    /// # Errors
    /// If the type is another one, or the body is too large, too slow or broken.
    pub(crate) async fn body_of(
        self,
        expected: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        if !self.body_is(expected) {
            return Err(ApiError::WrongBodyType { expected });
        }
        self.body().await
    }

    /// Whether the body declares this media type.
    pub(crate) fn body_is(&self, expected: &str) -> bool {
        self.header(&CONTENT_TYPE)
            .is_some_and(|value| media_type::is(value, expected))
    }

    /// Reads the body, whatever media type it declares. Then takes the place of a request in
    /// progress: a client that sends slowly takes none.
    ///
    /// # Errors
    /// If the body is too large, too slow or broken, or a limit is reached.
    pub(crate) async fn body(self) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        // In HTTP/2, one connection can have many bodies on the way.
        let free = match self.0.request.version() {
            Version::HTTP_2 => 0,
            _ => FREE_BODY_BYTES,
        };
        let room = self.0.admission.body_room(free);
        let body = self.0.request.into_body();
        let body = read_body_in(body, MAX_BODY_BYTES, self.0.body_timeout, Some(room)).await;
        let body = body.map_err(|error| match error {
            BodyError::NoRoom(limit) => ApiError::TooManyRequests(limit),
            error => error.into(),
        })?;
        self.0.admission.take_place(body.len()).await?;
        Ok(body)
    }

    /// The values of a query parameter, in their order.
    pub(crate) fn query<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = Cow<'_, str>> + use<'_, 'n> {
        self.query_pairs()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Names and values of the query, decoded.
    pub(crate) fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query_text().as_bytes())
    }

    /// Address of the client, behind the trusted proxies.
    pub(crate) fn client_address(&self) -> IpAddr {
        self.0.client.address
    }

    /// Address of the client if it is certain that it is not the address of a proxy.
    pub(crate) fn own_client_address(&self) -> Option<IpAddr> {
        self.0.client.own_address()
    }

    /// Addresses and names of the Citrix Gateway that has forwarded the request, from all lines of
    /// its headers; empty if none has. Only a trusted proxy is believed.
    pub(crate) fn citrix_gateway(&self) -> Vec<String> {
        if !self.0.client.is_forwarded {
            return Vec::new();
        }
        let names = [CITRIX_VIA_VIP, CITRIX_VIA];
        let lines = names.iter().flat_map(|name| self.header_lines(name));
        let names = lines.flat_map(|line| line.split(','));
        names.map(|name| name.trim().to_owned()).collect()
    }

    /// Whether the client itself, and not a proxy, is in one of these networks.
    pub(crate) fn client_is_in(&self, networks: &[IpNet]) -> bool {
        self.0.client.is_in(networks)
    }

    /// The first value of a header, if it is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        let headers = self.0.request.headers();
        headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All lines of a header, joined by commas (RFC 9110 §5.3).
    pub(crate) fn joined(&self, name: &HeaderName) -> Option<String> {
        let lines = self.header_lines(name);
        (!lines.is_empty()).then(|| lines.join(","))
    }

    /// Whether `If-None-Match` contains a tag. Weak tags match too (RFC 9110 §13.1.2).
    pub(crate) fn knows(&self, tag: &str) -> bool {
        let known = self.joined(&IF_NONE_MATCH);
        known.is_some_and(|known| matches_tag(&known, tag))
    }

    /// The lines of a header. One that is not text is an unknown value.
    pub(crate) fn header_lines(&self, name: &HeaderName) -> Vec<&str> {
        lines(self.0.request.headers(), name)
    }
}

/// Whether a value of `If-None-Match` contains a tag.
fn matches_tag(header: &str, tag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// A line that is not text counts as an unknown value.
fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h str> {
    headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap_or("?"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_accepts_list_weak_tag_and_star() {
        for (header, known) in [
            ("\"ab\"", true),
            ("\"x\", W/\"ab\"", true),
            ("*", true),
            ("\"x\"", false),
            ("ab", false),
            ("", false),
        ] {
            assert_eq!(matches_tag(header, "\"ab\""), known, "{header}");
        }
    }
}
