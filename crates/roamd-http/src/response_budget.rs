//! Memory of large responses until their peers have read them.
//!
//! A peer that reads nothing keeps a response in memory until its timeout. On many connections,
//! or many streams of one, this would be all the memory there is.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response as HttpResponse, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::response::Response;
use crate::{ClientLimiter, Permit};

/// Length of a response that counts in no budget, in bytes.
const FREE_BYTES: u64 = 64 * 1024;

/// Body whose bytes hold a permit for their memory until the last of them has been sent.
pub(crate) struct CountedBody {
    body: Full<Bytes>,
    permit: Option<Permit>,
}

/// Bytes with their permit.
struct Counted {
    bytes: Bytes,
    _permit: Permit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Takes the permit of a response. If there is none, the response is a `503` instead.
pub(crate) fn counted(
    response: Response,
    responses: &Arc<ClientLimiter>,
    client: Option<IpAddr>,
) -> HttpResponse<CountedBody> {
    let length = response.body().size_hint().lower();
    if length <= FREE_BYTES {
        return response.map(CountedBody::free);
    }
    let mut permit = responses.open(client);
    match permit.grow_to(usize::try_from(length).unwrap_or(usize::MAX)) {
        Ok(()) => response.map(|body| CountedBody {
            body,
            permit: Some(permit),
        }),
        Err(limit) => {
            tracing::debug!(?limit, length, "No memory for a response");
            overloaded().map(CountedBody::free)
        }
    }
}

/// Response to a request for which there is no memory.
pub(crate) fn overloaded() -> Response {
    let text = "The server has no memory for this request now. Try again in a second.\n";
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, second);
    response
}

impl CountedBody {
    /// A body that counts in no budget.
    pub(crate) fn free(body: Full<Bytes>) -> Self {
        Self { body, permit: None }
    }
}

impl Body for CountedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let permit = self.permit.take();
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match permit {
                Some(permit) => frame.map_data(|bytes| {
                    Bytes::from_owner(Counted {
                        bytes,
                        _permit: permit,
                    })
                }),
                None => frame,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http_body_util::BodyExt as _;

    use super::*;

    const CLIENT: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn response(length: usize) -> Response {
        Response::new(Full::from(vec![1; length]))
    }

    #[tokio::test]
    async fn large_response_holds_its_memory_until_its_bytes_are_dropped() {
        const LENGTH: usize = 100_000;
        let responses = ClientLimiter::new(10 * LENGTH, 2 * LENGTH, |address| address);
        let answer = |length| counted(response(length), &responses, CLIENT);
        let held = [answer(LENGTH), answer(LENGTH)];
        assert_eq!(answer(LENGTH).status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer(60_000).status(), StatusCode::OK, "small");
        let [first, second] = held;
        let sent = first.into_body().collect().await.unwrap().to_bytes();
        let part = sent.slice(LENGTH - 1..);
        drop(sent);
        assert_eq!(answer(LENGTH).status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(part);
        assert_eq!(answer(LENGTH).status(), StatusCode::OK);
        drop(second);
    }
}
