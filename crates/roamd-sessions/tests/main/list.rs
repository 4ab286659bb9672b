//! Merge of lists of sessions (SS-31 to SS-41).

use std::sync::Arc;

use roamd_sessions::{
    Application, FarmDescription, FarmListResult, FarmPlan, FarmSession, FarmSessions, Generation,
    ListOutcome, ListQuery, ListRequest, ResourceEnumeration, Roaming, SessionIds, SessionList,
    UserKey, merge_list,
};
use roamd_store_proto::EnumerationStatus;

use crate::scripted::{description, down, enumeration, keys, session};

const EVERYTHING: ListRequest = ListRequest {
    include_active_sessions: true,
    ..ListRequest::DISCONNECTED
};
const APPLICATIONS: ListRequest = ListRequest {
    app_sessions_only: true,
    ..EVERYTHING
};

fn listed(
    farm: &FarmDescription,
    request: ListRequest,
    sessions: impl Into<FarmSessions>,
    enumeration: Option<ResourceEnumeration>,
) -> FarmListResult<'_> {
    planned(farm, request, |query| ListOutcome::Listed {
        query,
        sessions: sessions.into(),
        enumeration: enumeration.map(Arc::new),
        pre_launch: None,
    })
}

fn failed(farm: &FarmDescription) -> FarmListResult<'_> {
    let error = down();
    planned(farm, EVERYTHING, |query| ListOutcome::Failed {
        query,
        error,
    })
}

fn planned(
    farm: &FarmDescription,
    request: ListRequest,
    outcome: impl FnOnce(ListQuery) -> ListOutcome,
) -> FarmListResult<'_> {
    let outcome = match FarmPlan::new(farm, request, Roaming::Always) {
        FarmPlan::Query(query) => outcome(query),
        FarmPlan::Skip(reason) => ListOutcome::Skipped(reason),
    };
    FarmListResult { farm, outcome }
}

fn merge(results: &[FarmListResult<'_>]) -> SessionList {
    merge_list(
        &SessionIds::new(keys()),
        &UserKey::new("DEMO", "alice"),
        results,
    )
    .unwrap()
}

#[test]
fn list_enumeration_counts_asked_farms_only() {
    // SS-37: a skipped farm does not count.
    let xa = description("XA", Generation::XenApp6);
    let xd = description("XD", Generation::XenDesktop5);
    let ok = || {
        listed(
            &xa,
            APPLICATIONS,
            vec![],
            Some(ResourceEnumeration::default()),
        )
    };
    let skipped = || listed(&xd, APPLICATIONS, vec![], None);
    let table = [
        (vec![ok()], EnumerationStatus::Full),
        (vec![ok(), skipped()], EnumerationStatus::Full),
        (vec![skipped()], EnumerationStatus::Full),
        (vec![], EnumerationStatus::Full),
        (vec![ok(), failed(&xd)], EnumerationStatus::Partial),
        (vec![failed(&xa), failed(&xd)], EnumerationStatus::Failed),
        (vec![failed(&xa), skipped()], EnumerationStatus::Failed),
    ];
    for (results, expected) in table {
        assert_eq!(merge(&results).enumeration, expected, "{results:?}");
    }
}

#[test]
fn list_of_truncated_sessions_is_partial() {
    // SS-37: the farm has sessions that are not in the list.
    let farm = description("XA1", Generation::XenApp6);
    let sessions = |max| FarmSessions::truncated([session(1, "Word"), session(2, "Word")], max);
    let known = |max| {
        let word = ("Word".to_owned(), Application::default());
        let desk = ("Desk".to_owned(), Application::default());
        Some(ResourceEnumeration::truncated([word, desk], max))
    };
    for (request, max_sessions, max_applications, listed_sessions, expected) in [
        (EVERYTHING, 2, 2, 2, EnumerationStatus::Full),
        (EVERYTHING, 1, 2, 1, EnumerationStatus::Partial),
        (EVERYTHING, 0, 2, 0, EnumerationStatus::Partial),
        // Only a list of application sessions leaves out sessions of unknown applications.
        (EVERYTHING, 2, 1, 2, EnumerationStatus::Full),
        (EVERYTHING, 2, 0, 2, EnumerationStatus::Full),
        (APPLICATIONS, 2, 2, 2, EnumerationStatus::Full),
        (APPLICATIONS, 2, 1, 2, EnumerationStatus::Full),
        (APPLICATIONS, 2, 0, 0, EnumerationStatus::Partial),
    ] {
        let (sessions, known) = (sessions(max_sessions), known(max_applications));
        let list = merge(&[listed(&farm, request, sessions, known)]);
        let found = (list.sessions.len(), list.enumeration);
        assert_eq!(found, (listed_sessions, expected), "{request:?}");
    }
    let truncated = listed(&farm, EVERYTHING, sessions(1), None);
    let list = merge(&[truncated, failed(&farm)]);
    assert_eq!(list.enumeration, EnumerationStatus::Partial);
}

#[test]
fn listed_session_has_title_resource_publisher_and_type() {
    // SS-39; the title comes from the enumeration.
    let farm = description("XA1", Generation::XenApp6);
    let list = merge(&[listed(
        &farm,
        EVERYTHING,
        vec![session(7, "MSPaint")],
        Some(enumeration(&[("MSPaint", "Paint 2016", false)])),
    )]);
    let found = &list.sessions[0];
    assert_eq!(found.initial_app, "Paint 2016");
    assert_eq!(found.resource_id, "XA1.MSPaint");
    assert_eq!(found.publisher_name, "XA1 farm");
    assert_eq!(found.server_type, "win32");
    assert!(!found.aggregated);
}

#[test]
fn session_without_title_gets_fallback_name() {
    // SS-40: title, else friendly name, else internal name, else publisher name.
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
        let list = merge(&[listed(&farm, EVERYTHING, vec![session], None)]);
        assert_eq!(list.sessions[0].initial_app, expected);
    }
}

