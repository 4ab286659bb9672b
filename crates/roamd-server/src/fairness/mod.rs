//! Budgets of parties, turns of strangers, and the parties of writes to the shared state.
//! `roamd-fairness` has the semaphores and the limits on rates.

pub(crate) mod budgets;
pub(crate) mod parties;
pub(crate) mod strangers;
