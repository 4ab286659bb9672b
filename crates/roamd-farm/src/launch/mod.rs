//! Launches: the rules of a launch, applied to the database.
//!
//! [`placement`] serves an address request; [`redemption`] redeems the logon ticket when the
//! client connects to the host. The state may change between the two, so redemption checks the same
//! rules again, in the transaction that starts the session.

mod admission;
pub(crate) mod placement;
pub(crate) mod redemption;
