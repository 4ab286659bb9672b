//! What the commands that are clients of a store have in common.

pub(super) mod password;

use clap::Args;
use roamd_store_client::{Credentials, EnumerationStatus, LaunchParams, StoreClient, StoreUrl};

use crate::exit::Exit;
use crate::output;

/// Which store, who, and from where.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// Address of the store, such as https://store.example.net/Citrix/Store.
    #[arg(long, value_name = "URL", env = "ROAMD_STORE")]
    store: StoreUrl,
    /// Who signs in: 'DOMAIN\name', or name@domain. The password is asked for on a terminal, or
    /// read from ROAMD_PASSWORD.
    #[arg(long, value_name = "NAME", value_parser = name, env = "ROAMD_USER")]
    user: String,
    /// Read the password from one line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Name of this client [default: the name of this machine].
    #[arg(long, value_name = "NAME", value_parser = name)]
    client_name: Option<String>,
    /// Identifies this device; takes the place of the client name.
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(super) device_id: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl StoreArgs {
    /// Asks for the password, does something as a client of the store, and signs out, so that no token
    /// is left behind that is of use to others.
    pub(super) async fn as_client<T>(
        &self,
        work: impl AsyncFnOnce(&mut StoreClient) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut client = self.client()?;
        let done = work(&mut client).await;
        client.sign_out().await;
        done
    }

    fn client(&self) -> anyhow::Result<StoreClient> {
        let password = password::read(self.password_stdin, &self.user)?;
        let credentials = Credentials {
            user_name: self.user.clone(),
            password,
        };
        Ok(StoreClient::new(self.store.clone(), credentials))
    }

    /// Name of this client.
    pub(super) fn client_name(&self) -> String {
        self.client_name.clone().unwrap_or_else(|| {
            let host = gethostname::gethostname();
            name(&host.to_string_lossy()).unwrap_or_else(|_| "roamd".into())
        })
    }

    /// What the client says of itself when it launches.
    pub(super) fn launch_params(&self) -> LaunchParams {
        LaunchParams {
            client_name: Some(self.client_name()),
            device_id: self.device_id.clone(),
            ..LaunchParams::default()
        }
    }
}

/// How a list of such things ends, by how complete it is.
pub(super) fn enumeration_exit(enumeration: EnumerationStatus, things: &str) -> Exit {
    match enumeration {
        EnumerationStatus::Full => Exit::Done,
        EnumerationStatus::Partial => {
            output::note(format_args!(
                "Some farms did not answer; {things} on them are not in this list."
            ));
            Exit::Partial
        }
        EnumerationStatus::Failed => {
            output::note("No farm answered; try again later.");
            Exit::Failed
        }
    }
}

/// A name as an argument: one line of text.
fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or have control characters".into());
    }
    Ok(name.into())
}
