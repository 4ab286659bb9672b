//! Bounds the memory of unfinished heads, at the bottom of a connection: below TLS, whose records
//! can be unfinished too.

use std::hash::Hash;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::known_clients::KnownClients;
use crate::request_line::RequestLine;
use crate::{ClientLimiter, LimitReached, Permit};

/// Bytes of an unfinished head that every connection may hold.
const FREE_BYTES: usize = 4 * 1024;

/// Room that hyper keeps free in its buffer, in bytes. The buffer has the next power of two.
const SPARE_BYTES: usize = 8 * 1024;

/// Memory of a field of a head besides its text, in bytes.
const FIELD_BYTES: usize = 64;

/// Largest buffer of a head, in bytes. What a peer sends beyond it is not buffered.
const MOST_BYTES: usize = 128 * 1024;

/// Progress of the requests on one connection: the bytes that are no request yet, and whether the
/// last request was read. The connection and its service share it. There is one for each open
/// connection, so it is small. It holds no memory of its connection: the table of connections keeps
/// it for some time after their end.
#[derive(Debug)]
pub(crate) struct RequestProgress {
    read: AtomicUsize,
    /// They are not counted at present: a request is being served.
    is_paused: AtomicBool,
    is_exempt: AtomicBool,
    must_linger: AtomicBool,
    /// Whether the peer has closed its own side while its request was served.
    is_half_closed: AtomicBool,
    /// Whether the application knows the peer.
    has_standing: AtomicBool,
    client: Option<IpAddr>,
    heads: Arc<ClientLimiter>,
    known: Arc<KnownClients>,
    /// Bytes of the heads of HTTP/2 requests in progress.
    requests: AtomicUsize,
    /// The request line of HTTP/1.1.
    line: RequestLine,
}

/// Head of an HTTP/2 request in progress. It is counted until it is dropped.
pub(crate) struct HeldRequest {
    progress: Arc<RequestProgress>,
    bytes: usize,
    permit: Option<Permit>,
}

/// Connection that fails if its unfinished head needs more memory than its client, or all clients,
/// may hold.
pub(crate) struct HeadBudget<IO> {
    io: IO,
    progress: Arc<RequestProgress>,
    /// Permit for the buffer of a large head. The buffer stays until the connection is closed, and
    /// so does the permit.
    permit: Option<Permit>,
}

impl RequestProgress {
    /// Begins to count. `heads` has the bytes of all connections, and `known` the clients with
    /// standing. `client` is the address for limits per client; `None` is exempt.
    pub(crate) fn new(
        heads: &Arc<ClientLimiter>,
        known: &Arc<KnownClients>,
        client: Option<IpAddr>,
    ) -> Arc<Self> {
        Arc::new(Self {
            read: AtomicUsize::new(0),
            is_paused: AtomicBool::new(false),
            is_exempt: AtomicBool::new(false),
            must_linger: AtomicBool::new(false),
            is_half_closed: AtomicBool::new(false),
            has_standing: AtomicBool::new(false),
            client,
            heads: Arc::clone(heads),
            known: Arc::clone(known),
            requests: AtomicUsize::new(0),
            line: RequestLine::new(),
        })
    }

    /// Begins with a new head.
    pub(crate) fn restart(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.line.restart();
        self.is_paused.store(false, Ordering::Relaxed);
    }

    /// Counts nothing until the next head.
    pub(crate) fn pause(&self) {
        self.is_paused.store(true, Ordering::Relaxed);
    }

    /// Whether a request is being served.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// The request line of the head that is read.
    pub(crate) fn line(&self) -> &RequestLine {
        &self.line
    }

    /// Exempts the peer from the budget of a client.
    pub(crate) fn exempt_from_client_limit(&self) {
        self.is_exempt.store(true, Ordering::Relaxed);
    }

    /// Returns the address for limits per client. Returns `None` for an exempt peer.
    pub(crate) fn limited_client(&self) -> Option<IpAddr> {
        let is_exempt = self.is_exempt.load(Ordering::Relaxed);
        self.client.filter(|_| !is_exempt)
    }

    /// Records that the application knows the account of the peer, and so its client.
    pub(crate) fn raise_standing(&self, account: &impl Hash) {
        self.has_standing.store(true, Ordering::Relaxed);
        if let Some(address) = self.limited_client() {
            self.known.record(self.heads.client(address), account);
        }
    }

