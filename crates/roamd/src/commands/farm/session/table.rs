//! The table of sessions of embedded farms.

use roamd_farm::SessionRecord;

use crate::commands::cells::or_dash;
use crate::table::Column;

pub(in crate::commands::farm) const COLUMNS: [Column; 8] = [
    Column::whole("FARM"),
    Column::whole("USER"),
    Column::name("APP"),
    Column::whole("HOST"),
    Column::whole("SESSION"),
    Column::whole("STATE"),
    Column::detail("CLIENT"),
    Column::wide("DEVICE"),
];

/// Returns the cells of a session.
pub(in crate::commands::farm) fn cells(session: SessionRecord) -> [String; COLUMNS.len()] {
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
}
