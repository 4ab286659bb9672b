//! Plans of lists (SS-29 to SS-35): the whole table.

use roamd_sessions::{FarmDescription, FarmPlan, Generation, ListRequest, ListScope};

use crate::scripted::description;

#[test]
fn list_plan_follows_generation_request_and_setting() {
    use Generation::{Cvad7, XenApp6, XenDesktop5};
    // generation, include_active_sessions, app_sessions_only, legacy_workspace_control
    //   => scope; "!" if the farm disconnects, "-desktops" if these are removed
    let table = [
        (XenApp6, false, false, false, "disconnected"),
        (XenApp6, false, true, false, "disconnected -desktops"),
        (XenApp6, true, false, false, "active!"), // SS-29
        (XenApp6, true, true, false, "active! -desktops"), // SS-33: still queried
        (XenApp6, true, true, true, "active! -desktops"),
        (XenDesktop5, false, false, false, "disconnected"),
        (XenDesktop5, true, false, false, "active!"),
        (XenDesktop5, false, true, false, "skipped"), // SS-33
        (XenDesktop5, true, true, false, "skipped"),
        (XenDesktop5, false, true, true, "disconnected -desktops"), // SS-33: exclusion lifted
        (XenDesktop5, true, true, true, "active! -desktops"),
        (Cvad7, false, false, false, "disconnected"),
        (Cvad7, true, false, false, "active"), // SS-29: no side effect from 7 on
        (Cvad7, false, true, false, "disconnected -desktops"),
        (Cvad7, true, true, false, "active -desktops"),
    ];
    for (generation, include_active_sessions, app_sessions_only, legacy, expected) in table {
        let farm = FarmDescription {
            legacy_workspace_control: legacy,
            ..description("F", generation)
        };
        let plan = match FarmPlan::new(
            &farm,
            ListRequest {
                include_active_sessions,
                app_sessions_only,
            },
        ) {
            FarmPlan::Skip(_) => "skipped".to_owned(),
            FarmPlan::Query(query) => {
                let scope = match query.scope() {
                    ListScope::Disconnected => "disconnected",
                    ListScope::WithActive(_) => "active",
                };
                let disconnects = query.scope().disconnects_active();
                let effect = if disconnects { "!" } else { "" };
                let filter = if query.lists_desktops() {
                    ""
                } else {
                    " -desktops"
                };
                format!("{scope}{effect}{filter}")
            }
        };
        assert_eq!(
            plan, expected,
            "{generation:?} {include_active_sessions} {app_sessions_only} {legacy}"
        );
    }
}
