//! The body of a request, as handlers read it.

use std::error::Error;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::head_budget::RequestProgress;
use crate::peer::Peer;

/// Body of a request, and the peer that sends it.
///
/// It is part of the request and not an extension of it, which would cost each request a map.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    peer: Peer,
    progress: Arc<RequestProgress>,
    target_has_fragment: bool,
}

/// The peer closed its side of the connection before the end of the body.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed within the body")]
struct BodyCut;

impl RequestBody {
    /// Joins a body with its peer. `progress` is that of the connection, and
    /// `target_has_fragment` is of the request.
    pub(crate) fn new(
        incoming: Incoming,
        peer: Peer,
        progress: &Arc<RequestProgress>,
        target_has_fragment: bool,
    ) -> Self {
        Self {
            incoming,
            peer,
            progress: Arc::clone(progress),
            target_has_fragment,
        }
    }

    /// Whether the target of the HTTP/1.1 request had a fragment, which its URI no longer has.
    #[must_use]
    pub fn target_has_fragment(&self) -> bool {
        self.target_has_fragment
    }

    /// Returns the peer of the connection.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Gives the connection standing, because the application knows the account of its peer: the
    /// peer has sent a valid token, for example. While all connections are in use, new ones replace
    /// those without standing first. Later connections of the client are served before those of
    /// strangers.
    pub fn raise_standing(&self, account: &impl Hash) {
        self.progress.raise_standing(account);
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            // hyper passes on all that it has before it reads the end of the connection.
            Poll::Pending if self.progress.is_half_closed() => {
                Poll::Ready(Some(Err(BodyCut.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
