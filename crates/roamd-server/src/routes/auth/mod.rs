//! The authentication service: protocols, token service and explicit forms (citrixauth.md §2, §4,
//! §5).

mod conversation;
pub(super) mod forms;
mod messages;
mod password_change;
pub(super) mod protocols;
pub(super) mod tokens;
