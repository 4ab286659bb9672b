//! Requests to the server of a store over http and https, with limits for time and size.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use roamd_store_proto::{DecodeError, media_type};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use crate::audience::Audience;
use crate::authorities::Authorities;
use crate::connection_problem::{ConnectionProblem, says_https_port};
use crate::error::ClientError;
use crate::printable::short_line;
use crate::store_url::parse_http_url;

/// Timeout from the start of a request to the last byte of its response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Timeout for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Limit of a response in bytes. A list of resources can be long.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Sends requests to one server, that of the store. It never follows redirects: they would turn a
/// `POST` into a `GET` (SS-9).
///
/// INVARIANT: Nothing goes to another server, so that no response can lead a password or a token
/// there.
#[derive(Clone)]
pub(crate) struct Transport {
    store: Audience,
    /// `None`: those of the system.
    authorities: Option<Authorities>,
    http: Client<HttpConnector, Full<Bytes>>,
    /// Created on first use, because a machine may have no root certificates.
    https: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c> {
    pub(crate) url: &'c Url,
    /// Media type and body. Without them the method is `GET`.
    pub(crate) body: Option<(&'static str, &'c [u8])>,
    pub(crate) accept: &'static str,
    /// Value of the `Authorization` header, marked as sensitive.
    pub(crate) token: Option<&'c HeaderValue>,
    pub(crate) cookies: Option<&'c HeaderValue>,
}

/// A response with its body.
pub(crate) struct Response {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    /// Creates a transport to the server of the store.
    pub(crate) fn new(store: Audience) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Self {
            store,
            authorities: None,
            http,
            https: OnceLock::new(),
        }
    }

    /// Trusts these authorities, and no others.
    pub(crate) fn trust(&mut self, authorities: Authorities) {
        self.authorities = Some(authorities);
        self.https = OnceLock::new();
    }

    /// Checks that a URL of a response is one of the server of the store.
    ///
    /// # Errors
    /// If its scheme, host or port is another one.
    pub(crate) fn check(&self, url: &Url) -> Result<(), ClientError> {
        let named = Audience::of(url);
        if self.store == named {
            return Ok(());
        }
        Err(match self.store.is_encrypted() && !named.is_encrypted() {
            true => ClientError::Unencrypted(named),
            false => ClientError::OtherAudience {
                store: self.store.clone(),
                named,
            },
        })
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// If the URL is not one of the server of the store; then nothing was sent. If there is no
    /// response in time.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Response, ClientError> {
        self.check(call.url)?;
        let audience = &self.store;
        let is_https = audience.is_encrypted();
        let request = call.request()?;
        let response = async {
            let unreachable = |cause: &(dyn Error + 'static)| ClientError::Unreachable {
                audience: audience.clone(),
                problem: ConnectionProblem::of(cause, is_https),
            };
            let response = if is_https {
                self.https()
                    .map_err(ClientError::NoCertificates)?
                    .request(request)
                    .await
            } else {
                self.http.request(request).await
            };
            let (head, body) = response.map_err(|error| unreachable(&error))?.into_parts();
            let body = Limited::new(body, MAX_RESPONSE_BYTES)
                .collect()
                .await
                .map_err(|source| {
                    if source.is::<LengthLimitError>() {
                        ClientError::TooLarge {
                            audience: audience.clone(),
                            limit: MAX_RESPONSE_BYTES,
                        }
                    } else {
                        unreachable(source.as_ref())
                    }
                })?;
            let body = body.to_bytes();
            if !is_https && head.status == StatusCode::BAD_REQUEST && says_https_port(&body) {
                return Err(ClientError::Unreachable {
                    audience: audience.clone(),
                    problem: ConnectionProblem::SpeaksHttps,
                });
            }
            Ok(Response {
                url: call.url.clone(),
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        let started = Instant::now();
        let response = timeout(REQUEST_TIMEOUT, response)
            .await
            .unwrap_or_else(|_| {
                Err(ClientError::TooSlow {
                    audience: audience.clone(),
                    limit: REQUEST_TIMEOUT,
                })
            });
        tracing::debug!(
            method = if call.body.is_some() { "POST" } else { "GET" },
            url = %call.url,
            status = response.as_ref().ok().map(|it| it.status.as_u16()),
            milliseconds = started.elapsed().as_millis(),
            "Store responded",
        );
        response
    }

    fn https(&self) -> io::Result<&Client<HttpsConnector<HttpConnector>, Full<Bytes>>> {
        if let Some(client) = self.https.get() {
            return Ok(client);
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let builder = HttpsConnectorBuilder::new();
        let connector = match &self.authorities {
            None => builder.with_native_roots()?,
            Some(Authorities(roots)) => builder.with_tls_config(
                ClientConfig::builder()
                    .with_root_certificates(Arc::clone(roots))
                    .with_no_client_auth(),
            ),
        };
        let connector = connector.https_only().enable_http1().wrap_connector(tcp);
        Ok(self
            .https
            .get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl Call<'_> {
    fn request(self) -> Result<Request<Full<Bytes>>, ClientError> {
        let method = if self.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = Request::builder()
            .method(method)
            .uri(self.url.as_str())
            .header(ACCEPT, self.accept);
        if let Some((content_type, _)) = self.body {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let Some(token) = self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(cookies) = self.cookies {
            request = request.header(COOKIE, cookies);
        }
        let body = self
            .body
            .map_or_else(Bytes::new, |(_, body)| Bytes::copy_from_slice(body));
        request
            .body(Full::new(body))
            .map_err(|_| ClientError::BadLink { part: "an address" })
    }
}

impl Response {
    /// Decodes the body.
    pub(crate) fn message<T>(
        &self,
        decode: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, ClientError> {
        decode(&self.body).map_err(|source| ClientError::Unreadable {
            url: self.url.clone(),
            source: source.into(),
        })
    }

    /// Returns the error of a response with an unexpected status.
    pub(crate) fn unexpected(&self) -> ClientError {
        match self.status {
            StatusCode::FORBIDDEN => ClientError::NotAllowed,
            status => ClientError::Status {
                url: self.url.clone(),
                status,
                reason: self.reason(),
            },
        }
    }

    /// Returns the first line of a plain text body, without the status that some servers put before
    /// it.
    fn reason(&self) -> Option<String> {
        let content_type = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        if !media_type::is(content_type, "text/plain") {
            return None;
        }
        let text = String::from_utf8_lossy(&self.body);
        let line = text.lines().next()?;
        let line = line
            .strip_prefix(&self.status.to_string())
            .map_or(line, |rest| rest.trim_start_matches(':'));
        Some(short_line(line)).filter(|reason| !reason.is_empty())
    }
}

/// Parses a URL of a response. `part` names it in the error.
pub(crate) fn usable_url(part: &'static str, text: &str) -> Result<Url, ClientError> {
    parse_http_url(text).ok_or(ClientError::BadLink { part })
}
