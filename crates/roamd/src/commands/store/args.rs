//! Arguments that select a store, a user and this client.

use std::path::{Path, PathBuf};

use clap::Args;
use roamd_store_client::{Credentials, LaunchParams, StoreClient, StoreUrl};
use url::Url;

use crate::commands::authorities::trusting;
use crate::commands::password::{is_password_given, read_password};
use crate::commands::profiles::{Profile, ProfileName, Profiles, SignInFile};
use crate::exit_code::{NotSignedIn, UsageError};
use crate::output;

/// The store, the user who signs in, and the identity of this client.
#[derive(Debug, Args)]
pub(in crate::commands) struct StoreArgs {
    /// Address of the store, such as https://store.example.net/Citrix/Store [default: that of the
    /// last `roamd login`]. A host, the address of its site for browsers (StoreWeb) or of its
    /// discovery document, and that for old clients (PNAgent/config.xml) work too.
    #[arg(long, value_name = "URL", env = "ROAMD_STORE")]
    store: Option<StoreUrl>,
    /// User: 'DOMAIN\name' or name@domain [default: that of the last `roamd login` at the store].
    /// If this user is not signed in, the password is read from ROAMD_PASSWORD, or asked for on a
    /// terminal, and the command signs out at its end.
    #[arg(long, value_name = "NAME", value_parser = parse_name, env = "ROAMD_USER",
          requires = "store")]
    user: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long, requires = "user")]
    password_stdin: bool,
    /// Use the sign-in of this profile of `roamd login`, whatever --store and --user are.
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Certificate authorities of the store, in PEM, instead of those of the system.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Name of this client [default: the host name].
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    client_name: Option<String>,
    /// Device id of this client; farms then match sessions by it and not by the client name.
    #[arg(long, value_name = "ID", value_parser = parse_name)]
    pub(in crate::commands) device_id: Option<String>,
}

/// A store, and how a command signs in there.
enum Account {
    /// With a password, for this command only.
    Password { store: StoreUrl, user: String },
    /// With the sign-in of `roamd login`.
    SignedIn(Profile),
}

impl StoreArgs {
    /// Checks that a URL is one of the store.
    ///
    /// # Errors
    /// If its scheme, host or port is another one: the user would sign in there.
    pub(in crate::commands) fn check_origin(&self, url: &Url) -> anyhow::Result<()> {
        let account = self.account()?;
        let store = account.store();
        if store.has_origin_of(url) {
            return Ok(());
        }
        let origin = url.origin().ascii_serialization();
        Err(UsageError(format!(
            "{} is not a URL of the store {store}, and the command would sign in at {}; pass the \
             id of the session, or the store of the URL with --store",
            output::printable(url.as_str()),
            output::printable(&origin),
        ))
        .into())
    }

    /// Runs `work` with a client of the store.
    ///
    /// Without a sign-in of `roamd login` it reads the password, and signs out at the end: this
    /// destroys the token, so that it is of no use to an attacker.
    pub(in crate::commands) async fn with_client<T>(
        &self,
        work: impl AsyncFnOnce(&mut StoreClient) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let account = self.account()?;
        let mut client = match &account {
            Account::Password { store, user } => {
                let store = store.clone();
                password_client(store, user, self.password_stdin, self.ca_file.as_deref())?
            }
            Account::SignedIn(profile) => profile.client(self.ca_file.as_deref()).await?,
        };
        let result = work(&mut client).await;
        if let Some(url) = client.found_elsewhere() {
            output::print_message(format_args!("The store is at {url}"));
        }
        match account {
            Account::Password { .. } => {
                client.sign_out().await;
                result
            }
            Account::SignedIn(profile) => result.map_err(|error| profile.explain(error)),
        }
    }

    /// Finds the store and the user. A password that is given wins over a sign-in, and a sign-in
    /// over a question for the password.
    ///
    /// # Errors
    /// If there is no store or no user, or the profiles cannot be read.
    fn account(&self) -> anyhow::Result<Account> {
        let given = match (&self.profile, &self.store, &self.user) {
            (None, Some(store), Some(user)) => Some(Account::Password {
                store: store.clone(),
                user: user.clone(),
            }),
            _ => None,
        };
        if is_password_given(self.password_stdin)
            && let Some(account) = given
        {
            return Ok(account);
        }
        let profiles = Profiles::read()?;
        let profile = match &self.profile {
            Some(name) => Some(profiles.named(name)?),
            None => profiles.latest(self.store.as_ref(), self.user.as_deref()),
        };
        match (profile, given) {
            (Some(profile), Some(account)) => Ok(match SignInFile::of(&profile.name)?.exists() {
                true => Account::SignedIn(profile.clone()),
                false => account,
            }),
            (Some(profile), None) => Ok(Account::SignedIn(profile.clone())),
            (None, Some(account)) => Ok(account),
            (None, None) => Err(self.not_signed_in().into()),
        }
    }

    fn not_signed_in(&self) -> NotSignedIn {
        let advice = "or pass --store and --user";
        NotSignedIn(match &self.store {
            Some(store) => {
                let store = store.most_likely();
                format!("not signed in to {store}; run `roamd login --store {store}`, {advice}")
            }
            None => format!("not signed in to a store; run `roamd login --store URL`, {advice}"),
        })
    }

    /// Returns the name of this client: the argument, or the host name.
    pub(in crate::commands) fn client_name(&self) -> String {
        self.client_name.clone().unwrap_or_else(|| {
            let host = gethostname::gethostname();
            parse_name(&host.to_string_lossy()).unwrap_or_else(|_| "roamd".into())
        })
    }

    /// Returns what farms match connected sessions by: the device id, or else the client name
    /// (SS-19).
    pub(in crate::commands) fn end_point(&self) -> String {
        match &self.device_id {
            Some(device_id) => format!("device {device_id}"),
            None => format!("client {}", self.client_name()),
        }
    }

    /// Returns the launch parameters of this client.
    pub(in crate::commands) fn launch_params(&self) -> LaunchParams {
        LaunchParams {
            client_name: Some(self.client_name()),
            device_id: self.device_id.clone(),
            ..LaunchParams::default()
        }
    }
}

impl Account {
    fn store(&self) -> &StoreUrl {
        match self {
            Self::Password { store, .. } => store,
            Self::SignedIn(profile) => &profile.store,
        }
    }
}

/// Reads the password of a user, and returns a client that signs in with it. Warns first if other
/// machines could read the password on its way.
///
/// # Errors
/// If there is no password, or the file of authorities is not valid.
pub(in crate::commands) fn password_client(
    store: StoreUrl,
    user: &str,
    password_stdin: bool,
    ca_file: Option<&Path>,
) -> anyhow::Result<StoreClient> {
    if store.is_in_the_clear() {
        output::print_message(format_args!(
            "Warning: {} is plain HTTP, so that others on the network can read the password; use \
             an https:// address if the store has one.",
            store.most_likely()
        ));
    }
    let credentials = Credentials {
        user_name: user.to_owned(),
        password: read_password(password_stdin, user)?,
    };
    trusting(StoreClient::new(store, credentials), ca_file)
}

/// Parses a name given as an argument: one line of text.
pub(in crate::commands) fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or contain control characters".into());
    }
    Ok(name.into())
}
