//! A network in memory: hosts that may be unreachable, and connections with latency.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use fastrand::Rng;
use roamd_http::{Accepted, Connection, Listener};
use roamd_nfuse_client::{Connecting, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Bytes that a connection buffers before its writer has to wait.
const WINDOW: usize = 256 * 1024;

/// The network of one run. Clones share it.
#[derive(Clone)]
pub(crate) struct Network(Arc<Mutex<Inner>>);

struct Inner {
    rng: Rng,
    hosts: HashMap<String, Host>,
    links: Vec<(String, Weak<Mutex<Link>>)>,
    /// Latencies are short, and no packet is lost.
    faultless: bool,
    /// The server has stopped, so that it must not send anything.
    closed: bool,
    violations: Vec<String>,
}

struct Host {
    reach: Reachability,
    backlog: mpsc::UnboundedSender<Socket>,
}

/// Reachability of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reachability {
    /// The host accepts connections.
    Up,
    /// The host refuses connections.
    Refusing,
    /// The host does not respond. Bytes in transit are delivered once it is reachable again.
    Silent,
}

/// One end of a connection.
pub(crate) struct Socket {
    link: Arc<Mutex<Link>>,
    end: End,
    network: Network,
    arrival: Pin<Box<Sleep>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The side that made the connection.
    Caller,
    /// The side that accepted it.
    Host,
}

#[derive(Default)]
struct Link {
    to_host: Pipe,
    to_caller: Pipe,
    /// Nothing is delivered while the host is silent.
    stalled: bool,
}

#[derive(Default)]
struct Pipe {
    chunks: VecDeque<(Instant, VecDeque<u8>)>,
    /// Time and kind of the end, which follows the chunks.
    end: Option<(Instant, Ending)>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Bytes that were sent and not yet read.
    waiting: usize,
    written: u64,
    read: u64,
    /// When the last byte arrives.
    last: Option<Instant>,
    /// Positions whose reading is recorded.
    receipts: Vec<(u64, ReadReceipt)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closed,
    Reset,
}

/// The time at which the other end had read everything sent so far; `None` before that.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadReceipt(Arc<Mutex<Option<Instant>>>);

impl ReadReceipt {
    #[cfg(test)]
    pub(crate) fn now() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    pub(crate) fn time(&self) -> Option<Instant> {
        *lock(&self.0)
    }
}

