//! Decoding of responses: small ones at once, large ones on another thread.

use std::sync::Arc;

use roamd_nfuse_proto::{FarmError, Frame, Request, decode_response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::CallError;

/// Responses above this size, in bytes, are decoded on another thread: the thread that waits for
/// them has to serve other connections meanwhile.
const LARGE_RESPONSE: usize = 64 * 1024;

/// Limit of large responses of one controller that are decoded at the same time. A controller
/// cannot keep more processors busy than this.
const LARGE_AT_ONCE: usize = 2;

/// Decoder of one controller's responses.
pub(crate) struct Decoder {
    /// Permits for large responses.
    permits: Arc<Semaphore>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
        }
    }
}

impl Decoder {
    /// Decodes the response to a request. The caller limits the time: if it gives up, a response
    /// that waits for a permit is not decoded.
    ///
    /// # Errors
    /// If the bytes are not a response to this request.
    pub(crate) async fn decode<R: Request>(
        &self,
        bytes: Vec<u8>,
    ) -> Result<(Frame, Result<R::Response, FarmError>), CallError> {
        let size = bytes.len();
        let decoded = self.run(size, move || decode_response::<R>(&bytes)).await?;
        Ok(decoded?)
    }

    /// Returns the result of work on a response of this size, in bytes.
    ///
    /// # Errors
    /// If the work panicked on another thread.
    async fn run<T: Send + 'static>(
        &self,
        size: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if size <= LARGE_RESPONSE {
            return Ok(work());
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| CallError::Lost(error.into()))?;
        let running = spawn_blocking(move || {
            // Held until the end, also if the caller gives up before that.
            let _permit = permit;
            work()
        });
        running.await.map_err(|error| CallError::Lost(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn large_response_is_decoded_on_another_thread() {
        let decoder = Decoder::default();
        let here = thread::current().id();
        for (size, is_here) in [
            (0, true),
            (LARGE_RESPONSE, true),
            (LARGE_RESPONSE + 1, false),
        ] {
            let thread = decoder.run(size, || thread::current().id()).await;
            assert_eq!(thread.unwrap() == here, is_here, "{size}");
        }
    }
}
