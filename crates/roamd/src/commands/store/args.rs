//! Arguments that select a store, a user and this client.

use std::path::{Path, PathBuf};

use clap::Args;
use roamd_store_client::{Credentials, LaunchParams, StoreClient, StoreUrl};
use url::Url;

use super::account_variables::AccountVariables;
use super::connection::Connection;
use super::one_line::{parse_client_name, parse_name};
use crate::commands::authorities::trusting;
use crate::commands::password::{is_password_given, read_password};
use crate::commands::saved_sign_ins::{Profile, ProfileName, Profiles, SignInFile, SignInKeeper};
use crate::exit_code::{NotSignedIn, UsageError};
use crate::output;

/// The store, the user who signs in, and the identity of this client.
#[derive(Debug, Args)]
pub(in crate::commands) struct StoreArgs {
    /// Address of the store, such as https://store.example.net/Citrix/Store [default: that of the
    /// last `roamd login`]. A host, the address of its site for browsers (StoreWeb) or of its
    /// discovery document, and that for old clients (PNAgent/config.xml) work too.
    /// [env: ROAMD_STORE]
    #[arg(long, value_name = "URL", conflicts_with = "profile")]
    store: Option<StoreUrl>,
    /// User: 'DOMAIN\name' or name@domain [default: that of the last `roamd login` at the store].
    /// With a store, a user and a password in ROAMD_PASSWORD or --password-stdin, the command signs
    /// in by itself and signs out at its end. Without a password, it uses the sign-in of `roamd
    /// login`, or else asks for a password on a terminal. [env: ROAMD_USER]
    #[arg(long, value_name = "NAME", value_parser = parse_name, conflicts_with = "profile")]
    user: Option<String>,
    /// Read the password from the first line of standard input, not from ROAMD_PASSWORD.
    #[arg(long, conflicts_with = "profile")]
    password_stdin: bool,
    /// Use the sign-in of this profile of `roamd login`, without --store and --user.
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Certificate authorities of the store, in PEM, instead of those of the system.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Name of this client [default: the host name].
    #[arg(long, value_name = "NAME", value_parser = parse_client_name)]
    client_name: Option<String>,
    /// Device id of this client; farms then match sessions by it and not by the client name.
    #[arg(long, value_name = "ID", value_parser = parse_client_name)]
    pub(in crate::commands) device_id: Option<String>,
}

/// A store, and how a command gets access to it.
enum Access {
    /// With a password, for this command only.
    Password { store: StoreUrl, user: String },
    /// With the sign-in of `roamd login`.
    SignedIn(Profile),
}

