//! Results of launches as JSON.

use std::path::Path;

use serde::Serialize;

use super::result::LaunchResult;
use crate::output;

/// The result of a launch as JSON.
#[derive(Serialize)]
struct LaunchJson<'l> {
    id: &'l str,
    app: &'l str,
    farm: &'l str,
    resource_id: &'l str,
    /// `ready`, `opened`, `failed` or `stopped`.
    outcome: &'static str,
    file: Option<&'l Path>,
    error: Option<String>,
}

/// Prints the results of launches as JSON.
///
/// # Errors
/// If stdout cannot be written to.
pub(in crate::commands) fn print_launches(launches: &[LaunchResult]) -> anyhow::Result<()> {
    output::print_json(&launches.iter().map(LaunchJson::from).collect::<Vec<_>>())
}

impl<'l> From<&'l LaunchResult> for LaunchJson<'l> {
    fn from(launch: &'l LaunchResult) -> Self {
        let LaunchResult { target, status } = launch;
        Self {
            id: &target.id,
            app: &target.app,
            farm: &target.farm,
            resource_id: &target.resource_id,
            outcome: status.as_str(),
            file: status.file(),
            error: status.error(),
        }
    }
}
