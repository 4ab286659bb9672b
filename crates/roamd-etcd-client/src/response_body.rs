//! Bodies of responses: messages, each after a frame, and the status in the trailers.

use std::sync::Arc;

use bytes::{Buf as _, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use prost::Message;

use crate::error::{CallError, Refusal};
use crate::request_body::FRAME_LEN;

/// Maximum length of a message. Pages of keys are far shorter.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Reader of the messages of a response.
pub(crate) struct ResponseBody {
    body: Incoming,
    read: BytesMut,
}

impl ResponseBody {
    /// Checks the head of a response.
    ///
    /// # Errors
    /// If the response is no gRPC, or has no message but the status of a refusal.
    pub(crate) fn of(response: http::Response<Incoming>) -> Result<Self, CallError> {
        let (head, body) = response.into_parts();
        if head.status != http::StatusCode::OK {
            return Err(CallError::Malformed);
        }
        if let Some(refusal) = refusal(&head.headers)? {
            return Err(CallError::Refused(refusal));
        }
        Ok(Self {
            body,
            read: BytesMut::new(),
        })
    }

    /// Reads the next message. Returns `None` at the end of the stream.
    ///
    /// # Errors
    /// If the connection ends, the message is malformed, or the status is that of a refusal.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, CallError> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| CallError::Broken(Arc::new(error)))?;
            match frame.into_data() {
                Ok(data) => self.read.extend_from_slice(&data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    if let Some(refusal) = refusal(&trailers)? {
                        return Err(CallError::Refused(refusal));
                    }
                }
            }
        }
    }

    /// Takes a message if it has arrived as a whole.
    fn take<M: Message + Default>(&mut self) -> Result<Option<M>, CallError> {
        let Some(&[is_compressed, a, b, c, d]) = self.read.first_chunk::<FRAME_LEN>() else {
            return Ok(None);
        };
        let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if is_compressed != 0 || len > MAX_MESSAGE {
            return Err(CallError::Malformed);
        }
        if self.read.len() < FRAME_LEN + len {
            return Ok(None);
        }
        self.read.advance(FRAME_LEN);
        let message = self.read.split_to(len);
        let message = M::decode(message.freeze()).map_err(|_| CallError::Malformed)?;
        Ok(Some(message))
    }
}

/// Returns the refusal that headers or trailers state. Without a status there is none yet.
fn refusal(headers: &HeaderMap) -> Result<Option<Refusal>, CallError> {
    let Some(status) = headers.get("grpc-status") else {
        return Ok(None);
    };
    let status = status.to_str().ok().and_then(|status| status.parse().ok());
    let status = status.ok_or(CallError::Malformed)?;
    let message = headers.get("grpc-message");
    let message = message.and_then(|message| message.to_str().ok());
    Ok(Refusal::of(status, message.unwrap_or_default()))
}
