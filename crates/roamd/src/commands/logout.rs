//! `roamd logout`.

use clap::Args;

use super::saved_sign_ins::{Profile, ProfileName, Profiles, lock, sign_out};
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;

/// Ends the sign-in of `roamd login`.
///
/// Destroys the token at the store and removes it from this machine. The profile remains, so that
/// `roamd login` needs only the password.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd logout\n  roamd logout --all")]
pub(crate) struct LogoutCommand {
    /// Profile to sign out [default: the one that was last signed in].
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Sign out all profiles.
    #[arg(long, conflicts_with = "profile")]
    all: bool,
}

impl LogoutCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(self.sign_out())
    }

    async fn sign_out(self) -> anyhow::Result<Exit> {
        let _lock = lock().await?;
        let profiles = Profiles::read()?;
        let profiles: Vec<&Profile> = match self.all {
            true => profiles.iter().collect(),
            false => match &self.profile {
                Some(name) => vec![profiles.named(name)?],
                None => profiles.iter().take(1).collect(),
            },
        };
        if profiles.is_empty() {
            output::print_message("Not signed in to a store.");
        }
        let mut exit = Exit::Done;
        for profile in profiles {
            exit = match sign_out(profile).await? {
                Exit::Done => exit,
                other => other,
            };
        }
        Ok(exit)
    }
}
