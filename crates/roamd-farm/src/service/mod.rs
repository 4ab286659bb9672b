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
pub(crate) mod request_handler;
mod server_data;
mod sessions;
mod sta;
