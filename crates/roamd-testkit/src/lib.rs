#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

mod certificates;
mod config;
mod controller;
mod etcd;
pub mod http2;
mod http_request;
mod ports;
mod process_memory;
mod store;
mod strict_xml;
mod tls_proxy;

pub use certificates::{CertificateAuthority, IssuedCertificate};
pub use config::{FarmConfig, ServerConfig, StoreConfig, line_of};
pub use controller::{
    Script, ScriptedController, document, encode_document, http_response, request_name,
};
pub use etcd::{EtcdCluster, Signal, etcd_program};
pub use ports::{closed_url, free_address};
pub use process_memory::{count_in_memory, peak_memory, resident_memory};
pub use store::{MockStore, StoreRequest, StoreResponse, form_field, healthy_store, sign_in_form};
pub use strict_xml::StrictElement;
pub use tls_proxy::TlsProxy;
