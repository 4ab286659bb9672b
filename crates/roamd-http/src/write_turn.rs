//! Turns of the connections of a worker that write large responses.

use std::io;
use std::task::{Context, Poll};

/// Most bytes that a connection writes before the other connections have a turn. The system can
/// take megabytes in one call, which is a long time for them if many do that.
const TURN_BYTES: usize = 64 * 1024;

/// What a connection may write in its turn.
#[derive(Debug)]
pub(crate) struct WriteTurn {
    left: usize,
}

impl WriteTurn {
    /// Begins the first turn.
    pub(crate) fn new() -> Self {
        Self { left: TURN_BYTES }
    }

    /// Returns the most bytes to write now, once it is the turn of this connection.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        if self.left == 0 {
            self.left = TURN_BYTES;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.left)
    }

    /// Notes the result of a write. One that waits for the peer ends the turn.
    pub(crate) fn note(&mut self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(bytes)) => self.left = self.left.saturating_sub(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.left = TURN_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn large_write_gives_way_to_others_after_each_turn() {
        let mut turn = WriteTurn::new();
        let others = tokio::spawn(async {
            let mut turns = 0;
            while turns < 10 {
                turns += 1;
                tokio::task::yield_now().await;
            }
        });
        let mut written = 0;
        while written < 16 * TURN_BYTES {
            let bytes = poll_fn(|context| turn.poll_bytes(context)).await;
            let bytes = bytes.min(10_000);
            turn.note(&Poll::Ready(Ok(bytes)));
            written += bytes;
        }
        assert!(others.is_finished());
    }

    #[tokio::test]
    async fn small_writes_of_a_peer_that_is_slow_never_give_way() {
        let mut turn = WriteTurn::new();
        let others = tokio::spawn(std::future::ready(()));
        for _ in 0..3 {
            let bytes = poll_fn(|context| turn.poll_bytes(context)).await;
            turn.note(&Poll::Ready(Ok(bytes - 1)));
            turn.note(&Poll::Pending);
        }
        assert!(!others.is_finished());
    }
}
