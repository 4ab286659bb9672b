//! Tests of the embedded farm through its public API and its sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![expect(
    clippy::type_complexity,
    reason = "the type of a test table is readable beside the table"
)]

mod authentication;
mod captures;
mod clock_changes;
mod concurrency;
mod crash_recovery;
mod damaged_database;
mod data_folder;
mod farm_settings;
mod http_service;
mod large_farm;
mod launch;
mod launch_refusals;
mod model_comparison;
mod published_applications;
mod reference_model;
mod requests;
mod session_sharing;
mod sessions;
mod sta;
mod support;
mod world_description;
