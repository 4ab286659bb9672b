#![doc = include_str!("../README.md")]

mod farms;
mod group;
mod network;
mod run;

pub use farms::run;
pub use group::run_group;
pub use run::SimulationResult;
