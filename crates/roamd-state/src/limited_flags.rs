//! Several flags in one write, within a budget.

use jiff::Timestamp;

use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::flag::FlagKind;

/// Flags of one kind that are set in one write, as far as a budget allows.
///
/// A flag draws on the budget only if it is new.
#[derive(Debug, Clone)]
pub struct LimitedFlags {
    /// Kind of all flags.
    pub kind: FlagKind,
    /// Keys of the flags, in the order in which they draw on the budget.
    pub keys: Vec<Digest>,
    /// Expiry of the flags. A flag that is set already gets the later expiry.
    pub until: Timestamp,
    /// The budget.
    pub budget: FlagBudget,
}

/// Numbers of the flags of a [`LimitedFlags`] that were new, and that were refused. The rest were
/// set already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlagsSet {
    /// Flags that were not set before.
    pub new: u32,
    /// Flags that are not set, because the budget did not allow them.
    pub refused: usize,
}

/// Number of new flags that may be set before a counter expires.
#[derive(Debug, Clone, Copy)]
pub struct FlagBudget {
    /// Kind of the counter that has the number of new flags.
    pub kind: CounterKind,
    /// Key of the counter.
    pub key: Digest,
    /// Current time. An expired counter starts again.
    pub now: Timestamp,
    /// Expiry of the counter.
    pub until: Timestamp,
    /// Maximum of the counter.
    pub max: u32,
}
