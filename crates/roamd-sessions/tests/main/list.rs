//! Merging what farms answered (SS-31 to SS-41).

use std::sync::Arc;

use roamd_sessions::plan::{self, FarmPlan, ListQuery};
use roamd_sessions::{
    FarmDescription, FarmListResult, FarmSession, Generation, ListOutcome, ListRequest,
    ResourceEnumeration, SessionIds, SessionList, UserKey, merge_list,
};
use roamd_store_proto::EnumerationStatus;

use crate::scripted::{catalogue, description, down, keys, session};

const EVERYTHING: ListRequest = ListRequest {
    include_active_sessions: true,
    app_sessions_only: false,
};
const APPLICATIONS: ListRequest = ListRequest {
    include_active_sessions: true,
    app_sessions_only: true,
};

fn answered(
    farm: &FarmDescription,
    request: ListRequest,
    sessions: Vec<FarmSession>,
    catalogue: Option<ResourceEnumeration>,
) -> FarmListResult<'_> {
    planned(farm, request, |ask| ListOutcome::Answered {
        ask,
        sessions,
        catalogue: catalogue.map(Arc::new),
        pre_launch: None,
    })
}

fn failed(farm: &FarmDescription) -> FarmListResult<'_> {
    let error = down();
    planned(farm, EVERYTHING, |ask| ListOutcome::Failed { ask, error })
}

fn planned(
    farm: &FarmDescription,
    request: ListRequest,
    asked: impl FnOnce(ListQuery) -> ListOutcome,
) -> FarmListResult<'_> {
    let outcome = match plan::list(farm, request) {
        FarmPlan::ListQuery(ask) => asked(ask),
        FarmPlan::Skip(reason) => ListOutcome::Skipped(reason),
    };
    FarmListResult { farm, outcome }
}

