//! Launches with their results on stdout: the path of each ICA file, or JSON.

use std::path::Path;

use roamd_store_client::{LaunchParams, StoreClient};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::ica_files::IcaFiles;
use super::launch_all::launch_all;
use super::result::LaunchResult;
use super::target::LaunchTarget;
use crate::output;

/// Launches all targets, and prints the path of each ICA file, or all results as JSON.
///
/// # Errors
/// If stdout cannot be written to. The failure of a launch is printed, and is in its result.
pub(in crate::commands) async fn launch_and_print(
    client: &StoreClient,
    params: &LaunchParams,
    targets: Vec<LaunchTarget>,
    files: &IcaFiles,
    stop: &CancellationToken,
    json: bool,
) -> anyhow::Result<Vec<LaunchResult>> {
    let launches = launch_all(client, params, targets, files, stop, |launch| {
        let LaunchResult { target, status } = launch;
        if let Some(error) = status.error() {
            output::print_failure(output::printable(&format!("{target}: {error}")));
        }
        if let Some(path) = status.file().filter(|_| !json) {
            output::print_line(path.display())?;
        }
        Ok(())
    })
    .await?;
    if json {
        output::print_json(&launches.iter().map(LaunchJson::from).collect::<Vec<_>>())?;
    }
    Ok(launches)
}

/// The result of a launch as JSON.
#[derive(Serialize)]
struct LaunchJson<'l> {
    id: &'l str,
    app: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'l Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'l> From<&'l LaunchResult> for LaunchJson<'l> {
    fn from(launch: &'l LaunchResult) -> Self {
        let LaunchResult { target, status } = launch;
        Self {
            id: &target.id,
            app: &target.app,
            path: status.file(),
            error: status.error(),
        }
    }
}
