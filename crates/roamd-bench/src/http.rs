//! An HTTP connection for one request at a time.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::url::split_url;

/// An open connection.
pub struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

/// A whole response.
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Connection {
    /// Connects to a server.
    ///
    /// # Errors
    /// If the server does not accept the connection.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // The task ends when the sender is dropped, and the sender reports its errors.
        drop(tokio::spawn(connection));
        Ok(Self { address, sender })
    }

    /// Posts a body to a path.
    ///
    /// # Errors
    /// If a header is invalid or the connection fails.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<HttpResponse> {
        let mut request = Request::post(path)
            .header(HOST, self.address.to_string())
            .body(body.into())?;
        for (name, value) in headers {
            let name = name.parse().context("invalid header name")?;
            request
                .headers_mut()
                .append::<hyper::header::HeaderName>(name, value.parse()?);
        }
        self.sender.ready().await?;
        let response: Response<Incoming> = self.sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        Ok(HttpResponse {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

/// Posts to a URL on a new connection.
///
/// # Errors
/// If the URL or a header is invalid, or the connection fails.
pub fn post_once(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpResponse> {
    let (address, path) = split_url(url)?;
    runtime()?.block_on(async {
        Connection::open(address)
            .await?
            .post(&path, headers, body.to_vec())
            .await
    })
}

/// Returns a runtime with one thread, which leaves the other cores to the servers.
///
/// # Errors
/// If the runtime cannot be started.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
