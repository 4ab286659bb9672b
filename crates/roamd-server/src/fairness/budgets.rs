//! Budgets of parties: how much of a resource each of them may use.

/// A user: tokens that are ended one by one in a day (UTC). Beyond that, ending a token ends all
/// sign-ins of the user up to then, which takes no more memory. Several people may share an
/// account, and each sign-out ends two tokens.
pub(crate) const ENDED_TOKENS_PER_USER_AND_DAY: u32 = 20_000;

/// A user: new logon tickets that are invalidated in a day (UTC). Beyond that, a disconnect or log
/// off with new tickets is not a success.
pub(crate) const INVALIDATED_TICKETS_PER_USER_AND_DAY: u32 = 20_000;
