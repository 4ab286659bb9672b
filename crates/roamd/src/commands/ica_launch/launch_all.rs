//! Concurrent launches of several targets.

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use roamd_store_client::{LaunchParams, StoreClient};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::ica_files::IcaFiles;
use super::progress::{LaunchProgress, ProgressLine};
use super::result::{LaunchResult, LaunchStatus};
use super::target::LaunchTarget;

/// Maximum number of concurrent launch requests to a store.
const MAX_CONCURRENT_LAUNCHES: usize = 8;

/// Launches all targets, and calls `print` with each result in the order of the targets.
///
/// When `stop` is cancelled, launches that are not complete end as stopped; completed ones keep
/// their ICA files.
///
/// # Errors
/// If `print` fails. The failure of a launch is in its result.
pub(in crate::commands) async fn launch_all(
    client: &StoreClient,
    params: &LaunchParams,
    targets: Vec<LaunchTarget>,
    files: &IcaFiles,
    stop: &CancellationToken,
    mut print: impl FnMut(&LaunchResult) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<LaunchResult>> {
    let progress = LaunchProgress::new();
    let permits = Semaphore::new(MAX_CONCURRENT_LAUNCHES);
    let mut running: FuturesOrdered<_> = targets
        .into_iter()
        .map(|target| {
            let line = progress.add_line(&target.to_string());
            let permits = &permits;
            async move {
                let status = tokio::select! {
                    status = async {
                        let _permit = permits.acquire().await;
                        line.show_starting();
                        launch(client.clone(), params, &target, files, &line).await
                    } => status,
                    () = stop.cancelled() => LaunchStatus::Stopped,
                };
                line.finish(status.as_str());
                LaunchResult { target, status }
            }
        })
        .collect();
    let mut launches = Vec::new();
    while let Some(launch) = running.next().await {
        progress.suspend(|| print(&launch))?;
        launches.push(launch);
    }
    Ok(launches)
}

async fn launch(
    mut client: StoreClient,
    params: &LaunchParams,
    target: &LaunchTarget,
    files: &IcaFiles,
    line: &ProgressLine,
) -> LaunchStatus {
    let written = client
        .launch(&target.launch_url, params, |not_ready| {
            line.show_waiting(&not_ready);
        })
        .await
        .map_err(anyhow::Error::from)
        .and_then(|ica| files.write(&target.resource_id, &ica.text));
    let file = match written {
        Ok(file) => file,
        Err(error) => return LaunchStatus::Failed { file: None, error },
    };
    let Some(opener) = &files.opener else {
        return LaunchStatus::Ready(file);
    };
    match opener
        .start(&file)
        .context("cannot start the program that opens ICA files")
    {
        Ok(()) => LaunchStatus::Opened(file),
        Err(error) => LaunchStatus::Failed {
            file: Some(file),
            error,
        },
    }
}
