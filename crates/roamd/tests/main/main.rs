//! Tests of the `roamd` command as a process: arguments, output and exit codes.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers may panic on unexpected results"
)]

mod apps;
mod backup;
mod broken_configuration;
mod citrixauth_client;
mod compare;
mod config;
mod config_import;
mod confirmation;
mod connection_errors;
mod control;
mod controller_failover;
mod demo;
mod destroyed_tokens;
mod disk_errors;
mod farm;
mod group;
mod help_and_usage;
mod help_examples;
mod home;
mod hostile_environment;
mod keys;
mod listing;
mod load_balancer;
mod login;
mod monitoring;
mod narrow_terminal;
mod operations;
mod probe;
mod profiles;
mod reload;
mod secret_leaks;
mod serve;
mod sessions;
mod sessions_roam;
mod sessions_watch;
mod store_addresses;
mod support;
mod systemd;
mod throttle;
mod tokens;
mod traces;
mod upgrade;
