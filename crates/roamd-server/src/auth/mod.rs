//! Authentication: callers, password checks, login throttling, revocation, retry keys.

pub(crate) mod caller;
pub(crate) mod login_throttle;
pub(crate) mod password_check;
pub(crate) mod retry_key;
pub(crate) mod revocation;