fn merge(answers: &[FarmListResult<'_>]) -> SessionList {
    merge_list(
        &SessionIds::new(keys()),
        &UserKey::new("DEMO", "alice"),
        answers,
    )
    .unwrap()
}

#[test]
fn enumeration_says_how_many_of_the_asked_farms_answered() {
    // SS-37: a farm that was left out on purpose counts neither way.
    let xa = description("XA", Generation::XenApp6);
    let xd = description("XD", Generation::XenDesktop5);
    let ok = || {
        answered(
            &xa,
            APPLICATIONS,
            vec![],
            Some(ResourceEnumeration::default()),
        )
    };
    let skipped = || answered(&xd, APPLICATIONS, vec![], None);
    let table = [
        (vec![ok()], EnumerationStatus::Full),
        (vec![ok(), skipped()], EnumerationStatus::Full),
        (vec![skipped()], EnumerationStatus::Full),
        (vec![], EnumerationStatus::Full),
        (vec![ok(), failed(&xd)], EnumerationStatus::Partial),
        (vec![failed(&xa), failed(&xd)], EnumerationStatus::Failed),
        (vec![failed(&xa), skipped()], EnumerationStatus::Failed),
    ];
    for (answers, expected) in table {
        assert_eq!(merge(&answers).enumeration, expected, "{answers:?}");
    }
}

#[test]
fn a_session_has_title_resource_publisher_and_kind_of_host() {
    // SS-39; the title comes from the catalogue.
    let farm = description("XA1", Generation::XenApp6);
    let list = merge(&[answered(
        &farm,
        EVERYTHING,
        vec![session(7, "MSPaint")],
        Some(catalogue(&[("MSPaint", "Paint 2016", false)])),
    )]);
    let found = &list.sessions[0];
    assert_eq!(found.initial_app, "Paint 2016");
    assert_eq!(found.resource_id, "XA1.MSPaint");
    assert_eq!(found.publisher_name, "XA1 farm");
    assert_eq!(found.server_type, "win32");
    assert!(!found.aggregated);
}

#[test]
fn a_session_always_has_a_name() {
    // SS-40: title, else what the farm says, else the internal name, else the farm.
    let farm = description("XA1", Generation::XenApp6);
    let friendly = FarmSession {
        friendly_name: Some("Friendly".to_owned()),
        ..session(1, "In")
    };
    let blank = FarmSession {
        friendly_name: Some(" ".to_owned()),
        ..session(2, "In")
    };
    let endless = FarmSession {
        friendly_name: Some("N".repeat(513)),
        ..session(4, "In")
    };
    let table = [
        (friendly, "Friendly"),
        (blank, "In"),
        (endless, "In"),
        (session(3, ""), "XA1 farm"),
    ];
    for (session, expected) in table {
        let list = merge(&[answered(&farm, EVERYTHING, vec![session], None)]);
        assert_eq!(list.sessions[0].initial_app, expected);
    }
}

#[test]
fn desktops_are_never_listed_when_only_applications_are_wanted() {
    // SS-35; what the catalogue does not know might be a desktop.
    let farm = description("XA1", Generation::XenApp6);
    let sessions = vec![session(1, "Paint"), session(2, "Desk"), session(3, "Gone")];
    let known = || catalogue(&[("Paint", "Paint", false), ("Desk", "Desk", true)]);
    let names = |request| -> Vec<String> {
        merge(&[answered(&farm, request, sessions.clone(), Some(known()))])
            .sessions
            .into_iter()
            .map(|session| session.initial_app)
            .collect()
    };
    assert_eq!(names(APPLICATIONS), ["Paint"]);
    assert_eq!(names(EVERYTHING), ["Paint", "Desk", "Gone"]);
}

#[test]
fn a_session_that_several_applications_share_is_listed_once() {
    // SS-38, nfuse.md §3.2: host and number are the session; the first entry says what made it.
    let farm = description("XA1", Generation::XenApp6);
    let another_kind = |mut session: FarmSession| {
        session.key.host_kind = None;
        session
    };
    let sessions = vec![
        session(1, "Word"),
        session(2, "Desk"),
        session(1, "Excel"),
        // In a desktop, whatever runs in it: SS-35.
        session(2, "Word"),
        session(3, "Word"),
        session(3, "Desk"),
        another_kind(session(1, "Excel")),
    ];
    let known = || {
        catalogue(&[
            ("Word", "Word", false),
            ("Excel", "Excel", false),
            ("Desk", "Desk", true),
        ])
    };
    let names = |request| -> Vec<String> {
        let answer = answered(&farm, request, sessions.clone(), Some(known()));
        let list = merge(&[answer]).sessions.into_iter();
        list.map(|session| session.initial_app).collect()
    };
    assert_eq!(names(EVERYTHING), ["Word", "Desk", "Word", "Excel"]);
    assert_eq!(names(APPLICATIONS), ["Word", "Excel"]);
}

#[test]
fn an_application_is_aggregated_when_another_farm_of_the_group_publishes_it() {
    let grouped = |id| FarmDescription {
        aggregation_group: Some("office".to_owned()),
        ..description(id, Generation::Cvad7)
    };
    let (one, two) = (grouped("ONE"), grouped("TWO"));
    let alone = description("ALONE", Generation::Cvad7);
    let notepad = || Some(catalogue(&[("Notepad", "Notepad", false)]));
    let pad = || {
        Some(catalogue(&[
            ("pad", "Notepad", false),
            ("x", "Else", false),
        ]))
    };
    let list = merge(&[
        answered(&one, EVERYTHING, vec![session(1, "Notepad")], notepad()),
        answered(&alone, EVERYTHING, vec![session(1, "Notepad")], notepad()),
        answered(
            &two,
            EVERYTHING,
            vec![session(1, "pad"), session(2, "x")],
            pad(),
        ),
    ]);
    let found: Vec<_> = list
        .sessions
        .iter()
        .map(|s| {
            (
                s.publisher_name.as_str(),
                s.resource_id.as_str(),
                s.aggregated,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("ONE farm", "ONE.Notepad", true),
            ("ALONE farm", "ALONE.Notepad", false),
            ("TWO farm", "ONE.Notepad", true),
            ("TWO farm", "TWO.x", false),
        ]
    );
}

#[test]
fn sessions_that_are_listed_twice_or_without_a_proper_name_are_left_out() {
    let farm = description("XA1", Generation::XenApp6);
    let mut nameless = session(2, "Paint");
    nameless.key.session_id.clear();
    let mut endless = session(3, "Paint");
    endless.key.host_id = "9".repeat(100_000);
    let mut strange = session(4, "Paint");
    strange.server_type = "w".repeat(513);
    let once = session(1, "Paint");
    let sessions = vec![once.clone(), once, nameless, endless, strange];
    let list = merge(&[answered(&farm, EVERYTHING, sessions, None)]);
    assert_eq!(list.sessions.len(), 1);
    assert_eq!(list.enumeration, EnumerationStatus::Full);
}

#[test]
fn sessions_stand_in_configured_order_of_farms() {
    let (b, a) = (
        description("B", Generation::Cvad7),
        description("A", Generation::Cvad7),
    );
    let list = merge(&[
        answered(&b, EVERYTHING, vec![session(2, "x"), session(1, "y")], None),
        answered(&a, EVERYTHING, vec![session(1, "z")], None),
    ]);
    let ids: Vec<_> = list
        .sessions
        .iter()
        .map(|s| s.resource_id.as_str())
        .collect();
    assert_eq!(ids, ["B.x", "B.y", "A.z"]);
}
