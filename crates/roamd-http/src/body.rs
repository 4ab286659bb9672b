//! Reading request bodies, with limits for size and time.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;
use zeroize::Zeroizing;

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
    /// The connection broke, or the framing is wrong.
    #[error("body could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads a complete body of at most `limit` bytes within `deadline`. A body with a longer announced
/// length is refused before any byte is read. The result is wiped when it is dropped, because it
/// may contain a password.
///
/// # Errors
/// If the body is too long or too slow, or the connection breaks.
pub async fn read_body(
    body: Incoming,
    limit: usize,
    deadline: Duration,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    match timeout(deadline, collect(Limited::new(body, limit))).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Err(_) => Err(BodyError::TooSlow { deadline }),
    }
}

/// Copies the frames of a body into one buffer: 64 KiB in frames of one byte would otherwise take
/// megabytes.
async fn collect(
    mut body: Limited<Incoming>,
) -> Result<Zeroizing<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
    let mut collected = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(part) = frame.into_data() {
            append(&mut collected, &part);
        }
    }
    Ok(collected)
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
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt as _;

    use super::*;

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
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut traces = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (range, _) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|it| u64::from_str_radix(it, 16).unwrap());
            let mut page = [0; 4096];
            let mut run = 0;
            for address in (start..end).step_by(page.len()) {
                // Unreadable pages hold no data.
                let Ok(()) = memory.read_exact_at(&mut page, address) else {
                    continue;
                };
                for pair in page.windows(2) {
                    let follows = pair[0].wrapping_add(STEP) == pair[1];
                    run = if follows { run + 1 } else { 0 };
                    traces += usize::from(run == TRACE);
                }
            }
        }
        traces
    }
}
