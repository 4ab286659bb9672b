//! Copy of the content of etcd in memory: a pure state machine.
//!
//! An entry has the revision of its last change, and older changes of it are ignored, so changes of
//! the watch, of reads and of the server's own writes may come in any order. Revision 0 means that
//! etcd does not have the entry: it was set while etcd was unreachable, or was removed before it
//! expired. It is then *missing*, until it is written (again).

mod changes;
mod content;
mod counters;
mod entry;
mod full_read;
mod limits;
mod missing;
mod sweep;
#[cfg(test)]
mod tests;

pub(super) use content::{Copy, Kind};
pub(super) use counters::CounterChange;
pub(super) use entry::{RunningServer, ShareChange};
pub(super) use limits::Limits;
pub(super) use missing::Missing;
