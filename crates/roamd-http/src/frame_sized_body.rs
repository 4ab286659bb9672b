//! Response bodies in pieces of one HTTP/2 frame.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

/// Length of a piece in bytes: the default limit of an HTTP/2 frame.
const PIECE_BYTES: usize = 16 * 1024;

/// Body in pieces, with a guard that is dropped after the last piece.
///
/// hyper takes the next piece when the window of the client has room. It would copy a body of one
/// piece, and keep the copy for as long as a client leaves its window closed.
pub(crate) struct FrameSizedBody<G> {
    rest: Bytes,
    _guard: G,
}

impl<G> FrameSizedBody<G> {
    pub(crate) fn new(body: Full<Bytes>, guard: G) -> Self {
        Self {
            rest: body.into_inner().unwrap_or_default(),
            _guard: guard,
        }
    }
}

impl<G: Unpin> Body for FrameSizedBody<G> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = PIECE_BYTES.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn body_is_split_into_frames_without_loss() {
        for length in [
            0,
            1,
            PIECE_BYTES - 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            5 * PIECE_BYTES,
        ] {
            let bytes: Bytes = (0..length).map(|index| (index % 251) as u8).collect();
            let mut body = FrameSizedBody::new(Full::new(bytes.clone()), ());
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            let mut read = Vec::new();
            while !body.is_end_stream() {
                let frame = body.frame().await.unwrap().unwrap();
                let piece = frame.into_data().unwrap();
                assert!(piece.len() <= PIECE_BYTES);
                read.extend_from_slice(&piece);
                let left = (length - read.len()) as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
            }
            assert_eq!(read, bytes);
            assert!(body.frame().await.is_none());
        }
    }
}
