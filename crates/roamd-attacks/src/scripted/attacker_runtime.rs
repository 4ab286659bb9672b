//! The threads of attackers and their farms.
//!
//! On a network, attackers have processors of their own. Here they get the processor time that the
//! server, the good farm and other users leave. A measured delay is then one that the requests of
//! the attackers cause.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with a thread of its own.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn attacker_runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
}

/// Leaves the processors to others, from now on.
pub(super) fn leave_processors(runtime: &Runtime) {
    drop(runtime.spawn(async {
        // A thread can always lower its priority.
        let _ = rustix::process::nice(19);
    }));
}
