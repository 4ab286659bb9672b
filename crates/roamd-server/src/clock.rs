//! Time of day and randomness, which the rest of the server takes from here.

use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::Timestamp;

/// Returns the time of day. A test or a simulation passes a clock of its own.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Returns the random generator of the system.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
