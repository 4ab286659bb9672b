//! The authentication service: protocols, token service and explicit forms (citrixauth.md §2, §4,
//! §5).

pub(super) mod attempt;
pub(super) mod conversation;
mod form_writer;
pub(super) mod forms;
mod messages;
mod password_change;
pub(super) mod protocols;
pub(super) mod tokens;
