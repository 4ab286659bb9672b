//! `roamd sessions launch`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use roamd_store_client::StoreClient;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use super::{Selection, StoreArgs, enumeration_exit};
use crate::exit::Exit;
use crate::output;

/// Reconnects sessions: writes an ICA file for each and prints its path.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd sessions launch --app Word --store https://store.example.net/Citrix/Store --user 'LAB\\ada'"
)]
pub(super) struct Launch {
    #[command(flatten)]
    wanted: Wanted,
    /// Folder for the ICA files. They work once, for a short time.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    selection: Selection,
}

/// Which sessions.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Wanted {
    /// Id of a session, or its launch URL, as listed.
    #[arg(value_name = "SESSION-ID")]
    id: Option<String>,
    /// All sessions of an application.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// All sessions of the list.
    #[arg(long)]
    all: bool,
}

/// A session to launch.
struct Target {
    id: String,
    app: String,
    /// Beginning of the file's name.
    file: String,
    url: String,
}

/// What became of a launch, for programs.
#[derive(Serialize)]
struct Launched {
    id: String,
    app: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Launch {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        std::fs::create_dir_all(&self.output)
            .with_context(|| format!("cannot make the folder {}", self.output.display()))?;
        let mut client = self.store.client()?;
        let (targets, listed) = self.targets(&mut client).await?;
        let mut results = Vec::new();
        let mut failure = None;
        for target in targets {
            let (path, error) = match self.launch(&mut client, &target).await {
                Ok(path) => (Some(path), None),
                Err(error) => {
                    output::note(format_args!("{}: {error:#}", target.app));
                    let text = format!("{error:#}");
                    failure = Some(error);
                    (None, Some(text))
                }
            };
            if let Some(path) = path.as_ref().filter(|_| !self.store.json) {
                output::line(path.display())?;
            }
            results.push(Launched {
                id: target.id,
                app: target.app,
                path,
                error,
            });
        }
        if self.store.json {
            output::json(&results)?;
        }
        match failure {
            None => Ok(listed),
            Some(_) if results.iter().any(|result| result.path.is_some()) => Ok(Exit::Partial),
            Some(error) => Ok(Exit::from(&error)),
        }
    }

    /// The sessions that are meant, and how complete the list was that they are from.
    async fn targets(&self, client: &mut StoreClient) -> anyhow::Result<(Vec<Target>, Exit)> {
        if let Some(url) = self.wanted.id.as_ref().filter(|id| Url::parse(id).is_ok()) {
            let target = Target {
                id: String::new(),
                app: "session".into(),
                file: "session".into(),
                url: url.clone(),
            };
            return Ok((vec![target], Exit::Done));
        }
        let params = self.store.session_params(self.selection, Vec::new());
        let list = client.list(&params).await?;
        let exit = enumeration_exit(list.enumeration);
        let targets: Vec<_> = list
            .sessions
            .into_iter()
            .filter(|session| match (&self.wanted.id, &self.wanted.app) {
                (Some(id), _) => session.id == *id,
                (None, Some(app)) => session.initial_app.eq_ignore_ascii_case(app),
                (None, None) => true,
            })
            .map(|session| Target {
                id: session.id,
                app: session.initial_app,
                file: session.resource_id,
                url: session.launch_url,
            })
            .collect();
        if targets.is_empty() && exit == Exit::Done && !self.wanted.all {
            let advice = if self.selection.active {
                "list the sessions again"
            } else {
                "if it is active on another client, add --active"
            };
            anyhow::bail!("there is no such session to connect to; {advice}");
        }
        if targets.is_empty() && self.wanted.all {
            output::note("No sessions to connect to.");
        }
        Ok((targets, exit))
    }

    async fn launch(&self, client: &mut StoreClient, target: &Target) -> anyhow::Result<PathBuf> {
        let ica = client
            .launch(&target.url, &self.store.launch_params(), |not_ready| {
                let (reason, seconds) = (not_ready.reason, not_ready.wait.as_secs());
                output::note(format_args!(
                    "{}: waiting {seconds} s ({reason})",
                    target.app
                ));
            })
            .await?;
        write(&self.output, &target.file, &ica.text)
    }
}

/// Writes an ICA file under a name that is not taken, readable by its owner only.
fn write(folder: &Path, name: &str, text: &SecretString) -> anyhow::Result<PathBuf> {
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_.".contains(*c))
        .collect();
    let name = if name.starts_with('.') || name.is_empty() {
        "session"
    } else {
        &name
    };
    // Whole, so that the printed path can be used from anywhere.
    let folder = std::path::absolute(folder).context("cannot find the folder for ICA files")?;
    let mut file = tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .suffix(".ica")
        .tempfile_in(&folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    file.write_all(text.expose_secret().as_bytes())
        .context("cannot write an ICA file")?;
    let (_, path) = file.keep().context("cannot keep an ICA file")?;
    Ok(path)
}
