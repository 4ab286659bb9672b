//! Streams of changes.

use crate::error::{CallError, Refusal};
use crate::messages::WatchResponse;
use crate::response_body::ResponseBody;

/// Stream of changes of a range of keys, in the order of their revisions. It ends with the first
/// error, and does not resume: the caller begins another one after the last revision that it has
/// seen.
pub struct Watch(ResponseBody);

impl Watch {
    pub(crate) fn new(body: ResponseBody) -> Self {
        Self(body)
    }

    /// Waits for the next changes.
    ///
    /// # Errors
    /// If the stream ends, even without an error of etcd. [`Refusal::Compacted`] if the revisions
    /// after the first one do not exist any more.
    pub async fn next(&mut self) -> Result<WatchResponse, CallError> {
        let response: WatchResponse = self.0.next().await?.ok_or(CallError::Malformed)?;
        if response.compact_revision != 0 {
            return Err(CallError::Refused(Refusal::Compacted));
        }
        if response.canceled {
            return Err(CallError::Refused(Refusal::of_cancelled(
                &response.cancel_reason,
            )));
        }
        Ok(response)
    }
}
