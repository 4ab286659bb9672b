//! The page of a site in a real browser: Chromium, driven through WebDriver.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod axe;
mod browser;
mod chromedriver;
mod idle;
mod keyboard;
mod launches;
mod optional_answers;
mod outages;
mod resources;
mod sessions;
mod sign_in;
mod sign_out;
mod site;
mod views;
