//! The Web API of a store's web site (web-api.md).

mod browser;
mod cookies;
mod launches;
mod requests;
mod scripts;
mod sessions;
mod sign_in;
