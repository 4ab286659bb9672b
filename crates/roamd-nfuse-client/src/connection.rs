//! An HTTP/1.1 connection to a controller.
//!
//! hyper splits a connection into a sender and a driver, which moves the bytes. No task polls the
//! driver: the exchange that uses the connection polls it beside the response, so that a call needs
//! no wake-up of another task. Between two exchanges a connection is a stream and nothing more: the
//! buffers of HTTP are those of the exchanges in progress.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Parts, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::Stream;
use crate::read_budget::ReadBudget;

/// Limit of the bytes that a connection reads ahead: the head of a response has to fit.
const MAX_BUFFER: usize = 64 * 1024;

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// An open connection, for one exchange.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// On the heap, because it is large and calls pass a connection on. `None` after the connection
    /// has ended.
    driver: Option<Box<Driver>>,
    /// Whether the controller has sent more than its response.
    has_surplus: bool,
    /// Budget of the bytes that the controller sends.
    budget: Arc<ReadBudget>,
    /// Whether it was idle before, so that the controller may have closed it.
    pub(crate) is_reused: bool,
    open: OpenConnection,
}

/// Why a connection takes no other request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// One side closes it.
    Closed,
    /// The controller has sent more than its responses.
    Surplus,
}

/// An open connection between two exchanges.
pub(crate) struct IdleConnection {
    stream: Box<dyn Stream>,
    budget: Arc<ReadBudget>,
    open: OpenConnection,
}

impl Connection {
    /// Starts HTTP on a stream with a budget. Counts the connection in `open` until it is dropped.
    ///
    /// # Errors
    /// If hyper refuses the stream.
    pub(crate) async fn start(
        stream: Box<dyn Stream>,
        budget: Arc<ReadBudget>,
        open: &Arc<AtomicUsize>,
    ) -> hyper::Result<Self> {
        let idle = IdleConnection {
            stream,
            budget,
            open: OpenConnection::new(open),
        };
        let mut connection = idle.resume().await?;
        connection.is_reused = false;
        Ok(connection)
    }

    /// Sends a request, and passes the response to `read`, which reads its body within the budget.
    ///
    /// # Errors
    /// If there is no response. `read` has its own errors.
    pub(crate) async fn send<R>(
        &mut self,
        request: http::Request<Full<Bytes>>,
        read: impl AsyncFnOnce(hyper::Result<http::Response<Incoming>>, &ReadBudget) -> R,
    ) -> R {
        self.budget.begin_head();
        let response = self.sender.send_request(request);
        let budget = Arc::clone(&self.budget);
        let mut exchange = pin!(async { read(response.await, &budget).await });
        poll_fn(|context| {
            self.poll_driver(context);
            // If the connection has ended, the exchange ends too: hyper closes its channels.
            exchange.as_mut().poll(context)
        })
        .await
    }

    /// Ends HTTP after an exchange.
    ///
    /// # Errors
    /// Why the connection cannot take another request.
    pub(crate) fn into_idle(mut self) -> Result<IdleConnection, Unusable> {
        // There is nothing to wake: what has not come by now is not waited for.
        let mut context = Context::from_waker(Waker::noop());
        self.poll_driver(&mut context);
        let is_ready = self.sender.is_ready();
        match self.driver.filter(|_| is_ready).map(|it| it.into_parts()) {
            Some(Parts { io, read_buf, .. }) if read_buf.is_empty() => Ok(IdleConnection {
                stream: io.into_inner(),
                budget: self.budget,
                open: self.open,
            }),
            None if !self.has_surplus => Err(Unusable::Closed),
            _ => Err(Unusable::Surplus),
        }
    }

    /// Moves what bytes there are, up to the limit of a poll. Removes a driver that has ended.
    fn poll_driver(&mut self, context: &mut Context<'_>) {
        self.budget.begin_poll();
        if let Some(driver) = &mut self.driver
            && let Poll::Ready(ended) = driver.poll_without_shutdown(context)
        {
            self.driver = None;
            // The exchange reports the errors of its connection. hyper has one without a cause for
            // bytes after a response.
            self.has_surplus = ended.is_err_and(|error| {
                error.source().is_none() && !error.is_incomplete_message() && !error.is_parse()
            });
        }
    }
}

impl IdleConnection {
    /// Starts HTTP for the next exchange.
    ///
    /// # Errors
    /// If hyper refuses the stream.
    pub(crate) async fn resume(self) -> hyper::Result<Connection> {
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(MAX_BUFFER)
            .handshake(TokioIo::new(self.stream))
            .await?;
        Ok(Connection {
            sender,
            driver: Some(Box::new(driver)),
            has_surplus: false,
            budget: self.budget,
            is_reused: true,
            open: self.open,
        })
    }

    /// Looks whether the connection can take another request.
    ///
    /// # Errors
    /// Why it cannot.
    pub(crate) fn check(&mut self) -> Result<(), Unusable> {
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        self.budget.begin_poll();
        match Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => Err(Unusable::Surplus),
            Poll::Ready(_) => Err(Unusable::Closed),
        }
    }
}

/// Count of an open connection.
struct OpenConnection(Arc<AtomicUsize>);

impl OpenConnection {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
