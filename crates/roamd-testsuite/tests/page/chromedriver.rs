//! A `chromedriver` process, and HTTP to it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as BlockingStream;
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::session::http::{Body, HttpClient};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Attempts to start a driver.
const ATTEMPTS: usize = 10;

/// A running `chromedriver`. Its browsers end with it.
pub(super) struct Chromedriver {
    address: String,
    process: Child,
}

impl Chromedriver {
    /// Starts a driver at a free port.
    pub(super) async fn start() -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(started) = Self::try_start().await {
                return started;
            }
        }
        panic!("chromedriver found no free port in {ATTEMPTS} attempts");
    }

    /// Starts a driver. Returns `None` if it has stopped: it uses one port for IPv4 and IPv6, and
    /// another process may have one of them.
    async fn try_start() -> Option<Self> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().unwrap_or_else(|error| {
            panic!("chromedriver: {error}; run `cargo xtask test`, which installs it")
        });
        let mut lines = BufReader::new(process.stdout.take()?).lines();
        loop {
            let line = lines.next_line().await.unwrap()?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let address = format!("127.0.0.1:{}", port.trim_end_matches('.'));
                return Some(Self { address, process });
            }
        }
    }

    /// URL of the driver.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // A driver that is killed leaves its browsers, so it is asked to stop first.
        if let Ok(mut stream) = BlockingStream::connect(&self.address) {
            let request = format!("GET /shutdown HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
            let asked = stream.write_all(request.as_bytes());
            drop(asked.and_then(|()| stream.read(&mut [0; 64])));
        }
        drop(self.process.start_kill());
    }
}

/// HTTP client of the WebDriver library: a connection for each request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client;

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let body = match body {
            Body::Empty => Bytes::new(),
            Body::Json(json) => json.to_string().into(),
        };
        let authority = parts.uri.authority().unwrap().to_string();
        parts.headers.insert(HOST, authority.parse().unwrap());
        parts.uri = parts.uri.path_and_query().unwrap().clone().into();
        let failed = |error: &dyn std::fmt::Display| WebDriverError::HttpError(error.to_string());
        let stream = TcpStream::connect(&authority).await;
        let stream = TokioIo::new(stream.map_err(|error| failed(&error))?);
        let connection = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = connection.map_err(|error| failed(&error))?;
        tokio::spawn(connection);
        let request = Request::from_parts(parts, Full::new(body));
        let response = sender.send_request(request).await;
        let (parts, body) = response.map_err(|error| failed(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| failed(&error))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(*self)
    }
}
