//! The table of sessions of embedded farms.

use roamd_farm::SessionRecord;

use crate::commands::cells::or_dash;
use crate::output;

pub(super) fn print_table(sessions: impl IntoIterator<Item = SessionRecord>) -> anyhow::Result<()> {
    let header = [
        "FARM", "USER", "APP", "HOST", "SESSION", "STATE", "CLIENT", "DEVICE",
    ];
    let rows = sessions.into_iter().map(|session| {
        [
            session.farm,
            format!("{}\\{}", session.domain, session.user),
            session.apps.join(", "),
            session.host_id,
            session.session_id.to_string(),
            session.state.to_string(),
            or_dash(session.client_name),
            or_dash(session.device_id),
        ]
    });
    Ok(output::print_table(header, rows)?)
}
