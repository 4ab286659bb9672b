//! `roamd profiles remove`.

use clap::Args;

use crate::commands::saved_sign_ins::{ProfileName, Profiles, lock, sign_out};
use crate::exit_code::Exit;
use crate::output;

/// Removes profiles, and ends their sign-ins.
///
/// Destroys the token at the store, as `roamd logout` does. Use it to forget a store, a user or a
/// --ca-file.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  roamd profiles remove work")]
pub(super) struct RemoveProfiles {
    /// Names of the profiles, as `roamd profiles list` prints them.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<ProfileName>,
}

impl RemoveProfiles {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let _lock = lock().await?;
        let mut profiles = Profiles::read()?;
        // Before the first is removed, so that a typing error removes nothing.
        for name in &self.names {
            profiles.named(name)?;
        }
        let mut exit = Exit::Done;
        for name in &self.names {
            let Some(profile) = profiles.remove(name) else {
                continue;
            };
            if sign_out(&profile).await? != Exit::Done {
                exit = Exit::Partial;
            }
            profiles.write()?;
            output::print_message(format_args!("Removed the profile {name}."));
        }
        Ok(exit)
    }
}
