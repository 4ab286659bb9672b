//! Worker threads, each with a runtime of its own.
//!
//! Known clients have workers of their own, and so have strangers, whose threads give way to those
//! of known clients: a flood of strangers takes the processors that known clients leave.
//!
//! A connection stays on the worker that it was given to, with its requests, timers and connections
//! to farms: no task and no waker crosses threads while a request is handled.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

use crate::known_clients::{ByStanding, Standing};

/// Niceness of the threads, above that of the process: a larger one is a lower priority. A thread
/// does not wait until one of lower priority leaves the processor.
const WORKERS_OF_KNOWN_CLIENTS: i32 = 0;
const WORKERS_OF_STRANGERS: i32 = 5;
const LARGE_WORK: i32 = 10;

/// Threads that serve connections. They stop when this is dropped; tasks that are left are
/// cancelled.
#[derive(Debug)]
pub struct Workers {
    workers: ByStanding<Vec<Worker>>,
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
    /// Starts this number of threads for known clients, but at least one, and as many for
    /// strangers.
    ///
    /// # Errors
    /// If the system starts no thread, or offers no event queue for it.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut started = Self {
            workers: ByStanding::default(),
            threads: Vec::new(),
            stop: CancellationToken::new(),
        };
        for number in 0..count.max(1) {
            let known = started.worker(format!("worker-{number}"), WORKERS_OF_KNOWN_CLIENTS)?;
            let strangers = started.worker(format!("strangers-{number}"), WORKERS_OF_STRANGERS)?;
            started.workers.known.push(known);
            started.workers.strangers.push(strangers);
        }
        Ok(started)
    }

    fn worker(&mut self, name: String, niceness: i32) -> io::Result<Worker> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            // A thread begins with the priority of the one that starts it.
            .on_thread_start(move || lower_priority(LARGE_WORK - niceness))
            .build()?;
        let worker = Worker {
            handle: runtime.handle().clone(),
            connections: Arc::default(),
        };
        let stop = self.stop.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            lower_priority(niceness);
            runtime.block_on(stop.cancelled());
            // A name lookup that hangs must not delay the stop.
            runtime.shutdown_background();
        })?;
        self.threads.push(thread);
        Ok(worker)
    }

    /// The runtimes of all workers.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        let all = self.workers.known.iter().chain(&self.workers.strangers);
        all.map(|worker| &worker.handle)
    }

    /// Places a connection on the worker that has the fewest, among those for its standing. Returns
    /// `None` only if there are no workers.
    pub(crate) fn place(&self, standing: Standing) -> Option<Placement> {
        let load = |worker: &&Worker| worker.connections.load(Ordering::Relaxed);
        let worker = self.workers.of(standing).iter().min_by_key(load)?;
        worker.connections.fetch_add(1, Ordering::Relaxed);
        Some(Placement {
            handle: worker.handle.clone(),
            connections: Arc::clone(&worker.connections),
        })
    }
}

/// Lowers the priority of this thread.
fn lower_priority(niceness: i32) {
    if niceness > 0 {
        // Without the permission, the threads share the processors evenly.
        let _ = rustix::process::nice(niceness);
    }
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
