//! Who may do what: password checks, login throttling, spent tickets and retry keys.

pub(crate) mod login_throttle;
pub(crate) mod password_check;
pub(crate) mod retry_key;
pub(crate) mod tickets;
