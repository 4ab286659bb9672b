//! The Web API of a store's web site (web-api.md).

mod bad_input;
mod branding;
mod browser;
mod client_assistant;
mod cookies;
mod csrf;
mod launches;
mod page;
mod password_change;
mod post_credentials;
mod requests;
mod scripts;
mod sessions;
mod sign_in;
mod sign_out;
