//! An HTTP connection for one request at a time.

use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::request::Request;
use crate::tls::TlsClients;

/// An open connection.
pub struct Connection {
    host: String,
    sender: SendRequest<Full<Bytes>>,
    last_status: Option<u16>,
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
    /// Connects to a server without TLS.
    ///
    /// # Errors
    /// If the server does not accept the connection.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        Self::open_with(address, None).await
    }

    /// Connects to a server, with TLS if clients of a certificate are given.
    ///
    /// # Errors
    /// If the server does not accept the connection, or the TLS handshake fails.
    pub async fn open_with(address: SocketAddr, tls: Option<&TlsClients>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Self::over(stream, address, tls).await
    }

    /// Uses a connected stream.
    ///
    /// # Errors
    /// If the TLS handshake fails.
    pub async fn over(
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<&TlsClients>,
    ) -> Result<Self> {
        match tls {
            Some(tls) => Self::start(tls.connect(stream, address).await?, address).await,
            None => Self::start(stream, address).await,
        }
    }

    async fn start(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: SocketAddr,
    ) -> Result<Self> {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // The task ends when the sender is dropped, and the sender reports its errors.
        drop(tokio::spawn(connection));
        Ok(Self {
            host: address.to_string(),
            sender,
            last_status: None,
        })
    }

    /// Returns the status of the last response, or `None` before the first one.
    #[must_use]
    pub fn last_status(&self) -> Option<u16> {
        self.last_status
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
        self.send(Request::post(path, headers, body)?).await
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn send(&mut self, request: Request) -> Result<HttpResponse> {
        let mut request = request.into_http()?;
        request.headers_mut().insert(HOST, self.host.parse()?);
        self.sender.ready().await?;
        let response: Response<Incoming> = self.sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        self.last_status = Some(head.status.as_u16());
        Ok(HttpResponse {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

/// Sends a request on a new connection.
///
/// # Errors
/// If the connection fails.
pub fn send_once(
    address: SocketAddr,
    tls: Option<&TlsClients>,
    request: Request,
) -> Result<HttpResponse> {
    runtime()?.block_on(async {
        Connection::open_with(address, tls)
            .await?
            .send(request)
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
