//! Tests of the import.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

mod archive;
mod cmdlets;
mod properties;
mod rules;
mod samples;
mod support;
mod xml;
