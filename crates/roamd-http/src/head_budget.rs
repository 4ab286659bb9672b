//! Bounds the memory of unfinished heads, at the bottom of a connection: below TLS, whose records
//! can be unfinished too.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{ClientLimiter, Permit};

/// Bytes of an unfinished head that every connection may hold.
const FREE_BYTES: usize = 4 * 1024;

/// Room that hyper keeps free in its buffer, in bytes. The buffer has the next power of two.
const SPARE_BYTES: usize = 8 * 1024;

/// Largest buffer of a head, in bytes. What a peer sends beyond it is not buffered.
const MOST_BYTES: usize = 128 * 1024;

/// Bytes that a connection has read and that are no request yet. The connection and its service
/// share it.
#[derive(Debug, Default)]
pub(crate) struct HeadBytes {
    read: AtomicUsize,
    /// They are not counted at present: a request is being served.
    is_paused: AtomicBool,
    is_exempt: AtomicBool,
}

/// Connection that fails if its unfinished head needs more memory than its client, or all clients,
/// may hold.
pub(crate) struct HeadBudget<IO> {
    io: IO,
    bytes: Arc<HeadBytes>,
    heads: Arc<ClientLimiter>,
    client: Option<IpAddr>,
    /// Permit for the buffer of a large head. The buffer stays until the connection is closed, and
    /// so does the permit.
    permit: Option<Permit>,
}

impl HeadBytes {
    /// Begins with a new head.
    pub(crate) fn restart(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.is_paused.store(false, Ordering::Relaxed);
    }

    /// Counts nothing until the next head.
    pub(crate) fn pause(&self) {
        self.is_paused.store(true, Ordering::Relaxed);
    }

    /// Exempts the peer from the budget of a client.
    pub(crate) fn exempt_from_client_limit(&self) {
        self.is_exempt.store(true, Ordering::Relaxed);
    }
}

impl<IO> HeadBudget<IO> {
    /// Wraps a connection. `heads` has the bytes of all connections. `client` is the address for
    /// limits per client; `None` is exempt.
    pub(crate) fn new(
        io: IO,
        bytes: &Arc<HeadBytes>,
        heads: &Arc<ClientLimiter>,
        client: Option<IpAddr>,
    ) -> Self {
        Self {
            io,
            bytes: Arc::clone(bytes),
            heads: Arc::clone(heads),
            client,
            permit: None,
        }
    }

    /// The connection that is wrapped.
    pub(crate) fn get_ref(&self) -> &IO {
        &self.io
    }

    /// Takes the permit for the buffer of an unfinished head.
    fn hold(&mut self, bytes: usize) -> io::Result<()> {
        let buffer = bytes.saturating_add(SPARE_BYTES).min(MOST_BYTES);
        let permit = self.permit.get_or_insert_with(|| {
            let is_exempt = self.bytes.is_exempt.load(Ordering::Relaxed);
            self.heads.open(self.client.filter(|_| !is_exempt))
        });
        permit.grow_to(buffer.next_power_of_two()).map_err(|limit| {
            let text = format!("no memory for the unfinished head of a request: {limit:?}");
            io::Error::new(io::ErrorKind::QuotaExceeded, text)
        })
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for HeadBudget<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_paused.load(Ordering::Relaxed) {
            return Pin::new(&mut self.io).poll_read(context, buffer);
        }
        // If the bytes until now were a whole head, there would be a request.
        let unfinished = self.bytes.read.load(Ordering::Relaxed);
        if unfinished > FREE_BYTES {
            self.hold(unfinished)?;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        self.bytes.read.fetch_add(read, Ordering::Relaxed);
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
