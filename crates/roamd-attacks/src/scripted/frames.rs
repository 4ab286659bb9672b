//! Floods of HTTP/2 frames that no well-kept client sends.

use std::io;
use std::time::Duration;

use roamd_testkit::http2::{
    CONTINUATION, FIELD, GET_ROOT, GOAWAY, HEADERS, PING, PREFACE, SETTINGS, frame,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::sleep;

use super::tally::{Outcome, Tally};

/// Frames in one write.
const FRAMES: usize = 1_000;

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
        let settings = frame(SETTINGS, 0, 0, &[]);
        let start = [PREFACE, &settings, &flood.start()].concat();
        writing.write_all(&start).await?;
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
            Self::Continuation => frame(HEADERS, 0, 1, GET_ROOT),
            Self::Settings | Self::Ping => Vec::new(),
        }
    }

    /// Returns the frame of the flood.
    fn frame(self) -> Vec<u8> {
        match self {
            Self::Continuation => frame(CONTINUATION, 0, 1, FIELD),
            // A window of 64 KiB.
            Self::Settings => frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]),
            Self::Ping => frame(PING, 0, 0, &[0; 8]),
        }
    }
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