impl Network {
    pub(crate) fn new(rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            rng,
            hosts: HashMap::new(),
            links: Vec::new(),
            faultless: false,
            closed: false,
            violations: Vec::new(),
        })))
    }

    /// Adds a host with this name.
    pub(crate) fn listen(&self, name: &str) -> Backlog {
        let (backlog, connections) = mpsc::unbounded_channel();
        let host = Host {
            reach: Reachability::Up,
            backlog,
        };
        self.inner().hosts.insert(name.to_owned(), host);
        Backlog(tokio::sync::Mutex::new(connections))
    }

    /// Changes the reachability of a host. `Refusing` resets its connections.
    pub(crate) fn set_reach(&self, name: &str, reach: Reachability) {
        let links: Vec<_> = {
            let mut inner = self.inner();
            if let Some(host) = inner.hosts.get_mut(name) {
                host.reach = reach;
            }
            inner.links.retain(|(_, link)| link.strong_count() > 0);
            let of_host = inner.links.iter().filter(|(host, _)| host == name);
            of_host.filter_map(|(_, link)| link.upgrade()).collect()
        };
        for link in links {
            let mut link = lock(&link);
            link.stalled = reach == Reachability::Silent;
            if reach == Reachability::Refusing {
                link.reset();
            }
            link.wake();
        }
    }

    pub(crate) fn reach(&self, name: &str) -> Option<Reachability> {
        self.inner().hosts.get(name).map(|host| host.reach)
    }

    /// Resets all connections to a host, as when its process ends.
    pub(crate) fn reset(&self, name: &str) {
        let reach = self.reach(name);
        self.set_reach(name, Reachability::Refusing);
        if let Some(reach) = reach {
            self.set_reach(name, reach);
        }
    }

    /// Keeps latencies short from now on, and loses no packet.
    pub(crate) fn stop_faults(&self) {
        self.inner().faultless = true;
    }

    /// Records everything that the server sends to a farm from now on as a violation.
    pub(crate) fn close(&self) {
        self.inner().closed = true;
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.inner().violations.clone()
    }

    /// Connects to a host.
    pub(crate) async fn connect_to(self, name: String) -> io::Result<Socket> {
        let latency = {
            let mut inner = self.inner();
            if inner.closed {
                inner
                    .violations
                    .push(format!("a connection to {name} after the server stopped"));
            }
            inner.latency()
        };
        sleep(latency).await;
        loop {
            let taken = {
                let mut inner = self.inner();
                let Some(host) = inner.hosts.get(&name) else {
                    return Err(io::Error::new(io::ErrorKind::NotFound, "no such host"));
                };
                match host.reach {
                    Reachability::Refusing => return Err(io::ErrorKind::ConnectionRefused.into()),
                    Reachability::Silent => None,
                    Reachability::Up => {
                        let link = Arc::new(Mutex::new(Link::default()));
                        let backlog = host.backlog.clone();
                        inner.links.push((name.clone(), Arc::downgrade(&link)));
                        Some((link, backlog))
                    }
                }
            };
            match taken {
                Some((link, backlog)) => {
                    return match backlog.send(self.socket(&link, End::Host)) {
                        Ok(()) => Ok(self.socket(&link, End::Caller)),
                        Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
                    };
                }
                // A lost first packet is sent again after a second.
                None => sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn socket(&self, link: &Arc<Mutex<Link>>, end: End) -> Socket {
        Socket {
            link: Arc::clone(link),
            end,
            network: self.clone(),
            arrival: Box::pin(sleep_until(Instant::now())),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }
}

impl Inner {
    /// Draws a latency: mostly that of a local network, sometimes that of a distant host, and
    /// rarely that of a lost packet that is sent again.
    fn latency(&mut self) -> Duration {
        let microseconds = match self.rng.u32(0..100) {
            _ if self.faultless => self.rng.u64(100..3_000),
            0..90 => self.rng.u64(100..3_000),
            90..98 => self.rng.u64(5_000..50_000),
            _ => self.rng.u64(200_000..1_200_000),
        };
        Duration::from_micros(microseconds)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl roamd_nfuse_client::Network for Network {
    fn connect(&self, host: &str, port: u16) -> Connecting {
        let connecting = self.clone().connect_to(format!("{host}:{port}"));
        Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn Stream>) })
    }

    fn chance(&self) -> f64 {
        self.inner().rng.f64()
    }
}

/// Connections that a host has not accepted yet.
pub(crate) struct Backlog(tokio::sync::Mutex<mpsc::UnboundedReceiver<Socket>>);

impl Listener for Backlog {
    type Accepted = Socket;

    async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match self.0.lock().await.recv().await {
            Some(socket) => Ok((socket, SocketAddr::from((Ipv4Addr::LOCALHOST, 1)))),
            None => std::future::pending().await,
        }
    }
}

impl Accepted for Socket {
    type Connection = Self;

    fn open(self) -> io::Result<Self> {
        Ok(self)
    }
}

impl Connection for Socket {
    async fn readable(&self) -> io::Result<()> {
        let mut arrival = pin!(sleep_until(Instant::now()));
        poll_fn(|context| poll_arrival(&self.link, self.end, context, arrival.as_mut())).await;
        Ok(())
    }
}

impl Socket {
    /// Returns a record of when the other end has read everything that this end has sent so far.
    pub(crate) fn arrival(&self) -> ReadReceipt {
        let arrival = ReadReceipt::default();
        let mut link = lock(&self.link);
        let pipe = link.outgoing(self.end);
        pipe.receipts.push((pipe.written, arrival.clone()));
        arrival
    }

    /// Ends the connection at once in both directions.
    pub(crate) fn reset(&self) {
        let mut link = lock(&self.link);
        link.reset();
        link.wake();
    }
}

/// Becomes ready when there are bytes or an end to read.
fn poll_arrival(
    link: &Mutex<Link>,
    end: End,
    context: &mut Context<'_>,
    mut arrival: Pin<&mut Sleep>,
) -> Poll<()> {
    let due = {
        let mut link = lock(link);
        let stalled = link.stalled;
        let pipe = link.incoming(end);
        pipe.reader = Some(context.waker().clone());
        match pipe.due() {
            Some(due) if !stalled => due,
            _ => return Poll::Pending,
        }
    };
    if due <= Instant::now() {
        return Poll::Ready(());
    }
    arrival.as_mut().reset(due);
    arrival.poll(context)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(poll_arrival(
            &this.link,
            this.end,
            context,
            this.arrival.as_mut()
        ));
        Poll::Ready(lock(&this.link).incoming(this.end).take(buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let latency = {
            let mut inner = self.network.inner();
            if inner.closed && self.end == End::Caller {
                inner
                    .violations
                    .push("a request after the server stopped".to_owned());
            }
            inner.latency()
        };
        let mut link = lock(&self.link);
        let pipe = link.outgoing(self.end);
        if pipe.end.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if pipe.waiting >= WINDOW {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        pipe.put(bytes, Instant::now() + latency);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finish();
        Poll::Ready(Ok(()))
    }
}

impl Socket {
    /// Ends the sending direction of this end.
    fn finish(&self) {
        let latency = self.network.inner().latency();
        let mut link = lock(&self.link);
        let pipe = link.outgoing(self.end);
        if pipe.end.is_none() {
            let due = pipe.after_the_last(Instant::now() + latency);
            pipe.end = Some((due, Ending::Closed));
        }
        wake(&mut pipe.reader);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.finish();
        // The other end gets an error if it still writes.
        let mut link = lock(&self.link);
        let pipe = link.incoming(self.end);
        if pipe.end.is_none() {
            pipe.end = Some((Instant::now(), Ending::Reset));
        }
        wake(&mut pipe.writer);
    }
}

impl Link {
    fn incoming(&mut self, end: End) -> &mut Pipe {
        match end {
            End::Caller => &mut self.to_caller,
            End::Host => &mut self.to_host,
        }
    }

    fn outgoing(&mut self, end: End) -> &mut Pipe {
        match end {
            End::Caller => &mut self.to_host,
            End::Host => &mut self.to_caller,
        }
    }

    fn reset(&mut self) {
        for pipe in [&mut self.to_host, &mut self.to_caller] {
            pipe.chunks.clear();
            pipe.waiting = 0;
            pipe.end = Some((Instant::now(), Ending::Reset));
        }
    }

    fn wake(&mut self) {
        for pipe in [&mut self.to_host, &mut self.to_caller] {
            wake(&mut pipe.reader);
            wake(&mut pipe.writer);
        }
    }
}

impl Pipe {
    fn put(&mut self, bytes: &[u8], due: Instant) {
        let due = self.after_the_last(due);
        self.chunks
            .push_back((due, bytes.iter().copied().collect()));
        self.waiting += bytes.len();
        self.written += bytes.len() as u64;
        wake(&mut self.reader);
    }

    /// Returns the time of arrival of the next bytes, which do not overtake earlier ones.
    fn after_the_last(&mut self, due: Instant) -> Instant {
        let due = self.last.map_or(due, |last| last.max(due));
        self.last = Some(due);
        due
    }

    /// Returns when the next bytes, or the end, can be read.
    fn due(&self) -> Option<Instant> {
        match (self.chunks.front(), self.end) {
            (Some((due, _)), _) => Some(*due),
            (None, Some((due, _))) => Some(due),
            (None, None) => None,
        }
    }

    fn take(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let Some((due, chunk)) = self.chunks.front_mut() else {
            return match self.end {
                Some((_, Ending::Reset)) => Err(io::ErrorKind::ConnectionReset.into()),
                _ => Ok(()),
            };
        };
        if *due > Instant::now() {
            return Ok(());
        }
        let count = chunk.len().min(buffer.remaining());
        let taken: Vec<u8> = chunk.drain(..count).collect();
        buffer.put_slice(&taken);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.waiting -= count;
        self.read += count as u64;
        let read = self.read;
        self.receipts.retain(|(position, arrival)| {
            if read >= *position {
                *lock(&arrival.0) = Some(Instant::now());
            }
            read < *position
        });
        wake(&mut self.writer);
        Ok(())
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