    /// Whether the application knows the peer.
    pub(crate) fn has_standing(&self) -> bool {
        self.has_standing.load(Ordering::Relaxed)
    }

    /// Records that the peer has closed its own side while its request was served.
    pub(crate) fn set_half_closed(&self) {
        self.is_half_closed.store(true, Ordering::Relaxed);
    }

    /// Whether the peer has closed its own side while its request was served.
    pub(crate) fn is_half_closed(&self) -> bool {
        self.is_half_closed.load(Ordering::Relaxed)
    }

    /// Counts the head of an HTTP/2 request, which holds its memory until its body has come and its
    /// response is made. A connection may hold 4 KiB of heads; more needs a permit.
    ///
    /// # Errors
    /// If a limit is reached.
    pub(crate) fn hold_request(
        self: &Arc<Self>,
        head: &HeaderMap,
    ) -> Result<HeldRequest, LimitReached> {
        let fields = head.iter();
        let bytes = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
        let bytes = bytes.sum::<usize>();
        let held = self.requests.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let mut request = HeldRequest {
            progress: Arc::clone(self),
            bytes,
            permit: None,
        };
        if held > FREE_BYTES {
            let mut permit = self.heads.open(self.limited_client());
            permit.grow_to(bytes)?;
            request.permit = Some(permit);
        }
        Ok(request)
    }

    /// Records whether the peer may still be sending its last request, and should not lose the
    /// response because of it.
    pub(crate) fn set_must_linger(&self, must_linger: bool) {
        self.must_linger.store(must_linger, Ordering::Relaxed);
    }

    /// The last value that was recorded.
    pub(crate) fn must_linger(&self) -> bool {
        self.must_linger.load(Ordering::Relaxed)
    }
}

impl Drop for HeldRequest {
    fn drop(&mut self) {
        self.progress
            .requests
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl<IO> HeadBudget<IO> {
    /// Wraps a connection.
    pub(crate) fn new(io: IO, progress: &Arc<RequestProgress>) -> Self {
        Self {
            io,
            progress: Arc::clone(progress),
            permit: None,
        }
    }

    /// Takes the permit for the buffer of an unfinished head.
    fn hold(&mut self, bytes: usize) -> io::Result<()> {
        let buffer = bytes.saturating_add(SPARE_BYTES).min(MOST_BYTES);
        let progress = &self.progress;
        let permit = &mut self.permit;
        let permit = permit.get_or_insert_with(|| progress.heads.open(progress.limited_client()));
        permit.grow_to(buffer.next_power_of_two()).map_err(|limit| {
            let text = format!("no memory for the unfinished head of a request: {limit:?}");
            io::Error::new(io::ErrorKind::QuotaExceeded, text)
        })
    }

    /// The connection that is wrapped.
    pub(crate) fn get_ref(&self) -> &IO {
        &self.io
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for HeadBudget<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.progress.is_paused() {
            return Pin::new(&mut self.io).poll_read(context, buffer);
        }
        // If the bytes until now were a whole head, there would be a request.
        let unfinished = self.progress.read.load(Ordering::Relaxed);
        if unfinished > FREE_BYTES {
            self.hold(unfinished)?;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        self.progress.read.fetch_add(read, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for HeadBudget<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// The table of connections keeps the progress of closed ones for a while.
    #[tokio::test]
    async fn permit_of_a_large_head_ends_with_its_connection() {
        const HEAD: usize = 3 * FREE_BYTES;
        let heads = ClientLimiter::new(HEAD.next_power_of_two() * 2, usize::MAX, |it| it);
        let known = Arc::default();
        let progress = RequestProgress::new(&heads, &known, None);
        let (near, mut far) = duplex(HEAD);
        let mut connection = HeadBudget::new(near, &progress);
        far.write_all(&[b'a'; HEAD]).await.unwrap();
        connection.read_exact(&mut [0; HEAD]).await.unwrap();
        far.write_all(b"a").await.unwrap();
        connection.read_u8().await.unwrap();
        let room = |bytes| heads.open(None).grow_to(bytes);
        let all = HEAD.next_power_of_two() * 2;
        assert_eq!(room(all), Err(LimitReached::ForAll));
        drop(connection);
        assert_eq!(room(all), Ok(()));
        drop(progress);
    }
}
