//! `roamd logout`.

use clap::Args;

use super::profiles::{Profile, ProfileName, Profiles, SignInFile, lock};
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
        let profiles = Profiles::read()?;
        let profiles: Vec<&Profile> = match &self.profile {
            Some(name) => vec![profiles.named(name)?],
            None if self.all => profiles.iter().collect(),
            None => profiles.latest(None, None).into_iter().collect(),
        };
        if profiles.is_empty() {
            output::print_message("Not signed in to a store.");
            return Ok(Exit::Done);
        }
        let _lock = lock()?;
        let mut exit = Exit::Done;
        for profile in profiles {
            exit = match sign_out(profile)? {
                Exit::Done => exit,
                other => other,
            };
        }
        Ok(exit)
    }
}

/// Ends the sign-in of a profile here, and at the store if it can be reached.
///
/// # Errors
/// If a file cannot be read or removed.
fn sign_out(profile: &Profile) -> anyhow::Result<Exit> {
    let store = profile.store.most_likely();
    let file = SignInFile::of(&profile.name)?;
    if !file.exists() {
        output::print_message(format_args!("Not signed in to {store}."));
        return Ok(Exit::Done);
    }
    let ended = match profile.client_to_end(&file) {
        Ok(Some(mut client)) => block_on(async { Ok(client.end_sign_ins().await?) }),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    file.remove()?;
    match ended {
        Ok(()) => {
            output::print_message(format_args!("Signed out of {store}."));
            Ok(Exit::Done)
        }
        Err(error) => {
            let problem = format!("{error:#}; the token is valid until it expires");
            output::print_failure(format_args!(
                "Signed out of {store} on this machine only: {problem}"
            ));
            Ok(Exit::Partial)
        }
    }
}