#[test]
fn desktops_are_not_listed_as_application_sessions() {
    // SS-35; a session that is not in the enumeration might be a desktop.
    let farm = description("XA1", Generation::XenApp6);
    let sessions = vec![session(1, "Paint"), session(2, "Desk"), session(3, "Gone")];
    let known = || enumeration(&[("Paint", "Paint", false), ("Desk", "Desk", true)]);
    let names = |request| -> Vec<String> {
        merge(&[listed(&farm, request, sessions.clone(), Some(known()))])
            .sessions
            .into_iter()
            .map(|session| session.initial_app)
            .collect()
    };
    assert_eq!(names(APPLICATIONS), ["Paint"]);
    assert_eq!(names(EVERYTHING), ["Paint", "Desk", "Gone"]);
}

#[test]
fn application_list_without_an_unknown_session_is_partial() {
    // SS-33, SS-35, SS-37: nothing says whether the session is one of a desktop.
    let known = || enumeration(&[("Paint", "Paint", false), ("Desk", "Desk", true)]);
    for generation in [Generation::XenApp6, Generation::Cvad7] {
        let farm = description("F", generation);
        for (request, in_name, expected) in [
            (APPLICATIONS, "Paint", EnumerationStatus::Full),
            (APPLICATIONS, "Desk", EnumerationStatus::Full),
            (APPLICATIONS, "Gone", EnumerationStatus::Partial),
            (APPLICATIONS, "", EnumerationStatus::Partial),
            (EVERYTHING, "Gone", EnumerationStatus::Full),
            (EVERYTHING, "", EnumerationStatus::Full),
        ] {
            let sessions = vec![session(1, "Paint"), session(2, in_name)];
            let list = merge(&[listed(&farm, request, sessions, Some(known()))]);
            assert_eq!(list.enumeration, expected, "{request:?} {in_name}");
        }
    }
}

#[test]
fn session_shared_by_applications_is_listed_once() {
    // SS-38, nfuse.md §3.2: host and number identify the session; the first entry created it.
    let farm = description("XA1", Generation::XenApp6);
    let another_kind = |mut session: FarmSession| {
        session.key.host_kind = None;
        session
    };
    let sessions = vec![
        session(1, "Word"),
        session(2, "Desk"),
        session(1, "Excel"),
        // A desktop session, whatever application it has: SS-35.
        session(2, "Word"),
        session(3, "Word"),
        session(3, "Desk"),
        another_kind(session(1, "Excel")),
    ];
    let known = || {
        enumeration(&[
            ("Word", "Word", false),
            ("Excel", "Excel", false),
            ("Desk", "Desk", true),
        ])
    };
    let names = |request| -> Vec<String> {
        let result = listed(&farm, request, sessions.clone(), Some(known()));
        let list = merge(&[result]).sessions.into_iter();
        list.map(|session| session.initial_app).collect()
    };
    assert_eq!(names(EVERYTHING), ["Word", "Desk", "Word", "Excel"]);
    assert_eq!(names(APPLICATIONS), ["Word", "Excel"]);
}

#[test]
fn application_on_two_farms_of_group_is_aggregated() {
    let grouped = |id| FarmDescription {
        aggregation_group: Some("office".to_owned()),
        ..description(id, Generation::Cvad7)
    };
    let (one, two) = (grouped("ONE"), grouped("TWO"));
    let alone = description("ALONE", Generation::Cvad7);
    let notepad = || Some(enumeration(&[("Notepad", "Notepad", false)]));
    let pad = || {
        Some(enumeration(&[
            ("pad", "Notepad", false),
            ("x", "Else", false),
        ]))
    };
    let list = merge(&[
        listed(&one, EVERYTHING, vec![session(1, "Notepad")], notepad()),
        listed(&alone, EVERYTHING, vec![session(1, "Notepad")], notepad()),
        listed(
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
fn duplicate_and_invalid_sessions_are_left_out() {
    let farm = description("XA1", Generation::XenApp6);
    let mut nameless = session(2, "Paint");
    nameless.key.session_id.clear();
    let mut endless = session(3, "Paint");
    endless.key.host_id = "9".repeat(100_000);
    let mut strange = session(4, "Paint");
    strange.server_type = "w".repeat(513);
    let once = session(1, "Paint");
    let sessions = vec![once.clone(), once, nameless, endless, strange];
    let list = merge(&[listed(&farm, EVERYTHING, sessions, None)]);
    assert_eq!(list.sessions.len(), 1);
    assert_eq!(list.enumeration, EnumerationStatus::Full);
}

#[test]
fn sessions_are_in_configured_order_of_farms() {
    let (b, a) = (
        description("B", Generation::Cvad7),
        description("A", Generation::Cvad7),
    );
    let list = merge(&[
        listed(&b, EVERYTHING, vec![session(2, "x"), session(1, "y")], None),
        listed(&a, EVERYTHING, vec![session(1, "z")], None),
    ]);
    let ids: Vec<_> = list
        .sessions
        .iter()
        .map(|s| s.resource_id.as_str())
        .collect();
    assert_eq!(ids, ["B.x", "B.y", "A.z"]);
}
