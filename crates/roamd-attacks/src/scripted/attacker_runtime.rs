//! The threads of attackers and their farms.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Which part of the processors a thread gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// The same as the server.
    Equal,
    /// What the server, the good farm and other users leave. On a network, attackers have
    /// processors of their own: their own work slows nobody down, only that which they cause.
    Rest,
}

/// Returns a runtime with a thread of its own.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn attacker_runtime(share: Share) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(move || {
            if share == Share::Rest {
                // A thread can always lower its priority.
                let _ = rustix::process::nice(19);
            }
        })
        .enable_all()
        .build()
}
