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
            whole.extend_from_slice(&part);
        }
    }
    Ok(whole)
}
