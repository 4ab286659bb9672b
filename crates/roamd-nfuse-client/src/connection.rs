//! An HTTP/1.1 connection to a controller.
//!
//! hyper splits a connection into a sender and a driver, which moves the bytes. No task polls the
//! driver: the exchange that uses the connection polls it beside the response, so that a call needs
//! no wake-up of another task. While a connection is idle, its pool polls it now and then.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use crate::Stream;
use crate::read_budget::ReadBudget;

/// Limit of the bytes that a connection reads ahead: the head of a response has to fit.
const MAX_BUFFER: usize = 64 * 1024;

type Driver = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// An open connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// On the heap, because it is large and calls pass a connection on. `None` after the connection
    /// has ended.
    driver: Option<Box<Driver>>,
    /// Budget of the bytes that the controller sends.
    budget: Arc<ReadBudget>,
    /// Whether it was idle before, so that the controller may have closed it.
    pub(crate) is_reused: bool,
    _open: OpenConnection,
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
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(MAX_BUFFER)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(Self {
            sender,
            driver: Some(Box::new(driver)),
            budget,
            is_reused: false,
            _open: OpenConnection::new(open),
        })
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
        let Self {
            sender,
            driver,
            budget,
            ..
        } = self;
        budget.begin_head();
        let response = sender.send_request(request);
        let exchange = pin!(async { read(response.await, budget).await });
        drive(driver, budget, exchange).await
    }

    /// Waits until the connection can take a request. Returns whether it can: a closed connection
    /// cannot.
    pub(crate) async fn ready(&mut self) -> bool {
        let Self { sender, driver, .. } = self;
        let ready = pin!(async { sender.ready().await.is_ok() });
        drive(driver, &self.budget, ready).await && driver.is_some()
    }

    /// Returns whether the controller has closed this idle connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        // There is nothing to wake: the next exchange polls the driver with its own waker.
        let mut context = Context::from_waker(Waker::noop());
        poll_driver(&mut self.driver, &self.budget, &mut context);
        self.driver.is_none() || self.sender.is_closed()
    }
}

/// Polls the driver until the future that waits for it is ready.
async fn drive<F: Future>(
    driver: &mut Option<Box<Driver>>,
    budget: &ReadBudget,
    mut waiting: Pin<&mut F>,
) -> F::Output {
    poll_fn(|context| {
        poll_driver(driver, budget, context);
        // If the connection has ended, the future ends too: hyper closes its channels.
        waiting.as_mut().poll(context)
    })
    .await
}

/// Moves what bytes there are, up to the limit of a poll. Removes a driver that has ended.
fn poll_driver(driver: &mut Option<Box<Driver>>, budget: &ReadBudget, context: &mut Context<'_>) {
    budget.begin_poll();
    if let Some(running) = driver
        && let Poll::Ready(_ended) = Pin::new(running.as_mut()).poll(context)
    {
        // The exchange on the connection reports its errors.
        *driver = None;
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
