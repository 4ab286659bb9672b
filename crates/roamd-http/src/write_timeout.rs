//! Timeout for peers that do not read their responses.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Connection that fails if its peer takes longer than a limit to read what is written.
///
/// The time runs from the first write that blocks until everything is flushed, so a peer that reads
/// single bytes does not extend it.
pub(crate) struct WriteTimeout<IO> {
    io: IO,
    limit: Duration,
    /// Running since the first write that blocked.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<IO> WriteTimeout<IO> {
    pub(crate) fn new(io: IO, limit: Duration) -> Self {
        Self {
            io,
            limit,
            deadline: None,
        }
    }

    /// Returns the result of a write, or an error if writes have been blocked for too long.
    fn check_deadline<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            return written;
        }
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for WriteTimeout<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.check_deadline(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.check_deadline(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.deadline = None;
        }
        self.check_deadline(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.io).poll_shutdown(context);
        self.check_deadline(ended, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, advance};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn peer_that_reads_nothing_times_out() {
        let (near, _far) = duplex(16);
        let begin = Instant::now();
        let mut connection = WriteTimeout::new(near, LIMIT);
        let ended = connection.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() >= LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_reads_single_bytes_times_out() {
        let (near, mut far) = duplex(16);
        tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                advance(LIMIT / 8).await;
            }
        });
        let mut connection = WriteTimeout::new(near, LIMIT);
        let ended = connection.write_all(&[0; 40]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn each_fully_read_response_restarts_the_timeout() {
        let (near, mut far) = duplex(16);
        tokio::spawn(async move {
            let mut part = [0; 16];
            loop {
                advance(LIMIT / 2).await;
                if far.read_exact(&mut part).await.is_err() {
                    return;
                }
            }
        });
        let mut connection = WriteTimeout::new(near, LIMIT);
        for _ in 0..4 {
            connection.write_all(&[0; 32]).await.unwrap();
            connection.flush().await.unwrap();
        }
    }
}
