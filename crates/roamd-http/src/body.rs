//! Reading request bodies, with limits for size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{LimitReached, Permit, RequestBody};

/// Error of reading a body.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The body, or its announced length, is over the limit.
    #[error("body is longer than {limit} bytes")]
    TooLarge {
        /// Limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("body did not arrive within {} seconds", .deadline.as_secs())]
    TooSlow {
        /// Time limit.
        deadline: Duration,
    },
    /// The incomplete bodies of this client, or of all, hold as much memory as they may.
    #[error("too many bodies are arriving; try again later")]
    NoRoom(LimitReached),
    /// The connection broke, or the framing is wrong.
    #[error("body could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Memory that a body may hold while the server waits for the rest of it.
///
/// A body that arrives as fast as it is read costs nothing here, and takes no lock.
#[derive(Debug)]
pub struct BodyRoom {
    /// Bytes that every body may hold.
    pub free: usize,
    /// Permit for the bytes of a body that holds more.
    pub permit: Permit,
}

/// Reads a complete body of at most `limit` bytes within `deadline`. A body with a longer announced
/// length is refused before any byte is read. The result is wiped when it is dropped, because it
/// may contain a password.
///
/// # Errors
/// If the body is too long or too slow, or the connection breaks.
pub async fn read_body(
    body: RequestBody,
    limit: usize,
    deadline: Duration,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    read_body_in(body, limit, deadline, None).await
}

/// Reads a body like [`read_body`]. An incomplete body holds no more memory than there is `room`.
///
/// # Errors
/// If the body is too long or too slow, the connection breaks, or there is no room.
pub async fn read_body_in(
    body: RequestBody,
    limit: usize,
    deadline: Duration,
    room: Option<BodyRoom>,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    match timeout(deadline, collect(Limited::new(body, limit), room)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(CollectError::NoRoom(limit))) => Err(BodyError::NoRoom(limit)),
        Ok(Err(CollectError::Body(error))) if error.is::<LengthLimitError>() => {
            Err(BodyError::TooLarge { limit })
        }
        Ok(Err(CollectError::Body(error))) => Err(BodyError::Broken(error)),
        Err(_) => Err(BodyError::TooSlow { deadline }),
    }
}

/// Error of [`collect`].
enum CollectError {
    Body(Box<dyn std::error::Error + Send + Sync>),
    NoRoom(LimitReached),
}

/// Copies the frames of a body into one buffer: 64 KiB in frames of one byte would otherwise take
/// megabytes.
async fn collect(
    mut body: impl Body<Data = bytes::Bytes, Error = Box<dyn std::error::Error + Send + Sync>> + Unpin,
    mut room: Option<BodyRoom>,
) -> Result<Zeroizing<Vec<u8>>, CollectError> {
    let mut collected = Zeroizing::new(Vec::new());
    loop {
        let frame = poll_fn(|context| match Pin::new(&mut body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.transpose().map_err(CollectError::Body)),
            Poll::Pending => match BodyRoom::hold(room.as_mut(), collected.capacity()) {
                Ok(()) => Poll::Pending,
                Err(limit) => Poll::Ready(Err(CollectError::NoRoom(limit))),
            },
        });
        let Some(frame) = frame.await? else {
            return Ok(collected);
        };
        if let Ok(part) = frame.into_data() {
            append(&mut collected, &part);
        }
    }
}

impl BodyRoom {
    /// Takes the permit for the bytes that a body holds while it waits.
    fn hold(room: Option<&mut Self>, bytes: usize) -> Result<(), LimitReached> {
        match room {
            Some(room) if bytes > room.free => room.permit.grow_to(bytes),
            Some(_) | None => Ok(()),
        }
    }
}

/// Appends a part. If the buffer is full, the content moves to a larger one and the old one is
/// wiped, which a growing `Vec` does not do.
///
/// The buffer grows with the bytes that arrive and not to the announced length: wiping touches its
/// memory, and an announced body that never arrives must cost nothing.
fn append(collected: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    let needed = collected.len().saturating_add(part.len());
    if needed > collected.capacity() {
        let room = needed.max(collected.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(collected);
        *collected = larger;
    }
    collected.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::task::Context;

    use bytes::Bytes;
    use hyper::body::Frame;
    use roamd_testkit::count_in_memory;

    use super::*;
    use crate::ClientLimiter;

    /// A body of which these parts have arrived, and the rest never does.
    struct Half(VecDeque<Bytes>);

    impl Body for Half {
        type Data = Bytes;
        type Error = Box<dyn std::error::Error + Send + Sync>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.pop_front() {
                Some(part) => Poll::Ready(Some(Ok(Frame::data(part)))),
                None => Poll::Pending,
            }
        }
    }

    /// 20,000 half bodies hold the memory of their budget, and a body from elsewhere has room.
    #[tokio::test]
    async fn half_bodies_hold_no_more_than_their_budget() {
        const FREE: usize = 4 * 1024;
        const BODY: usize = 8 * 1024;
        let (total, per_client) = (64 << 20, 2 << 20);
        let limiter = ClientLimiter::new(total, per_client, |address| address);
        let room = |address: IpAddr| BodyRoom {
            free: FREE,
            permit: Arc::clone(&limiter).open(Some(address)),
        };
        let mut waiting = Vec::new();
        let mut refused = 0;
        for number in 0..20_000_u32 {
            let address = IpAddr::from((0x0A00_0000 + number % 8).to_be_bytes());
            let parts = (0..BODY / 4096).map(|_| Bytes::from_static(&[b'x'; 4096]));
            let mut body = Box::pin(collect(Half(parts.collect()), Some(room(address))));
            let polled = poll_fn(|context| Poll::Ready(body.as_mut().poll(context))).await;
            match polled {
                Poll::Pending => waiting.push(body),
                Poll::Ready(Err(CollectError::NoRoom(LimitReached::ForClient))) => refused += 1,
                Poll::Ready(_) => panic!("the body never ends"),
            }
        }
        assert_eq!(waiting.len() + refused, 20_000);
        assert!(waiting.len() * BODY <= 8 * per_client);
        // Another client has the room for a whole body, and every client for a small one.
        for (address, length) in [([192, 0, 2, 1], BODY), ([10, 0, 0, 0], FREE)] {
            let part = Bytes::from(vec![b'x'; length]);
            let body = Half([part].into());
            let mut body = Box::pin(collect(body, Some(room(address.into()))));
            let polled = poll_fn(|context| Poll::Ready(body.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "{length}");
        }
    }

    /// Difference between a byte of the secret and the one before.
    const STEP: u8 = 167;

    /// Number of consecutive bytes of the secret that count as a trace.
    const TRACE: usize = 16;

    #[test]
    fn body_in_parts_leaves_no_trace_in_memory() {
        let secret = |index: u8| index.wrapping_mul(STEP);
        let mut collected = Zeroizing::new(Vec::new());
        for index in 0..=u8::MAX {
            append(&mut collected, &[secret(index)]);
        }
        assert!(collected.iter().copied().eq((0..=u8::MAX).map(secret)));
        assert!(collected.capacity() <= 512);
        drop(collected);
        assert_eq!(traces(), 0);
    }

    /// Returns the number of traces of the secret in all writable memory of this process.
    fn traces() -> usize {
        count_in_memory(|| {
            let (mut before, mut run) = (0_u8, 0);
            move |byte| {
                let follows = before.wrapping_add(STEP) == byte;
                run = if follows { run + 1 } else { 0 };
                before = byte;
                run == TRACE
            }
        })
    }
}
