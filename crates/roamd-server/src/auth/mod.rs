//! Authentication: password checks, login throttling, revocation, tokens of recent requests, ids
//! that are used once, and retry keys.

pub(crate) mod login_throttle;
pub(crate) mod once_id;
pub(crate) mod password_checks;
pub(crate) mod recent_tokens;
pub(crate) mod retry_key;
pub(crate) mod revocation;
pub(crate) mod user_blocks;
