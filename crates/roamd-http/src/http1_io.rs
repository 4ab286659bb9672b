//! Connection of an HTTP/1.1 peer: keeps the buffer for reading small, writes large responses in
//! turns, sends the response to a peer that has closed its own side, and lingers after a response
//! to a request that was not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::head_budget::RequestProgress;
use crate::write_turn::WriteTurn;

/// Most bytes of one read: less than the buffer that hyper begins with. hyper doubles its buffer
/// after a read that fills it, and keeps it for as long as the connection is open.
const READ_BYTES: u64 = 8 * 1024 - 1;

/// Time for a peer to read its response and to close, once the server has responded without reading
/// the whole request.
const LINGER: Duration = Duration::from_secs(5);

/// Bytes of such a request that are discarded.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

/// Time for the response to a peer that has closed its own side after its request (RFC 9112 §9.6):
/// longer than the deadline of a farm unless configured. A peer that has gone looks the same, and
/// its request should not be served for longer.
const HALF_CLOSED: Duration = Duration::from_secs(6);

/// Connections that linger at the same time. Further ones are closed at once.
const LINGERING: usize = 256;

/// Connections of a server that linger.
#[derive(Debug)]
pub(crate) struct Lingering {
    count: AtomicUsize,
    shutdown: CancellationToken,
}

/// Connection of an HTTP/1.1 peer.
pub(crate) struct Http1Io<IO> {
    io: IO,
    lingering: Arc<Lingering>,
    progress: Arc<RequestProgress>,
    turn: WriteTurn,
    linger: Option<Box<Linger>>,
    /// Set once the peer has closed its own side while its request was served.
    half_closed: Option<Pin<Box<Sleep>>>,
}

/// A connection that has sent its last response.
struct Linger {
    lingering: Arc<Lingering>,
    deadline: Pin<Box<Sleep>>,
    /// Bytes that may still be discarded.
    left: usize,
}

impl Lingering {
    /// None linger. From `shutdown` on, none will.
    pub(crate) fn new(shutdown: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicUsize::new(0),
            shutdown,
        })
    }
}

impl<IO> Http1Io<IO> {
    /// Wraps a connection.
    pub(crate) fn new(io: IO, lingering: &Arc<Lingering>, progress: &Arc<RequestProgress>) -> Self {
        Self {
            io,
            lingering: Arc::clone(lingering),
            progress: Arc::clone(progress),
            turn: WriteTurn::new(),
            linger: None,
            half_closed: None,
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Http1Io<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.half_closed.is_none() {
            let before = buffer.filled().len();
            let mut part = (&mut this.io).take(READ_BYTES);
            ready!(Pin::new(&mut part).poll_read(context, buffer))?;
            let read = buffer.filled().get(before..).unwrap_or_default();
            if !this.progress.is_paused() {
                this.progress.line().note(read);
                return Poll::Ready(Ok(()));
            }
            if !read.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        // hyper drops the request that is served when it reads the end. If the body of the request
        // is cut, its handler learns that at once: see `RequestBody`.
        this.progress.set_half_closed();
        let half_closed = this
            .half_closed
            .get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED)));
        if this.progress.is_paused() {
            ready!(half_closed.as_mut().poll(context));
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
        let this = &mut *self;
        let most = ready!(this.turn.poll_bytes(context));
        let part = bytes.get(..most).unwrap_or(bytes);
        let written = Pin::new(&mut this.io).poll_write(context, part);
        this.turn.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let most = ready!(this.turn.poll_bytes(context));
        if slices.iter().map(|slice| slice.len()).sum::<usize>() > most {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(context, first.map_or(&[], |slice| slice));
        }
        let written = Pin::new(&mut this.io).poll_write_vectored(context, slices);
        this.turn.note(&written);
        written
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
                let must_linger = this.progress.must_linger();
                let linger = must_linger.then(|| Linger::start(&this.lingering));
                match linger.flatten() {
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
    fn start(lingering: &Arc<Lingering>) -> Option<Self> {
        if lingering.shutdown.is_cancelled() {
            return None;
        }
        let more = |count| (count < LINGERING).then_some(count + 1);
        let order = Ordering::Relaxed;
        lingering.count.fetch_update(order, order, more).ok()?;
        Some(Self {
            lingering: Arc::clone(lingering),
            deadline: Box::pin(sleep(LINGER)),
            left: LINGER_BYTES,
        })
    }
}

impl Drop for Linger {
    fn drop(&mut self) {
        self.lingering.count.fetch_sub(1, Ordering::Relaxed);
    }
}
