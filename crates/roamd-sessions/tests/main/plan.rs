//! Whom to ask (SS-29 to SS-35): the whole table.

use roamd_sessions::plan::{self, FarmPlan};
use roamd_sessions::{FarmDescription, Generation, ListRequest, ListScope};

use crate::scripted::description;

#[test]
fn generation_request_and_setting_decide_who_is_asked_and_what_it_costs() {
    use Generation::{Cvad7, XenApp6, XenDesktop5};
    // generation, active wanted, applications only, legacy workspace control
    //   => what is asked; "!" where asking disconnects, "-desktops" where these are taken out
    let table = [
        (XenApp6, false, false, false, "disconnected"),
        (XenApp6, false, true, false, "disconnected -desktops"),
        (XenApp6, true, false, false, "active!"), // SS-29
        (XenApp6, true, true, false, "active! -desktops"), // SS-33: still queried
        (XenApp6, true, true, true, "active! -desktops"),
        (XenDesktop5, false, false, false, "disconnected"),
        (XenDesktop5, true, false, false, "active!"),
        (XenDesktop5, false, true, false, "not asked"), // SS-33
        (XenDesktop5, true, true, false, "not asked"),
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
        let plan = match plan::list(
            &farm,
            ListRequest {
                include_active_sessions,
                app_sessions_only,
            },
        ) {
            FarmPlan::Skip(_) => "not asked".to_owned(),
            FarmPlan::ListQuery(ask) => {
                let listing = match ask.listing {
                    ListScope::Disconnected => "disconnected",
                    ListScope::WithActive(_) => "active",
                };
                let cost = if ask.disconnects { "!" } else { "" };
                let filter = if ask.app_sessions_only {
                    " -desktops"
                } else {
                    ""
                };
                format!("{listing}{cost}{filter}")
            }
        };
        assert_eq!(
            plan, expected,
            "{generation:?} active={include_active_sessions} apps={app_sessions_only} legacy={legacy}"
        );
    }
}
