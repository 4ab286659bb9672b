//! The body of a request, which contains the password of a user.

use bytes::Bytes;
use roamd_nfuse_proto::{Dialect, Request, encode_request};
use zeroize::Zeroizing;

/// Encodes a request. The body is wiped when its last clone is dropped: after the response, or
/// after the last attempt.
pub(crate) fn request_body<R: Request>(dialect: Dialect, request: &R) -> Bytes {
    Bytes::from_owner(Zeroizing::new(encode_request(dialect, request)))
}
