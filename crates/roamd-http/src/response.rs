//! The responses of an application.

/// A response. Its body is complete, so that it is sent with a `Content-Length` (SS-68).
pub type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
