//! Launches with their results on stdout: the path of each ICA file, or JSON.

use roamd_store_client::{LaunchParams, StoreClient};
use tokio_util::sync::CancellationToken;

use super::ica_files::IcaFiles;
use super::launch_all::launch_all;
use super::launch_json::print_launches;
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
        print_launches(&launches)?;
    }
    Ok(launches)
}
