//! A connection to a server: kept, one request at a time.

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

use crate::setup::split;

/// An open connection.
pub(crate) struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends when the sender is dropped; its errors are seen by the sender.
        drop(tokio::spawn(connection));
        Ok(Self { address, sender })
    }

    /// Posts a body to a path.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let mut request = Request::post(path)
            .header(HOST, self.address.to_string())
            .body(body.into())?;
        for (name, value) in headers {
            let name = name.parse().context("not the name of a header")?;
            request
                .headers_mut()
                .append::<hyper::header::HeaderName>(name, value.parse()?);
        }
        self.sender.ready().await?;
        let response: Response<Incoming> = self.sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

/// Posts to a URL on a connection of its own.
pub(crate) fn post_once(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let (address, path) = split(url)?;
    runtime()?.block_on(async {
        Connection::open(address)
            .await?
            .post(&path, headers, body.to_vec())
            .await
    })
}

/// One thread is enough for the client side, and leaves the rest of the machine to the servers.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
