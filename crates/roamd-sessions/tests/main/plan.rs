//! Plans of lists (SS-29 to SS-35): the whole table.

use roamd_sessions::{
    FarmDescription, FarmPlan, Generation, ListPlan, ListRequest, ListScope, Roaming, UserFarms,
};

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
            Roaming::Always,
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

/// A request, as `(include_active_sessions, app_sessions_only)`.
fn request((include_active_sessions, app_sessions_only): (bool, bool)) -> ListRequest {
    ListRequest {
        include_active_sessions,
        app_sessions_only,
    }
}

/// SS-71, SS-72
#[test]
fn list_plan_gives_its_reasons() {
    use Generation::{Cvad7, XenApp6, XenDesktop5};
    use Roaming::{Always, DisconnectedOnly, SameEndpointOnly};
    let (quiet, active) = ((false, false), (true, false));
    let (quiet_apps, apps) = ((false, true), (true, true));
    // generation, legacy_workspace_control, request, policy
    //   => reasons; those for active sessions of a plan without side effects
    let table = [
        (
            Cvad7,
            false,
            active,
            Always,
            "always requested",
            "requested",
        ),
        (
            Cvad7,
            false,
            quiet,
            Always,
            "always not-requested",
            "not-requested",
        ),
        (
            Cvad7,
            false,
            active,
            DisconnectedOnly,
            "always roaming-policy",
            "roaming-policy",
        ),
        (
            Cvad7,
            false,
            quiet,
            DisconnectedOnly,
            "always not-requested",
            "not-requested",
        ),
        (
            Cvad7,
            false,
            active,
            SameEndpointOnly,
            "roaming-policy roaming-policy",
            "roaming-policy",
        ),
        (
            XenApp6,
            false,
            active,
            Always,
            "always requested",
            "would-disconnect",
        ),
        (
            XenApp6,
            false,
            apps,
            Always,
            "always requested",
            "would-disconnect",
        ),
        (
            XenApp6,
            false,
            active,
            DisconnectedOnly,
            "always roaming-policy",
            "roaming-policy",
        ),
        (
            XenDesktop5,
            false,
            active,
            Always,
            "always requested",
            "would-disconnect",
        ),
        (
            XenDesktop5,
            false,
            apps,
            Always,
            "hosts-desktops hosts-desktops",
            "hosts-desktops",
        ),
        (
            XenDesktop5,
            false,
            quiet_apps,
            DisconnectedOnly,
            "hosts-desktops hosts-desktops",
            "hosts-desktops",
        ),
        (
            XenDesktop5,
            true,
            apps,
            Always,
            "legacy-workspace-control requested",
            "would-disconnect",
        ),
        (
            XenDesktop5,
            true,
            apps,
            DisconnectedOnly,
            "legacy-workspace-control roaming-policy",
            "roaming-policy",
        ),
    ];
    for (generation, legacy, parameters, roaming, expected, quietly) in table {
        let farm = FarmDescription {
            legacy_workspace_control: legacy,
            ..description("F", generation)
        };
        let case = format!("{generation:?} {legacy} {parameters:?} {roaming:?}");
        let plan = ListPlan::new([&farm], request(parameters), roaming, UserFarms::default());
        let [(_, farm_plan)] = plan.farms() else {
            panic!("one farm")
        };
        let reasons = farm_plan.reasons();
        let found = format!("{} {}", reasons.disconnected.id(), reasons.active.id());
        assert_eq!(found, expected, "{case}");
        let asks_active = match farm_plan {
            FarmPlan::Skip(_) => false,
            FarmPlan::Query(query) => matches!(query.scope(), ListScope::WithActive(_)),
        };
        assert_eq!(reasons.active.asks(), asks_active, "{case}");
        assert_eq!(reasons.active.list_asks(), asks_active, "{case}");

        let without = plan.without_side_effects();
        assert!(!without.has_side_effects(), "{case}");
        let [(_, farm_plan)] = without.farms() else {
            panic!("one farm")
        };
        let reasons = farm_plan.reasons();
        assert_eq!(reasons.active.id(), quietly, "{case}");
        assert_eq!(reasons.active.list_asks(), asks_active, "{case}");
    }
}
