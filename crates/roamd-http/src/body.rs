//! Reading the body of a request within bounds.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the limit, or says that it will be.
    #[error("body is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It did not arrive in time.
    #[error("body did not arrive within {} seconds", .deadline.as_secs())]
    TooSlow {
        /// The deadline.
        deadline: Duration,
    },
    /// The connection broke, or the framing is wrong.
    #[error("body could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads a whole body of at most `limit` bytes within `deadline`. One that announces to be longer
/// is refused before a byte of it is read. It may hold a password, so it is wiped when it is dropped.
///
/// # Errors
/// Why the body was not read.
pub async fn read_body(
    body: Incoming,
    limit: usize,
    deadline: Duration,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    match timeout(deadline, whole(Limited::new(body, limit))).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Err(_) => Err(BodyError::TooSlow { deadline }),
    }
}

/// Copies the parts of a body into one piece: kept as they come, 64 KiB in parts of a byte would take
/// megabytes.
async fn whole(
    mut body: Limited<Incoming>,
) -> Result<Zeroizing<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
    let mut whole = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(part) = frame.into_data() {
            append(&mut whole, &part);
        }
    }
    Ok(whole)
}

/// Adds a part at the end. When there is no room for it, all moves to a larger place and the one before
/// is wiped, which a vector that grows by itself does not do.
///
/// Room is made for what has come, not for what was announced: to wipe it is to touch it, and a body
/// that never comes should cost nothing.
fn append(whole: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    let needed = whole.len().saturating_add(part.len());
    if needed > whole.capacity() {
        let room = needed.max(whole.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(whole);
        *whole = larger;
    }
    whole.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt as _;

    use super::*;

    /// Each byte of the secret is the one before and this.
    const STEP: u8 = 167;

    /// So many bytes of it, wherever they begin, are a trace.
    const TRACE: usize = 16;

    #[test]
    fn body_in_parts_leaves_no_trace_in_memory() {
        let secret = |index: u8| index.wrapping_mul(STEP);
        let mut whole = Zeroizing::new(Vec::new());
        for index in 0..=u8::MAX {
            append(&mut whole, &[secret(index)]);
        }
        assert!(whole.iter().copied().eq((0..=u8::MAX).map(secret)));
        assert!(whole.capacity() <= 512);
        drop(whole);
        assert_eq!(traces(), 0);
    }

    /// Traces of the secret in all memory that this process can write.
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
                // What cannot be read holds nothing.
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
