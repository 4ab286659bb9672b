//! Bodies of requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::body::{Body, Frame};
use prost::Message;

/// Length of the frame before each message: whether it is compressed, and its length.
pub(crate) const FRAME_LEN: usize = 5;

/// Body of one message. It ends after the message, or stays open until the response is dropped.
pub(crate) struct RequestBody {
    message: Option<Bytes>,
    stays_open: bool,
}

impl RequestBody {
    /// Creates the body of a call with one response.
    pub(crate) fn unary(message: &impl Message) -> Self {
        Self {
            message: Some(framed(message)),
            stays_open: false,
        }
    }

    /// Creates the body of a stream. etcd ends a watch with its body.
    pub(crate) fn open(message: &impl Message) -> Self {
        Self {
            message: Some(framed(message)),
            stays_open: true,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.message.take() {
            Some(message) => Poll::Ready(Some(Ok(Frame::data(message)))),
            // There is nothing to wake for: the connection drops the body with the stream.
            None if self.stays_open => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && !self.stays_open
    }
}

fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(FRAME_LEN + len);
    bytes.put_u8(0);
    // No message of this client has 4 GiB.
    bytes.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    bytes.put_slice(&message.encode_to_vec());
    bytes.freeze()
}
