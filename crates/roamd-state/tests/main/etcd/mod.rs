//! The etcd engine, with real members of etcd.

mod failures;
mod joining;
mod overview;
mod sharing;
mod support;
