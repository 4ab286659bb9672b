//! The etcd engine, with real members of etcd.

mod failures;
mod joining;
mod kills;
mod large;
mod overview;
mod sharing;
mod support;
