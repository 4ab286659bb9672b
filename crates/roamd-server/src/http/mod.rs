//! HTTP requests and responses of the server, independent of what the routes do.

pub(crate) mod base_url;
pub(crate) mod client_address;
pub(crate) mod content_hash;
pub(crate) mod error;
pub(crate) mod host_header;
pub(crate) mod request;
pub(crate) mod request_id;
pub(crate) mod request_limiter;
pub(crate) mod response;
pub(crate) mod route;
pub(crate) mod transfer_coding;
pub(crate) mod urls;
pub(crate) mod web_site;
