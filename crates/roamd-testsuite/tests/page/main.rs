//! The page of a site in a real browser: Chromium, driven through WebDriver.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod axe;
mod branding;
mod browser;
mod chromedriver;
mod explanation;
mod idle;
mod keyboard;
mod launches;
mod loading;
mod outages;
mod password_change;
mod resources;
mod sessions;
mod sign_in;
mod sign_out;
mod site;
mod views;
