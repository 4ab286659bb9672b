//! Decisions of a farm: pure functions from data to data. Time is an argument.

pub(crate) mod account_access;
pub(crate) mod account_lockout;
pub(crate) mod generation_behaviour;
pub(crate) mod host_choice;
pub(crate) mod launch_limits;
pub(crate) mod nfuse_errors;
pub(crate) mod password_policy;
pub(crate) mod request_refusal;
pub(crate) mod session_selection;
pub(crate) mod session_sharing;
pub(crate) mod ticket_lifetime;
pub(crate) mod type_filters;
pub(crate) mod world_check;
