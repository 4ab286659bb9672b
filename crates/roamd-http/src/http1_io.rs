//! Connection of an HTTP/1.1 peer: bounds the memory of unfinished heads, and lingers after a
//! response to a request that was not read.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::{ClientKey, ClientLimiter, ListenerLimits, Permit};

/// Most bytes of one read: less than the buffer that hyper begins with. hyper doubles its buffer
/// after a read that fills it, and keeps it for as long as the connection is open.
const READ_BYTES: usize = 8 * 1024 - 1;

/// Bytes of an unfinished head that every connection may hold.
pub(crate) const FREE_HEAD_BYTES: usize = 4 * 1024;

/// Room that hyper keeps free in its buffer, in bytes. The buffer has the next power of two.
const SPARE_BYTES: usize = 8 * 1024;

/// Time for a peer to read its response and to close, once the server has responded without reading
/// the whole request.
const LINGER: Duration = Duration::from_secs(5);

/// Bytes of such a request that are discarded.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

/// Connections that linger at the same time. Further ones are closed at once.
const LINGERING: usize = 256;

/// What all HTTP/1.1 connections of a server share.
pub(crate) struct Http1Shared {
    /// Bytes of unfinished heads.
    heads: Arc<ClientLimiter>,
    lingering: AtomicUsize,
    shutdown: CancellationToken,
}

/// Progress of the requests on one connection. The service and the connection share it.
#[derive(Default)]
pub(crate) struct RequestProgress {
    is_in_request: AtomicBool,
    /// Bytes that were read since the last response.
    head_bytes: AtomicUsize,
    must_linger: AtomicBool,
}

/// Connection of an HTTP/1.1 peer.
pub(crate) struct Http1Io<IO> {
    io: IO,
    shared: Arc<Http1Shared>,
    progress: Arc<RequestProgress>,
    client: Option<IpAddr>,
    /// Permit for the buffer of a large head. The buffer stays, and so does the permit.
    head_permit: Option<Permit>,
    linger: Option<Box<Linger>>,
}

/// A connection that has sent its last response.
struct Linger {
    shared: Arc<Http1Shared>,
    deadline: Pin<Box<Sleep>>,
    /// Bytes that may still be discarded.
    left: usize,
}

impl Http1Shared {
    pub(crate) fn new(
        limits: &ListenerLimits,
        client_key: ClientKey,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            heads: ClientLimiter::new(limits.head_bytes, limits.head_bytes_per_client, client_key),
            lingering: AtomicUsize::new(0),
            shutdown,
        })
    }
}

impl RequestProgress {
    /// Records that the head of a request is complete.
    pub(crate) fn begin_request(&self) {
        self.must_linger.store(false, Ordering::Relaxed);
        self.is_in_request.store(true, Ordering::Relaxed);
    }

    /// Records that the response to a request is ready. `must_linger`: the peer may still be
    /// sending, and should not lose the response because of it.
    pub(crate) fn end_request(&self, must_linger: bool) {
        self.head_bytes.store(0, Ordering::Relaxed);
        self.must_linger.store(must_linger, Ordering::Relaxed);
        self.is_in_request.store(false, Ordering::Relaxed);
    }
}

impl<IO> Http1Io<IO> {
    /// Wraps a connection. `client` is the address for limits per client; `None` is exempt.
    pub(crate) fn new(
        io: IO,
        shared: &Arc<Http1Shared>,
        progress: &Arc<RequestProgress>,
        client: Option<IpAddr>,
    ) -> Self {
        Self {
            io,
            shared: Arc::clone(shared),
            progress: Arc::clone(progress),
            client,
            head_permit: None,
            linger: None,
        }
    }

    /// Takes the permit for the buffer of an unfinished head.
    fn hold_head(&mut self, head_bytes: usize) -> io::Result<()> {
        let buffer = head_bytes.saturating_add(SPARE_BYTES).next_power_of_two();
        let permit = self
            .head_permit
            .get_or_insert_with(|| self.shared.heads.open(self.client));
        permit.grow_to(buffer).map_err(|limit| {
            let text = format!("no memory for the unfinished head of a request: {limit:?}");
            io::Error::new(io::ErrorKind::QuotaExceeded, text)
        })
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Http1Io<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let in_head = !self.progress.is_in_request.load(Ordering::Relaxed);
        if in_head {
            // If these bytes were a whole head, there would be a request.
            let head_bytes = self.progress.head_bytes.load(Ordering::Relaxed);
            if head_bytes > FREE_HEAD_BYTES {
                self.hold_head(head_bytes)?;
            }
        }
        let before = buffer.filled().len();
        let mut part = (&mut self.io).take(READ_BYTES as u64);
        ready!(Pin::new(&mut part).poll_read(context, buffer))?;
        if in_head {
            let read = buffer.filled().len().saturating_sub(before);
            self.progress.head_bytes.fetch_add(read, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Http1Io<IO> {
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

    /// Ends the response. If the request was not read to its end, the socket must not be closed
    /// yet: the system would reset the connection, and the peer could lose the response.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let linger = match &mut this.linger {
            Some(linger) => linger,
            none => {
                ready!(Pin::new(&mut this.io).poll_shutdown(context))?;
                let must_linger = this.progress.must_linger.load(Ordering::Relaxed);
                let lingering = must_linger.then(|| Linger::start(&this.shared)).flatten();
                match lingering {
                    Some(linger) => none.insert(Box::new(linger)),
                    None => return Poll::Ready(Ok(())),
                }
            }
        };
        let mut discarded = [0; 4096];
        loop {
            if linger.deadline.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut discarded);
            let read = ready!(Pin::new(&mut this.io).poll_read(context, &mut buffer));
            let length = buffer.filled().len();
            linger.left = linger.left.saturating_sub(length);
            if read.is_err() || length == 0 || linger.left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl Linger {
    /// Returns `None` if the server stops, or too many connections linger.
    fn start(shared: &Arc<Http1Shared>) -> Option<Self> {
        if shared.shutdown.is_cancelled() {
            return None;
        }
        let more = |lingering| (lingering < LINGERING).then_some(lingering + 1);
        let order = Ordering::Relaxed;
        shared.lingering.fetch_update(order, order, more).ok()?;
        Some(Self {
            shared: Arc::clone(shared),
            deadline: Box::pin(sleep(LINGER)),
            left: LINGER_BYTES,
        })
    }
}

impl Drop for Linger {
    fn drop(&mut self) {
        self.shared.lingering.fetch_sub(1, Ordering::Relaxed);
    }
}
