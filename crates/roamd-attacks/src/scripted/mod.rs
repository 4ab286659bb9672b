//! Attackers of our own: what a botnet, a signed-in user and a hostile farm can do to others, at
//! the listener of the server and at that of an embedded farm.
//!
//! For each attack a new server and a new controller of the farm are started. Other users list
//! sessions, sign in, ask for the health of the server, and use the farm, first alone, then during
//! the attack, and after it.

mod attack;
mod attacker_runtime;
mod attackers;
mod farm_requests;
mod frames;
mod handshakes;
mod hostile_farm;
mod http2;
mod report;
mod slow_farm;
mod sources;
mod tally;
mod target;
mod victims;

pub(crate) use report::{ScriptedAttack, attack_all, table};
pub(crate) use sources::Sources;
