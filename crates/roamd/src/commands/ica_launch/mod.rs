//! Launches: from launch URLs to ICA files, several at a time.
//!
//! `roamd apps launch`, `roamd sessions launch` and `roamd sessions roam` share this.

mod args;
mod ica_files;
mod launch_all;
mod launch_json;
mod opener;
mod plan;
mod print;
mod progress;
mod result;
mod target;

pub(super) use self::args::LaunchArgs;
pub(super) use self::ica_files::IcaFiles;
pub(super) use self::launch_all::launch_all;
pub(super) use self::launch_json::print_launches;
pub(super) use self::plan::print_plan;
pub(super) use self::print::launch_and_print;
pub(super) use self::result::{LaunchResult, exit_of_launches};
pub(super) use self::target::LaunchTarget;
