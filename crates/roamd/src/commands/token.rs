//! `roamd token`.

use clap::Args;
use secrecy::ExposeSecret;

use super::saved_sign_ins::{ProfileName, Profiles};
use crate::exit_code::{Exit, NotSignedIn};
use crate::output;
use crate::runtime::block_on;

/// Prints a token of the store that `roamd login` has signed in to, for requests with curl.
///
/// The token opens the services of the store as you, until it expires or `roamd logout` ends the
/// sign-in. Do not put it in an argument: other users of the machine can see those.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd token --profile work\n  \
                  roamd token --header | curl -H @- \"$ROAMD_STORE/resources/v2\"")]
pub(crate) struct TokenCommand {
    /// Profile of the store [default: the one that was last signed in].
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Print the whole header, `Authorization: CitrixAuth TOKEN`.
    #[arg(long)]
    header: bool,
}

impl TokenCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let profiles = Profiles::read()?;
        let profile = profiles.select(self.profile.as_ref(), None, None)?;
        let profile = profile.ok_or_else(|| {
            let text = "not signed in to a store; run `roamd login --store URL`";
            NotSignedIn(text.to_owned())
        })?;
        let token = block_on(async {
            let mut client = profile.client(None).await?;
            let token = client.token().await;
            match token {
                Err(error) => Err(profile.explain(error.into(), &client).await),
                Ok(token) => Ok(token),
            }
        })?;
        let prefix = match self.header {
            true => "Authorization: CitrixAuth ",
            false => "",
        };
        output::print_line(format_args!("{prefix}{}", token.expose_secret()))?;
        Ok(Exit::Done)
    }
}
