//! Authentication: password checks, login throttling, revocation, retry keys, and writes of
//! strangers.

pub(crate) mod login_throttle;
pub(crate) mod password_checks;
pub(crate) mod retry_key;
pub(crate) mod revocation;
pub(crate) mod user_blocks;
