//! Arguments that select a store, a user and this client.

use clap::Args;
use roamd_store_client::{Credentials, LaunchParams, StoreClient, StoreUrl};
use url::Url;

use crate::commands::password::read_password;
use crate::exit_code::UsageError;
use crate::output;

/// The store, the user who signs in, and the identity of this client.
#[derive(Debug, Args)]
pub(in crate::commands) struct StoreArgs {
    /// Address of the store, such as https://store.example.net/Citrix/Store. A host, the address of
    /// its site for browsers (StoreWeb) or of its discovery document, and that for old clients
    /// (PNAgent/config.xml) work too.
    #[arg(long, value_name = "URL", env = "ROAMD_STORE")]
    store: StoreUrl,
    /// User to sign in: 'DOMAIN\name' or name@domain. The password is read from ROAMD_PASSWORD, or
    /// asked for on a terminal.
    #[arg(long, value_name = "NAME", value_parser = parse_name, env = "ROAMD_USER")]
    user: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Name of this client [default: the host name].
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    client_name: Option<String>,
    /// Device id of this client; farms then match sessions by it and not by the client name.
    #[arg(long, value_name = "ID", value_parser = parse_name)]
    pub(in crate::commands) device_id: Option<String>,
}

impl StoreArgs {
    /// Checks that a URL is one of the store.
    ///
    /// # Errors
    /// If its scheme, host or port is another one: the user would sign in there.
    pub(in crate::commands) fn check_origin(&self, url: &Url) -> Result<(), UsageError> {
        if self.store.has_origin_of(url) {
            return Ok(());
        }
        let (origin, store) = (url.origin().ascii_serialization(), &self.store);
        Err(UsageError(format!(
            "{} is not a URL of the store {store}, and the password would be sent to {}; pass the \
             id of the session, or the store of the URL with --store",
            output::printable(url.as_str()),
            output::printable(&origin),
        )))
    }

    /// Reads the password, runs `work` with a client of the store, and signs out.
    ///
    /// Signing out destroys the token, so that it is of no use to an attacker.
    pub(in crate::commands) async fn with_client<T>(
        &self,
        work: impl AsyncFnOnce(&mut StoreClient) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut client = self.client()?;
        let result = work(&mut client).await;
        if let Some(url) = client.found_elsewhere() {
            output::print_message(format_args!("The store is at {url}"));
        }
        client.sign_out().await;
        result
    }

    fn client(&self) -> anyhow::Result<StoreClient> {
        let password = read_password(self.password_stdin, &self.user)?;
        let credentials = Credentials {
            user_name: self.user.clone(),
            password,
        };
        Ok(StoreClient::new(self.store.clone(), credentials))
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

/// Parses a name given as an argument: one line of text.
fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or contain control characters".into());
    }
    Ok(name.into())
}
