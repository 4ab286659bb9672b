//! Limits of the control frames of an HTTP/2 peer.
//!
//! The library acknowledges every SETTINGS and PING, and reads on as long as there are frames. They
//! cost their sender nothing: a few connections full of them would use up a worker. Heads and
//! bodies have limits of their own in the library. The requests that a client resets are limited
//! over all its connections too.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::reset_limiter::ClientResets;

/// Control frames that may come at once.
const BURST: u32 = 1_000;

/// Control frames per second.
const PER_SECOND: f64 = 100.0;

/// Bytes that are sent to the peer for one more control frame: a peer that reads a long response
/// sends a WINDOW_UPDATE now and then.
const BYTES_PER_FRAME: f64 = 1_024.0;

/// Length of the preface of a client, and of the head of a frame (RFC 9113 §3.4, §4.1).
const PREFACE_BYTES: usize = 24;
const HEAD_BYTES: usize = 9;

/// Frames that carry requests: DATA, HEADERS and CONTINUATION (RFC 9113 §6).
const REQUEST_FRAMES: [u8; 3] = [0, 1, 9];

/// Frame that ends a request early: RST_STREAM.
const RESET_FRAME: u8 = 3;

/// Connection of an HTTP/2 peer, which fails if the peer sends too many control frames.
pub(crate) struct FrameBudget<IO> {
    io: IO,
    /// Limit on the resets of the client, unless it is exempt.
    resets: Option<ClientResets>,
    /// Whether the client has reset too many requests. The bytes with them are passed on: the
    /// library tells a client why if they alone are too many.
    has_reset_too_many: bool,
    frames: FrameReader,
    /// Control frames that the peer may send now.
    left: f64,
    /// When `left` was correct.
    since: Instant,
}

/// Number of control frames, and of the resets among them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Frames {
    control: u32,
    resets: u32,
}

/// Finds control frames in the bytes of a peer.
struct FrameReader {
    /// Bytes to skip: of the preface, or of a payload.
    skip: usize,
    /// The head that is being read.
    head: [u8; HEAD_BYTES],
    /// Bytes of it that have arrived.
    len: usize,
}

impl<IO> FrameBudget<IO> {
    pub(crate) fn new(io: IO, resets: Option<ClientResets>) -> Self {
        Self {
            io,
            resets,
            has_reset_too_many: false,
            frames: FrameReader::new(),
            left: BURST.into(),
            since: Instant::now(),
        }
    }

    /// Takes the control frames in these bytes from the budget.
    fn spend(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Frames { control, resets } = self.frames.count(bytes);
        if control == 0 {
            return Ok(());
        }
        if let Some(client) = &self.resets {
            self.has_reset_too_many |= !(0..resets).all(|_| client.take());
        }
        let now = Instant::now();
        let refill = now.duration_since(self.since).as_secs_f64() * PER_SECOND;
        self.since = now;
        self.left = (self.left + refill).min(BURST.into()) - f64::from(control);
        if self.left < 0.0 {
            tracing::debug!("Peer sent too many control frames");
            return Err(io::Error::other("too many control frames"));
        }
        Ok(())
    }

    /// Adds to the budget for bytes that were sent.
    fn earn(&mut self, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = sent {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.left = (self.left + f64::from(bytes) / BYTES_PER_FRAME).min(BURST.into());
        }
        sent
    }
}

impl FrameReader {
    fn new() -> Self {
        Self {
            skip: PREFACE_BYTES,
            head: [0; HEAD_BYTES],
            len: 0,
        }
    }

    /// Counts the control frames that begin in these bytes.
    fn count(&mut self, mut bytes: &[u8]) -> Frames {
        let mut frames = Frames::default();
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((byte, rest)) = bytes.split_first() else {
                return frames;
            };
            bytes = rest;
            if let Some(place) = self.head.get_mut(self.len) {
                *place = *byte;
            }
            self.len += 1;
            if self.len == HEAD_BYTES {
                let [high, middle, low, kind, ..] = self.head;
                let length = u32::from_be_bytes([0, high, middle, low]);
                self.skip = usize::try_from(length).unwrap_or(usize::MAX);
                self.len = 0;
                frames.control += u32::from(!REQUEST_FRAMES.contains(&kind));
                frames.resets += u32::from(kind == RESET_FRAME);
            }
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for FrameBudget<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_reset_too_many {
            tracing::debug!("Client reset too many requests");
            return Poll::Ready(Err(io::Error::other("too many resets of requests")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.spend(read))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for FrameBudget<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write(context, bytes);
        self.earn(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.earn(sent)
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
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::advance;

    use super::*;

    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const RESET: [u8; 13] = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
    const DATA: [u8; 11] = [0, 0, 2, 0, 0, 0, 0, 0, 1, 6, 6];

    #[test]
    fn control_frames_are_found_in_parts_of_any_length() {
        let preface = [0; PREFACE_BYTES];
        let bytes = [&preface[..], &PING, &DATA, &RESET, &PING, &DATA].concat();
        for length in 1..bytes.len() {
            let mut frames = FrameReader::new();
            let parts = bytes.chunks(length).map(|part| frames.count(part));
            let (control, resets) = parts.fold((0, 0), |(control, resets), part| {
                (control + part.control, resets + part.resets)
            });
            assert_eq!((control, resets), (3, 1), "{length}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn budget_grows_with_time_and_with_bytes_that_were_sent() {
        let (near, mut far) = duplex(1 << 22);
        let mut connection = FrameBudget::new(near, None);
        let burst = PING.repeat(BURST as usize);
        let mut buffer = vec![0; burst.len()];
        far.write_all(&[0; PREFACE_BYTES]).await.unwrap();
        connection
            .read_exact(&mut [0; PREFACE_BYTES])
            .await
            .unwrap();
        for earn in 0..3 {
            far.write_all(&burst).await.unwrap();
            connection.read_exact(&mut buffer).await.unwrap();
            match earn {
                0 => advance(Duration::from_secs(10)).await,
                1 => connection.write_all(&vec![0; 1 << 20]).await.unwrap(),
                _ => {}
            }
        }
        // Any number of bodies, and no further ping.
        far.write_all(&DATA.repeat(1000)).await.unwrap();
        connection.read_exact(&mut [0; 11_000]).await.unwrap();
        far.write_all(&PING).await.unwrap();
        assert!(connection.read_exact(&mut [0; 17]).await.is_err());
    }
}
