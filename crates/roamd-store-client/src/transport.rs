//! Requests over http and https, bounded in time and size.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use roamd_store_proto::{DecodeError, media_type};
use tokio::time::timeout;
use url::Url;

use crate::audience::Audience;
use crate::error::{ClientError, shown};

/// From the first byte of a request to the last of its answer.
const DEADLINE: Duration = Duration::from_secs(60);

/// For a connection alone.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Largest answer, in bytes: a list of what a user may start can be long.
const LARGEST: usize = 64 * 1024 * 1024;

/// Sends requests. Redirects are never followed: a `POST` would come out of them as a `GET`
/// (SS-9), and a token with another audience.
#[derive(Clone)]
pub(crate) struct Transport {
    /// The store's address has https, so nothing goes over http.
    encrypted: bool,
    http: Client<HttpConnector, Full<Bytes>>,
    /// Made when it is first needed, since a machine may lack root certificates.
    https: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

/// A request, without the headers that every request has.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c> {
    pub(crate) url: &'c Url,
    /// Type of the body and the body; without one the method is `GET`.
    pub(crate) body: Option<(&'static str, &'c [u8])>,
    pub(crate) accept: &'static str,
    /// For the `Authorization` header, marked as a secret.
    pub(crate) token: Option<&'c HeaderValue>,
    pub(crate) cookies: Option<&'c HeaderValue>,
}

/// An answer with its whole body.
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    pub(crate) fn new(encrypted: bool) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_DEADLINE));
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Self {
            encrypted,
            http,
            https: OnceLock::new(),
        }
    }

    /// Sends one request, once.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, ClientError> {
        let audience = Audience::of(call.url);
        let encrypted = call.url.scheme() == "https";
        if self.encrypted && !encrypted {
            return Err(ClientError::Unencrypted(audience));
        }
        let request = call.request()?;
        let answer = async {
            let unreachable = |cause| ClientError::Unreachable {
                audience: audience.clone(),
                cause: Box::new(cause),
            };
            let response = if encrypted {
                self.https()
                    .map_err(ClientError::NoCertificates)?
                    .request(request)
                    .await
            } else {
                self.http.request(request).await
            };
            let (head, body) = response.map_err(unreachable)?.into_parts();
            let body = Limited::new(body, LARGEST)
                .collect()
                .await
                .map_err(|source| {
                    if source.is::<LengthLimitError>() {
                        ClientError::TooLarge {
                            audience: audience.clone(),
                            limit: LARGEST,
                        }
                    } else {
                        ClientError::Unreachable {
                            audience: audience.clone(),
                            cause: source,
                        }
                    }
                })?;
            Ok(Answer {
                url: call.url.clone(),
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let late = || ClientError::TooSlow {
            audience: audience.clone(),
            limit: DEADLINE,
        };
        timeout(DEADLINE, answer)
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    fn https(&self) -> io::Result<&Client<HttpsConnector<HttpConnector>, Full<Bytes>>> {
        if let Some(client) = self.https.get() {
            return Ok(client);
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_DEADLINE));
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
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
            .map_err(|_| ClientError::BadLink {
                place: "an address",
            })
    }
}

impl Answer {
    /// The message of an answer that has to be one.
    pub(crate) fn message<T>(
        &self,
        read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, ClientError> {
        read(&self.body).map_err(|source| ClientError::Unreadable {
            url: self.url.clone(),
            source: source.into(),
        })
    }

    /// That the answer has a status which does not belong here.
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

    /// The first line of a plain text, without the status that some servers begin it with.
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
        Some(shown(line)).filter(|reason| !reason.is_empty())
    }
}

/// A URL of an answer that can be called.
pub(crate) fn link(place: &'static str, text: &str) -> Result<Url, ClientError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or(ClientError::BadLink { place })
}
