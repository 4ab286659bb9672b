//! Memory of large responses until their peers have read them.
//!
//! A peer that reads nothing keeps a response in memory until its timeout. On many connections,
//! or many streams of one, this would be all the memory there is.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use http_body_util::Full;
use hyper::body::Body as _;

use crate::response::Response;
use crate::{ClientLimiter, Permit};

/// Length of a response that counts in no budget, in bytes.
const FREE_BYTES: u64 = 64 * 1024;

/// Bytes that hold the permit for their memory until the last of them has been sent.
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
) -> Response {
    let length = response.body().size_hint().lower();
    if length <= FREE_BYTES {
        return response;
    }
    let mut permit = responses.open(client);
    if let Err(limit) = permit.grow_to(usize::try_from(length).unwrap_or(usize::MAX)) {
        tracing::debug!(?limit, length, "No memory for a response");
        return overloaded();
    }
    response.map(|body| {
        let counted = Counted {
            bytes: body.into_inner().unwrap_or_default(),
            _permit: permit,
        };
        Full::new(Bytes::from_owner(counted))
    })
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