impl StoreArgs {
    /// Checks that a URL is one of the store.
    ///
    /// # Errors
    /// If its scheme, host or port is another one. Nothing is sent there.
    pub(in crate::commands) fn check_origin(&self, url: &Url) -> anyhow::Result<()> {
        let access = self.access()?;
        let store = access.store();
        if store.has_origin_of(url) {
            return Ok(());
        }
        Err(UsageError(format!(
            "{} is not a URL of the store {store}; pass the id of the session, or the store of the \
             URL with --store",
            output::printable(url.as_str()),
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
        self.with_connection(async |connection| work(&mut connection.client).await)
            .await
    }

    /// Like [`with_client`](Self::with_client), for work that takes longer than a sign-in lasts.
    pub(in crate::commands) async fn with_connection<T>(
        &self,
        work: impl AsyncFnOnce(&mut Connection) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let ca_file = self.ca_file.as_deref();
        let mut connection = match self.access()? {
            Access::Password { store, user } => Connection {
                client: password_client(store, &user, self.password_stdin, ca_file)?,
                keeper: None,
            },
            Access::SignedIn(profile) => Connection {
                client: profile.client(ca_file).await?,
                keeper: Some(SignInKeeper::new(profile)),
            },
        };
        let result = work(&mut connection).await;
        let Connection { mut client, keeper } = connection;
        if let Some(url) = client.found_elsewhere() {
            output::print_message(format_args!("The store is at {url}"));
        }
        match keeper {
            Some(keeper) => match result {
                Err(error) => Err(keeper.profile().explain(error, &client).await),
                done => done,
            },
            None => {
                client.sign_out().await;
                result
            }
        }
    }

    /// Finds the store and the user. A password that is given wins over a sign-in, and a sign-in
    /// over a question for the password. With `--profile`, the environment has no effect.
    ///
    /// # Errors
    /// If there is no store or no user, a variable of the environment cannot be used, or the
    /// profiles cannot be read.
    fn access(&self) -> anyhow::Result<Access> {
        let variables = match &self.profile {
            None => AccountVariables::read()?,
            Some(_) => AccountVariables::default(),
        };
        let store = self.store.as_ref().or(variables.store.as_ref());
        let user = self.user.as_deref().or(variables.user.as_deref());
        let given = store.zip(user).map(|(store, user)| Access::Password {
            store: store.clone(),
            user: user.to_owned(),
        });
        match given {
            Some(access) if is_password_given(self.password_stdin) => return Ok(access),
            None if self.password_stdin => {
                let text = "--password-stdin is for a new sign-in; add --store <URL> and --user \
                            <NAME>, or leave it out to use a saved sign-in";
                return Err(UsageError(text.to_owned()).into());
            }
            _ => {}
        }
        let profiles = Profiles::read()?;
        let profile = profiles.select(self.profile.as_ref(), store, user)?;
        match (profile, given) {
            (Some(profile), Some(access)) => Ok(match SignInFile::of(&profile.name)?.exists() {
                true => Access::SignedIn(profile.clone()),
                false => access,
            }),
            (Some(profile), None) => Ok(Access::SignedIn(profile.clone())),
            (None, Some(access)) => Ok(access),
            (None, None) if self.user.is_some() => Err(UsageError(format!(
                "{} is not signed in to a store; add --store <URL>",
                user.unwrap_or_default()
            ))
            .into()),
            (None, None) => Err(not_signed_in(store, user).into()),
        }
    }

    /// Returns the name of this client: the argument, or the host name.
    pub(in crate::commands) fn client_name(&self) -> String {
        self.client_name.clone().unwrap_or_else(host_name)
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

impl Access {
    fn store(&self) -> &StoreUrl {
        match self {
            Self::Password { store, .. } => store,
            Self::SignedIn(profile) => &profile.store,
        }
    }
}

/// Explains that neither a sign-in nor a store with a user is known.
fn not_signed_in(store: Option<&StoreUrl>, user: Option<&str>) -> NotSignedIn {
    let (at, url) = match store {
        Some(store) => (store.most_likely().as_str(), store.most_likely().as_str()),
        None => ("a store", "URL"),
    };
    let who = user.map(|user| format!(" as {user}")).unwrap_or_default();
    NotSignedIn(format!(
        "not signed in to {at}{who}; run `roamd login --store {url}`, or pass --store and --user"
    ))
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
    warn_of_plain_http(&store);
    let credentials = Credentials {
        user_name: user.to_owned(),
        password: read_password(password_stdin, user)?,
    };
    trusting(StoreClient::new(store, credentials), ca_file)
}

/// Warns if other machines could read a password on its way to a store.
pub(in crate::commands) fn warn_of_plain_http(store: &StoreUrl) {
    if store.is_in_the_clear() {
        output::print_message(format_args!(
            "Warning: {} is plain HTTP, so that others on the network can read the password; use \
             an https:// address if the store has one.",
            store.most_likely()
        ));
    }
}

/// Returns the host name, which is the name of a client without another one.
pub(in crate::commands) fn host_name() -> String {
    let host = gethostname::gethostname();
    parse_client_name(&host.to_string_lossy()).unwrap_or_else(|_| "roamd".into())
}
