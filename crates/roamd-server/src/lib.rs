//! The gateway: routes, negotiation, status codes

pub mod config;
