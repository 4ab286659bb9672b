//! `roamd login`.

use std::path::{self, PathBuf};

use anyhow::Context;
use clap::Args;
use roamd_store_client::{SignIn, StoreClient, StoreUrl};

use super::saved_sign_ins::{Profile, ProfileName, Profiles, SavedSignIn, SignInFile, lock};
use super::store::{AccountVariables, parse_name, password_client};
use super::terminal;
use crate::exit_code::{Exit, UsageError};
use crate::output;
use crate::runtime::block_on;

/// Signs in to a store, so that other commands need no address, user and password.
///
/// Saves a token, never the password, in a file that only you can read. Each store has a profile;
/// commands use the one that was last signed in, or that of --profile. `roamd logout` ends the
/// sign-in.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd login --store store.example.net \
                  --user 'LAB\\ada'\n  roamd login --profile work \
                  --store store.example.net --user 'LAB\\ada'")]
pub(crate) struct LoginCommand {
    /// Address of the store, as for `roamd sessions list` [default: that of the profile].
    /// [env: ROAMD_STORE]
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,
    /// User: 'DOMAIN\name' or name@domain [default: that of the profile]. The password is read from
    /// ROAMD_PASSWORD, or asked for on a terminal. [env: ROAMD_USER]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    user: Option<String>,
    /// Read the password from the first line of standard input, not from ROAMD_PASSWORD.
    #[arg(long)]
    password_stdin: bool,
    /// Name of the profile [default: the host of the store].
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Certificate authorities of the store, in PEM, instead of those of the system. The profile
    /// remembers the file.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl LoginCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        block_on(self.sign_in())
    }

    async fn sign_in(self) -> anyhow::Result<Exit> {
        let mut profile = self.profile()?;
        let (store, ca_file) = (profile.store.clone(), profile.ca_file.as_deref());
        let mut client = password_client(store, &profile.user, self.password_stdin, ca_file)?;
        let sign_in = client.sign_in().await?;
        if let Some(url) = client.found_at() {
            profile.store = url.as_str().parse()?;
        }
        match save(&profile, &sign_in).await {
            Ok(Some(mut replaced)) => replaced.sign_out().await,
            Ok(None) => {}
            Err(error) => {
                client.sign_out().await;
                return Err(error);
            }
        }
        output::print_message(format_args!(
            "Signed in to {} as {}, with the profile {}. The token is valid until {:.0}; commands \
             extend this as far as the store allows.",
            profile.store.most_likely(),
            profile.user,
            profile.name,
            sign_in.expiry,
        ));
        Ok(Exit::Done)
    }

    /// Returns the profile to sign in. What the arguments leave out comes from a known profile of
    /// the same store, or from the terminal. The environment counts as an argument, unless
    /// `--profile` names a known profile, which it must not change.
    fn profile(&self) -> anyhow::Result<Profile> {
        let profiles = Profiles::read()?;
        let named = self.profile.as_ref().and_then(|it| profiles.find(it));
        let variables = match named {
            Some(_) => AccountVariables::default(),
            None => AccountVariables::read()?,
        };
        let store = self.store.as_ref().or(variables.store.as_ref());
        let user = self.user.as_deref().or(variables.user.as_deref());
        let known = match &self.profile {
            Some(_) => named,
            None => profiles.select(None, store, user)?,
        };
        let known = known.filter(|known| store.is_none_or(|it| known.is_of(it)));
        let store = match (store, known) {
            (Some(store), _) => store.clone(),
            (None, Some(known)) => known.store.clone(),
            (None, None) => ask("Address of the store:", "--store")?
                .parse()
                .map_err(|error| UsageError(format!("the address of the store {error}")))?,
        };
        let user = match (user, known) {
            (Some(user), _) => user.to_owned(),
            (None, Some(known)) => known.user.clone(),
            (None, None) => {
                let user = ask("User, such as DOMAIN\\name:", "--user")?;
                parse_name(&user).map_err(|error| UsageError(format!("the user {error}")))?
            }
        };
        let ca_file = match &self.ca_file {
            // Absolute, because other commands run in other folders.
            Some(file) => Some(path::absolute(file).context("cannot find --ca-file")?),
            None => known.and_then(|known| known.ca_file.clone()),
        };
        let same_account = profiles.select(None, Some(&store), Some(&user))?;
        let name = match (&self.profile, same_account) {
            (Some(name), _) => name.clone(),
            (None, Some(profile)) => profile.name.clone(),
            (None, None) => ProfileName::of_store(&store),
        };
        Ok(Profile {
            name,
            store,
            user,
            ca_file,
        })
    }
}

/// Saves a sign-in and its profile. Returns a client with the sign-in that it replaces, which is to
/// be ended.
///
/// # Errors
/// If a file cannot be written, or the profiles cannot be read.
async fn save(profile: &Profile, sign_in: &SignIn) -> anyhow::Result<Option<StoreClient>> {
    let _lock = lock().await?;
    let mut profiles = Profiles::read()?;
    let file = SignInFile::of(&profile.name)?;
    let replaced = profiles.find(&profile.name);
    let replaced = replaced.and_then(|known| client_to_replace(known, profile, &file));
    file.write(&SavedSignIn::new(sign_in.clone()))?;
    profiles.put_first(profile.clone());
    profiles.write()?;
    Ok(replaced)
}

/// Returns a client that can end the sign-in of a known profile, which another one replaces.
/// Returns `None` if there is none, or it cannot be used: what is wrong with the old one must not
/// prevent the new one.
fn client_to_replace(known: &Profile, by: &Profile, file: &SignInFile) -> Option<StoreClient> {
    let is_same_store = known.store == by.store;
    let ca_file = by.ca_file.as_deref().filter(|_| is_same_store);
    let client = known.client_to_end(file, ca_file);
    client.unwrap_or_else(|error| {
        output::print_message(format_args!(
            "Cannot end the earlier sign-in of the profile {}, whose token is valid until it \
             expires: {error:#}",
            known.name,
        ));
        None
    })
}

/// Asks for a value on the terminal.
///
/// # Errors
/// If there is no terminal: the argument that has the value is missing.
fn ask(question: &str, argument: &str) -> anyhow::Result<String> {
    if !terminal::can_ask() {
        return Err(UsageError(format!(
            "{argument} is missing, and there is no terminal to ask for it"
        ))
        .into());
    }
    Ok(terminal::ask(question)?)
}
