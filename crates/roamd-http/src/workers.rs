//! Worker threads, each with a runtime of its own.
//!
//! A connection stays on the worker that it was given to, with its requests, timers and connections
//! to farms: no task and no waker crosses threads while a request is handled.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Threads that serve connections. They stop when this is dropped; tasks that are left are
/// cancelled.
#[derive(Debug)]
pub struct Workers {
    workers: Vec<Worker>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    handle: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection that is placed on a worker. It is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Placement {
    handle: Handle,
    connections: Arc<AtomicUsize>,
}

impl Workers {
    /// Starts this number of threads, but at least one.
    ///
    /// # Errors
    /// If the system starts no thread, or offers no event queue for it.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut started = Self {
            workers: Vec::new(),
            threads: Vec::new(),
            stop: CancellationToken::new(),
        };
        for number in 0..count.max(1) {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .on_thread_start(yield_to_workers)
                .build()?;
            started.workers.push(Worker {
                handle: runtime.handle().clone(),
                connections: Arc::default(),
            });
            let stop = started.stop.clone();
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    runtime.block_on(stop.cancelled());
                    // A name lookup that hangs must not delay the stop.
                    runtime.shutdown_background();
                })?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    /// The runtimes of all workers.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.workers.iter().map(|worker| &worker.handle)
    }

    /// Places a connection on the worker that has the fewest. Returns `None` only if there are no
    /// workers.
    pub(crate) fn place(&self) -> Option<Placement> {
        let load = |worker: &&Worker| worker.connections.load(Ordering::Relaxed);
        let worker = self.workers.iter().min_by_key(load)?;
        worker.connections.fetch_add(1, Ordering::Relaxed);
        Some(Placement {
            handle: worker.handle.clone(),
            connections: Arc::clone(&worker.connections),
        })
    }
}

/// Lowers the priority of a thread for large and blocking work, so that a worker with connections
/// does not wait until the processor is free.
fn yield_to_workers() {
    // Without the permission, the threads share the processors evenly.
    let _ = rustix::process::nice(3);
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            // A worker that panicked has reported its panic.
            drop(thread.join());
        }
    }
}

impl Placement {
    /// The runtime of the worker.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Placement {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
