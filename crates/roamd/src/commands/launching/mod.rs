//! From launch URLs to ICA files, several at a time: what sessions and applications share.

mod ica_files;
mod program;
mod progress;

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use roamd_store_client::{LaunchParams, Resource, Session, StoreClient};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::progress::{Line, Progress};
use crate::exit::Exit;
use crate::output;

pub(crate) use self::ica_files::{IcaFileArgs, IcaFiles};

/// How many launches a store is asked for at once.
const AT_ONCE: usize = 8;

/// What is launched: a session, or an application or desktop.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) app: String,
    /// Blank if only the launch URL is known.
    pub(super) farm: String,
    pub(super) resource_id: String,
    pub(super) launch_url: String,
}

/// What became of a target.
#[derive(Debug)]
pub(super) struct Launched {
    pub(super) target: Target,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// Its ICA file is there.
    Ready(PathBuf),
    /// A program has its ICA file.
    Opened(PathBuf),
    /// It failed; there is a file if only the program did not start.
    Failed {
        file: Option<PathBuf>,
        error: anyhow::Error,
    },
    /// The person did not want to wait for it.
    Stopped,
}

/// Launches, and tells of each in the order given. When told to stop, what is not
/// there yet is stopped, and what is there stays.
pub(super) async fn launch_all(
    client: &StoreClient,
    params: &LaunchParams,
    targets: Vec<Target>,
    files: &IcaFiles,
    stop: &CancellationToken,
    mut tell: impl FnMut(&Launched) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Launched>> {
    let progress = Progress::new();
    let turns = Semaphore::new(AT_ONCE);
    let mut running: FuturesOrdered<_> = targets
        .into_iter()
        .map(|target| {
            let line = progress.line(&target.to_string());
            let turns = &turns;
            async move {
                let outcome = tokio::select! {
                    outcome = async {
                        let _turn = turns.acquire().await;
                        line.starting();
                        launch(client.clone(), params, &target, files, &line).await
                    } => outcome,
                    () = stop.cancelled() => Outcome::Stopped,
                };
                line.end(outcome.word());
                Launched { target, outcome }
            }
        })
        .collect();
    let mut all = Vec::new();
    while let Some(launched) = running.next().await {
        progress.aside(|| tell(&launched))?;
        all.push(launched);
    }
    Ok(all)
}

async fn launch(
    mut client: StoreClient,
    params: &LaunchParams,
    target: &Target,
    files: &IcaFiles,
    line: &Line,
) -> Outcome {
    let written = client
        .launch(&target.launch_url, params, |not_ready| {
            line.waiting(&not_ready);
        })
        .await
        .map_err(anyhow::Error::from)
        .and_then(|ica| files.write(&target.resource_id, &ica.text));
    let file = match written {
        Ok(file) => file,
        Err(error) => return Outcome::Failed { file: None, error },
    };
    let Some(program) = &files.program else {
        return Outcome::Ready(file);
    };
    match program
        .start(&file)
        .context("cannot start the program that opens ICA files")
    {
        Ok(()) => Outcome::Opened(file),
        Err(error) => Outcome::Failed {
            file: Some(file),
            error,
        },
    }
}

/// The same, with the paths of the files on stdout, or all that became of it as JSON.
pub(super) async fn launch_and_print(
    client: &StoreClient,
    params: &LaunchParams,
    targets: Vec<Target>,
    files: &IcaFiles,
    stop: &CancellationToken,
    json: bool,
) -> anyhow::Result<Vec<Launched>> {
    let all = launch_all(client, params, targets, files, stop, |launched| {
        let Launched { target, outcome } = launched;
        if let Some(error) = outcome.error() {
            output::note(output::shown(&format!("{target}: {error}")));
        }
        if let Some(path) = outcome.file().filter(|_| !json) {
            output::line(path.display())?;
        }
        Ok(())
    })
    .await?;
    if json {
        output::json(&all.iter().map(Record::from).collect::<Vec<_>>())?;
    }
    Ok(all)
}

/// How it ended, for targets from a list that was complete or not.
pub(super) fn exit(listed: Exit, all: &[Launched]) -> Exit {
    let (done, failed): (Vec<_>, Vec<_>) = all
        .iter()
        .map(|launched| &launched.outcome)
        .partition(|outcome| outcome.is_success());
    match failed.first() {
        None => listed,
        Some(_) if !done.is_empty() => Exit::Partial,
        Some(Outcome::Failed { error, .. }) => Exit::from(error),
        Some(_) => Exit::Failed,
    }
}

/// What became of a target, for programs.
#[derive(Serialize)]
pub(super) struct Record<'l> {
    id: &'l str,
    app: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'l Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'l> From<&'l Launched> for Record<'l> {
    fn from(launched: &'l Launched) -> Self {
        let Launched { target, outcome } = launched;
        Self {
            id: &target.id,
            app: &target.app,
            path: outcome.file(),
            error: outcome.error(),
        }
    }
}

/// Nothing for a resource that the store does not start with an ICA file.
impl TryFrom<Resource> for Target {
    type Error = Resource;

    fn try_from(resource: Resource) -> Result<Self, Resource> {
        let Some(launch_url) = resource.launch_ica.clone() else {
            return Err(resource);
        };
        Ok(Self {
            id: resource.id.clone(),
            app: resource.title,
            farm: resource.publisher_name,
            resource_id: resource.id,
            launch_url,
        })
    }
}

impl From<Session> for Target {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            app: session.initial_app,
            farm: session.publisher_name,
            resource_id: session.resource_id,
            launch_url: session.launch_url,
        }
    }
}

/// `Word on Farm3`.
impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.app)?;
        if self.farm.is_empty() {
            return Ok(());
        }
        write!(f, " on {}", self.farm)
    }
}

impl Outcome {
    /// One word for programs and live lines.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ready(_) => "ready",
            Self::Opened(_) => "opened",
            Self::Failed { .. } => "failed",
            Self::Stopped => "stopped",
        }
    }

    pub(super) fn is_success(&self) -> bool {
        self.error().is_none()
    }

    /// The ICA file, if there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Ready(file) | Self::Opened(file) => Some(file),
            Self::Failed { file, .. } => file.as_deref(),
            Self::Stopped => None,
        }
    }

    /// What went wrong, if something did.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::Ready(_) | Self::Opened(_) => None,
            Self::Failed { error, .. } => Some(format!("{error:#}")),
            Self::Stopped => Some("stopped before it was ready".into()),
        }
    }
}
