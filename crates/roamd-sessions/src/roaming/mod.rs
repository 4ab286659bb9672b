//! Roaming policy of a store (SS-71).

mod policy;
mod sid;

pub use policy::{
    Roaming, RoamingClient, RoamingException, RoamingPolicy, RoamingRule, RoamingUser, RuleSource,
};
pub use sid::{Sid, SidError};
