//! Engine for one process: a SQLite file that the process has to itself.
//!
//! One thread writes. It puts waiting writes into one transaction and responds after the commit, so
//! that many callers share the cost of one flush to the disk. Parties get turns in rotation. Flags
//! are read from a copy in memory. Counters may be too many for that, and only sign-ins read them:
//! the calling thread reads them from the file, which is faster than a handover to another thread.
//! In WAL mode readers never wait for the writer.
//!
//! Digests of keys that can be guessed are replaced by keyed ones before they are stored or looked
//! up, in all kinds that say so ([`FlagKind`](crate::FlagKind)).

mod digest_key_file;
mod engine;
mod file;
mod flag_cache;
mod job_queue;
mod state_copy;
mod statements;
mod writer;

pub use engine::SqliteState;
pub use file::OpenError;
pub use state_copy::{StagedState, StateCopy};
