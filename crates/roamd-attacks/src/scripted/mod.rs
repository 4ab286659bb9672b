//! Attackers of our own: what a botnet, a signed-in user and a hostile farm can do to others.
//!
//! For each attack a new server is started. Other users list sessions, sign in and ask for its
//! health, first alone, then during the attack, and after it.

mod attack;
mod attackers;
mod hostile_farm;
mod report;
mod sources;
mod target;
mod victims;

pub(crate) use report::{ScriptedAttack, attack_all, table};
pub(crate) use sources::Sources;
