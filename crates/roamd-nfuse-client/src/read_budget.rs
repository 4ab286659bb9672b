//! Bounds what a controller can send, at the bottom of a connection: below TLS, which has messages
//! without content too.
//!
//! hyper skips interim responses, blanks after the size of a chunk, and zeros before it, however
//! many there are, and reads on as long as there are bytes. A hostile controller could keep a
//! worker busy with them beyond every deadline. Therefore bytes that carry no part of a document
//! have a budget, and a poll reads a limited number of bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// Limit of the bytes of a TLS handshake, and of those of an exchange until the head of its
/// response is complete, interim responses included.
const HEAD_BYTES: usize = 64 * 1024;

/// Limit of the bytes of a body that are ahead of its document: those that are read and not yet
/// part of it, and those that never will be.
const BODY_BYTES: usize = 128 * 1024;

/// Bytes of a body that may come with each byte of a document: itself, and its share of the framing
/// by chunks and by TLS.
const BYTES_OF_ONE: usize = 4;

/// Limit of the bytes that one poll reads. Other tasks have their turns between two polls.
const POLL_BYTES: usize = 16 * 1024;

/// The controller has used up the budget of a connection.
#[derive(Debug, thiserror::Error)]
#[error("controller sends too many bytes that are no part of a document")]
pub(crate) struct ReadBudgetSpent;

/// Bytes that a controller may still send on a connection. The connection and its stream share it.
#[derive(Debug)]
pub(crate) struct ReadBudget {
    left: AtomicUsize,
    /// Bytes that the current poll may still read.
    left_in_poll: AtomicUsize,
}

/// Stream that fails if its controller sends more than the budget allows.
pub(crate) struct BudgetedStream<S> {
    stream: S,
    budget: Arc<ReadBudget>,
}

impl ReadBudget {
    /// Begins with a TLS handshake, if there is one.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            left: AtomicUsize::new(HEAD_BYTES),
            left_in_poll: AtomicUsize::new(POLL_BYTES),
        })
    }

    /// Returns whether the controller has sent all that it may send for now.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Begins an exchange: the head of a response is next.
    pub(crate) fn begin_head(&self) {
        self.left.store(HEAD_BYTES, Ordering::Relaxed);
    }

    /// The head is complete, and a body is next.
    pub(crate) fn begin_body(&self) {
        self.left.store(BODY_BYTES, Ordering::Relaxed);
    }

    /// Some bytes of a document have arrived.
    pub(crate) fn earn(&self, document_bytes: usize) {
        let earned = document_bytes.saturating_mul(BYTES_OF_ONE);
        let left = self.left.load(Ordering::Relaxed).saturating_add(earned);
        self.left.store(left.min(BODY_BYTES), Ordering::Relaxed);
    }

    /// Begins a poll of the connection.
    pub(crate) fn begin_poll(&self) {
        self.left_in_poll.store(POLL_BYTES, Ordering::Relaxed);
    }

    /// Takes bytes that were read from both budgets.
    fn spend(&self, bytes: usize) {
        for budget in [&self.left, &self.left_in_poll] {
            let left = budget.load(Ordering::Relaxed).saturating_sub(bytes);
            budget.store(left, Ordering::Relaxed);
        }
    }
}

impl<S> BudgetedStream<S> {
    /// Wraps a stream.
    pub(crate) fn new(stream: S, budget: &Arc<ReadBudget>) -> Self {
        let budget = Arc::clone(budget);
        Self { stream, budget }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BudgetedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, budget } = &mut *self;
        if budget.is_spent() {
            return Poll::Ready(Err(io::Error::other(ReadBudgetSpent)));
        }
        let left_in_poll = budget.left_in_poll.load(Ordering::Relaxed);
        if left_in_poll == 0 {
            budget.begin_poll();
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = budget.left.load(Ordering::Relaxed).min(left_in_poll);
        let before = buffer.filled().len();
        let mut part = stream.take(u64::try_from(most).unwrap_or(u64::MAX));
        ready!(Pin::new(&mut part).poll_read(context, buffer))?;
        budget.spend(buffer.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BudgetedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
