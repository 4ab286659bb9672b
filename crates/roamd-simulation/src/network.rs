//! A network in memory: hosts that may be gone, and connections whose bytes take their time.

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
use roamd_http::{Connection, Listener};
use roamd_nfuse_client::{Connecting, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Bytes that a connection takes before its reader has to make room.
const WINDOW: usize = 256 * 1024;

/// The network of one run. A clone is the same network.
#[derive(Clone)]
pub(crate) struct Network(Arc<Mutex<Inner>>);

struct Inner {
    rng: Rng,
    hosts: HashMap<String, Host>,
    links: Vec<(String, Weak<Mutex<Link>>)>,
    /// Nothing is far, and nothing is lost.
    calm: bool,
    /// Nothing may be sent any more, because the gateway has stopped.
    closed: bool,
    faults: Vec<String>,
}

struct Host {
    reach: Reach,
    backlog: mpsc::UnboundedSender<Wire>,
}

/// Whether a host can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It takes connections.
    Up,
    /// It refuses them.
    Refusing,
    /// Nothing comes back from it; what is under way is delivered once it can be reached again.
    Silent,
}

/// One end of a connection.
pub(crate) struct Wire {
    link: Arc<Mutex<Link>>,
    end: End,
    network: Network,
    arrival: Pin<Box<Sleep>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Who made the connection.
    Caller,
    /// Who took it.
    Host,
}

#[derive(Default)]
struct Link {
    to_host: Pipe,
    to_caller: Pipe,
    /// Nothing is delivered for now.
    stalled: bool,
}

#[derive(Default)]
struct Pipe {
    chunks: VecDeque<(Instant, VecDeque<u8>)>,
    /// When and how it ends, after its chunks.
    end: Option<(Instant, Ending)>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Bytes that were sent and not read.
    waiting: usize,
    written: u64,
    read: u64,
    /// When the last of its bytes arrives.
    last: Option<Instant>,
    /// Places of which somebody wants to know when they were read.
    marks: Vec<(u64, Arrival)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closed,
    Reset,
}

/// When what a host has sent so far had all been read; nothing if it was not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival(Arc<Mutex<Option<Instant>>>);

impl Arrival {
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
            calm: false,
            closed: false,
            faults: Vec::new(),
        })))
    }

    /// Opens a host under this name.
    pub(crate) fn listen(&self, name: &str) -> Backlog {
        let (backlog, connections) = mpsc::unbounded_channel();
        let host = Host {
            reach: Reach::Up,
            backlog,
        };
        self.inner().hosts.insert(name.to_owned(), host);
        Backlog(tokio::sync::Mutex::new(connections))
    }

    /// Changes whether a host can be reached. With `Refusing` its connections are reset.
    pub(crate) fn set_reach(&self, name: &str, reach: Reach) {
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
            link.stalled = reach == Reach::Silent;
            if reach == Reach::Refusing {
                link.reset();
            }
            link.wake();
        }
    }

    pub(crate) fn reach(&self, name: &str) -> Option<Reach> {
        self.inner().hosts.get(name).map(|host| host.reach)
    }

    /// Ends what connections to a host there are, as when its process ends.
    pub(crate) fn reset(&self, name: &str) {
        let reach = self.reach(name);
        self.set_reach(name, Reach::Refusing);
        if let Some(reach) = reach {
            self.set_reach(name, reach);
        }
    }

    /// From now on nothing is far, and nothing is lost.
    pub(crate) fn calm_down(&self) {
        self.inner().calm = true;
    }

    /// From now on, whatever the gateway sends to a farm is a fault.
    pub(crate) fn close(&self) {
        self.inner().closed = true;
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.inner().faults.clone()
    }

    /// Connects to a host.
    pub(crate) async fn connect_to(self, name: String) -> io::Result<Wire> {
        let latency = {
            let mut inner = self.inner();
            if inner.closed {
                inner
                    .faults
                    .push(format!("a connection to {name} after the end"));
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
                    Reach::Refusing => return Err(io::ErrorKind::ConnectionRefused.into()),
                    Reach::Silent => None,
                    Reach::Up => {
                        let link = Arc::new(Mutex::new(Link::default()));
                        let backlog = host.backlog.clone();
                        inner.links.push((name.clone(), Arc::downgrade(&link)));
                        Some((link, backlog))
                    }
                }
            };
            match taken {
                Some((link, backlog)) => {
                    return match backlog.send(self.wire(&link, End::Host)) {
                        Ok(()) => Ok(self.wire(&link, End::Caller)),
                        Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
                    };
                }
                // As a lost first packet is sent again.
                None => sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn wire(&self, link: &Arc<Mutex<Link>>, end: End) -> Wire {
        Wire {
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
    /// Mostly next door, sometimes far, and now and then a packet is lost and sent again.
    fn latency(&mut self) -> Duration {
        let microseconds = match self.rng.u32(0..100) {
            _ if self.calm => self.rng.u64(100..3_000),
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

/// The connections that a host has to take.
pub(crate) struct Backlog(tokio::sync::Mutex<mpsc::UnboundedReceiver<Wire>>);

impl Listener for Backlog {
    type Connection = Wire;

    async fn accept(&self) -> io::Result<(Wire, SocketAddr)> {
        match self.0.lock().await.recv().await {
            Some(wire) => Ok((wire, SocketAddr::from((Ipv4Addr::LOCALHOST, 1)))),
            None => std::future::pending().await,
        }
    }
}

impl Connection for Wire {
    async fn readable(&self) -> io::Result<()> {
        let mut arrival = pin!(sleep_until(Instant::now()));
        poll_fn(|context| poll_arrival(&self.link, self.end, context, arrival.as_mut())).await;
        Ok(())
    }
}

impl Wire {
    /// Tells when the other end has read everything that this end has sent so far.
    pub(crate) fn arrival(&self) -> Arrival {
        let arrival = Arrival::default();
        let mut link = lock(&self.link);
        let pipe = link.outgoing(self.end);
        pipe.marks.push((pipe.written, arrival.clone()));
        arrival
    }

    /// Ends it at once in both directions.
    pub(crate) fn reset(&self) {
        let mut link = lock(&self.link);
        link.reset();
        link.wake();
    }
}

/// Ready when there are bytes, or an end, to read.
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

impl AsyncRead for Wire {
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

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let latency = {
            let mut inner = self.network.inner();
            if inner.closed && self.end == End::Caller {
                inner.faults.push("a request after the end".to_owned());
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

impl Wire {
    /// Says that this end sends no more.
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

impl Drop for Wire {
    fn drop(&mut self) {
        self.finish();
        // Whoever still writes to it learns that nobody reads.
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

    /// Bytes do not overtake each other.
    fn after_the_last(&mut self, due: Instant) -> Instant {
        let due = self.last.map_or(due, |last| last.max(due));
        self.last = Some(due);
        due
    }

    /// When there is something to read next.
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
        self.marks.retain(|(place, arrival)| {
            if read >= *place {
                *lock(&arrival.0) = Some(Instant::now());
            }
            read < *place
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
