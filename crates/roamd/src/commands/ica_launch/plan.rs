//! Dry runs of launches.

use serde::Serialize;

use super::target::LaunchTarget;
use crate::output;

/// A launch of a dry run as JSON.
#[derive(Serialize)]
struct PlannedLaunchJson<'t> {
    id: &'t str,
    app: &'t str,
    farm: &'t str,
    resource_id: &'t str,
    outcome: &'static str,
}

/// Prints what would be launched.
///
/// # Errors
/// If stdout cannot be written to.
pub(in crate::commands) fn print_plan(targets: &[LaunchTarget], json: bool) -> anyhow::Result<()> {
    if json {
        let launches = targets.iter().map(PlannedLaunchJson::from);
        return output::print_json(&launches.collect::<Vec<_>>());
    }
    for target in targets {
        output::print_line(output::printable(&format!("Would launch {target}.")))?;
    }
    Ok(())
}

impl<'t> From<&'t LaunchTarget> for PlannedLaunchJson<'t> {
    fn from(target: &'t LaunchTarget) -> Self {
        Self {
            id: &target.id,
            app: &target.app,
            farm: &target.farm,
            resource_id: &target.resource_id,
            outcome: "planned",
        }
    }
}
