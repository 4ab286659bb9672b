//! The network services of a farm: NFuse XML service and Secure Ticket Authority over HTTP.

mod address;
mod authentication;
mod change_password;
pub(crate) mod http;
mod icons;
mod launch_ref;
mod logon_ticket;
mod nfuse;
mod published_applications;
mod request_handler;
pub(crate) mod serve_options;
mod server_data;
mod sessions;
mod sta;
