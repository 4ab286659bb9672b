//! The end of a saved sign-in.

use super::list::Profile;
use super::sign_in_file::SignInFile;
use crate::exit_code::Exit;
use crate::output;

/// Ends the sign-in of a profile here, and at the store if it can be reached. The caller holds the
/// [lock](super::lock()).
///
/// # Errors
/// If a file cannot be read or removed.
pub(in crate::commands) async fn sign_out(profile: &Profile) -> anyhow::Result<Exit> {
    let store = profile.store.most_likely();
    let file = SignInFile::of(&profile.name)?;
    if !file.exists() {
        output::print_message(format_args!("Not signed in to {store}."));
        return Ok(Exit::Done);
    }
    let ended = match profile.client_to_end(&file, None) {
        Ok(Some(mut client)) => client.end_sign_ins().await.map_err(anyhow::Error::from),
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
            output::print_failure(format_args!(
                "Signed out of {store} on this machine only; the token is valid until it expires: \
                 {error:#}"
            ));
            Ok(Exit::Partial)
        }
    }
}
