//! Many connections that are as slow as a server permits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use roamd_store_proto::media_type;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::source_addresses::connect_with;

/// Time between two bytes of a slow sender.
const PAUSE: Duration = Duration::from_secs(2);
/// Time before a connection that the server closed is opened again.
const BEFORE_RETRY: Duration = Duration::from_millis(200);
/// Time after the last connection is open, until their first bytes are processed.
const REST: Duration = Duration::from_secs(1);

/// A long response that needs no token.
const LONG_RESPONSE: &str = "GET /Schemas/Resources.xsd HTTP/1.1\r\nHost: a\r\n\r\n";
/// Number of long responses that a connection requests, and never reads.
const UNREAD_RESPONSES: usize = 16;
/// Receive buffer of a connection that never reads, in bytes.
const SMALL_BUFFER: u32 = 2048;
/// Segment size of a connection that never reads, in bytes. With the 64 KiB of the loopback
/// interface, the kernel would buffer megabytes for it, and the server would not have to wait.
const SMALL_SEGMENT: u32 = 536;

/// What a connection does slowly.
#[derive(Clone, Copy)]
pub(super) enum Slowness {
    /// The head of a request never ends.
    Head,
    /// The body of a request never ends.
    Body,
    /// No request is sent.
    Idle,
    /// No response is read.
    Unread,
}

/// Slow connections, which a thread keeps open. They are closed when this is dropped.
pub(super) struct SlowConnections {
    open: Arc<AtomicUsize>,
    /// Runs the connections.
    _runtime: Runtime,
}

impl Slowness {
    pub(super) const ALL: [Self; 4] = [Self::Head, Self::Body, Self::Idle, Self::Unread];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Head => "slow heads",
            Self::Body => "slow bodies",
            Self::Idle => "idle",
            Self::Unread => "unread responses",
        }
    }

    /// Returns the bytes that a connection sends at once.
    fn beginning(self) -> String {
        // It needs no token.
        let head = format!(
            "POST /Citrix/StoreAuth/auth/v1/protocols HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\n\
             Accept: {}\r\n",
            media_type::REQUEST_TOKEN,
            media_type::REQUEST_TOKEN_CHOICES
        );
        match self {
            Self::Head => head,
            Self::Body => format!("{head}Content-Length: 60000\r\n\r\n<"),
            Self::Idle => String::new(),
            Self::Unread => LONG_RESPONSE.repeat(UNREAD_RESPONSES),
        }
    }

    /// Returns the bytes that a connection sends after each pause.
    fn continuation(self) -> &'static [u8] {
        match self {
            Self::Head => b"a: b\r\n",
            Self::Body => b" ",
            Self::Idle | Self::Unread => b"",
        }
    }

    async fn open(self, number: usize, server: SocketAddr) -> Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if matches!(self, Self::Unread) {
            socket.set_recv_buffer_size(SMALL_BUFFER)?;
            SockRef::from(&socket).set_tcp_mss(SMALL_SEGMENT)?;
        }
        let mut stream = connect_with(socket, number, server).await?;
        stream.write_all(self.beginning().as_bytes()).await?;
        Ok(stream)
    }

    /// Returns when the server has closed the connection.
    async fn keep(self, mut stream: TcpStream) {
        let mut buffer = [0; 256];
        loop {
            tokio::select! {
                // A refusal is read, and the end of the stream.
                read = stream.read(&mut buffer), if !matches!(self, Self::Unread) => {
                    if matches!(read, Ok(0) | Err(_)) {
                        return;
                    }
                }
                () = sleep(PAUSE) => {
                    if stream.write_all(self.continuation()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl SlowConnections {
    /// Opens connections, and opens those again that the server closes.
    ///
    /// # Errors
    /// If the server does not accept the first connections.
    pub(super) fn open(server: SocketAddr, slowness: Slowness, count: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let open = Arc::new(AtomicUsize::new(0));
        runtime.block_on(async {
            let mut opening = JoinSet::new();
            for number in 0..count {
                opening.spawn(async move { (number, slowness.open(number, server).await) });
                // In steps, so that the queue of the listener does not overflow.
                if opening.len() < 64 && number + 1 < count {
                    continue;
                }
                while let Some(opened) = opening.join_next().await {
                    let (number, stream) = opened?;
                    open.fetch_add(1, Ordering::Relaxed);
                    let open = Arc::clone(&open);
                    tokio::spawn(hold(slowness, number, server, stream?, open));
                }
            }
            sleep(REST).await;
            anyhow::Ok(())
        })?;
        Ok(Self {
            open,
            _runtime: runtime,
        })
    }

    /// Returns the number of open connections.
    pub(super) fn count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Keeps a connection, and opens it again after the server has closed it.
async fn hold(
    slowness: Slowness,
    number: usize,
    server: SocketAddr,
    mut stream: TcpStream,
    open: Arc<AtomicUsize>,
) {
    loop {
        slowness.keep(stream).await;
        open.fetch_sub(1, Ordering::Relaxed);
        stream = loop {
            sleep(BEFORE_RETRY).await;
            if let Ok(stream) = slowness.open(number, server).await {
                break stream;
            }
        };
        open.fetch_add(1, Ordering::Relaxed);
    }
}
