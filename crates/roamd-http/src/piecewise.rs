//! Answers that go out no faster than their client takes them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

/// Length of a piece in bytes: what one frame of HTTP/2 holds.
const PIECE: usize = 16 * 1024;

/// A body in pieces, with something that is dropped when the last piece is on its way.
///
/// HTTP/2 takes the next piece when the client's window has room. Given a body whole it would keep a
/// copy of it for as long as a client cares to leave its window shut.
pub(crate) struct Piecewise<G> {
    whole: Full<Bytes>,
    rest: Bytes,
    _until_taken: G,
}

impl<G> Piecewise<G> {
    pub(crate) fn new(whole: Full<Bytes>, until_taken: G) -> Self {
        Self {
            whole,
            rest: Bytes::new(),
            _until_taken: until_taken,
        }
    }
}

impl<G: Unpin> Body for Piecewise<G> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty()
            && let Some(Ok(frame)) = ready!(Pin::new(&mut self.whole).poll_frame(context))
        {
            self.rest = frame.into_data().unwrap_or_default();
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = PIECE.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.whole.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let whole = self.whole.size_hint().exact().unwrap_or_default();
        SizeHint::with_exact(whole + self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn body_is_split_into_frames_without_loss() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            let bytes: Bytes = (0..length).map(|place| (place % 251) as u8).collect();
            let mut body = Piecewise::new(Full::new(bytes.clone()), ());
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            let mut read = Vec::new();
            while !body.is_end_stream() {
                let frame = body.frame().await.unwrap().unwrap();
                let piece = frame.into_data().unwrap();
                assert!(piece.len() <= PIECE);
                read.extend_from_slice(&piece);
                let left = (length - read.len()) as u64;
                assert_eq!(body.size_hint().exact(), Some(left));
            }
            assert_eq!(read, bytes);
            assert!(body.frame().await.is_none());
        }
    }
}
