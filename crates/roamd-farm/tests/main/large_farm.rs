//! A farm with very many sessions (bad-inputs 83).

use std::time::Instant;

use roamd_farm::{ServeOptions, SessionFilter, SessionState};
use roamd_nfuse_proto::{
    Dialect, ReconnectSessionDataRequest, SessionCriteria, SessionType, encode_request,
};
use rusqlite::Connection;

use crate::requests::disconnect;
use crate::support::{Folder, at, of, small_world};

/// Sessions of a user are found by an index. The time to list them grows with their own number
/// only.
#[tokio::test]
async fn thousands_of_sessions_are_listed_and_disconnected() {
    measure(2_000, 20_000).await;
}

/// Measures the figures of docs/security.md, with `--release` and `--no-capture`.
#[tokio::test]
#[ignore = "slow; measures the time of large farms"]
async fn million_sessions_are_listed_and_disconnected() {
    measure(100_000, 900_000).await;
}

#[expect(clippy::print_stdout, reason = "figures for manual runs")]
async fn measure(alices: u32, bobs: u32) {
    let folder = many_sessions(alices, bobs);
    let list = |user| {
        let criteria = SessionCriteria {
            client_name: Some("DESK-B".to_owned()),
            ..SessionCriteria::new(of(user))
        };
        let types = [SessionType::Active, SessionType::Disconnected];
        ReconnectSessionDataRequest::new(criteria, types)
    };
    let (few, all) = (list("carol"), list("alice"));
    for (request, count) in [(few, 0), (all, alices)] {
        let started = Instant::now();
        let body = encode_request(Dialect::new(5, 4), &request);
        let farm = folder.farms.farm("cvad-7").unwrap();
        let response = farm.respond(ServeOptions::default(), &body, at(0)).await;
        let (response, took) = (response.unwrap(), started.elapsed());
        let listed = String::from_utf8_lossy(&response)
            .matches("<SessionId>")
            .count();
        assert_eq!(listed, count as usize);
        println!(
            "{count} of {} listed in {took:?}, {} bytes",
            alices + bobs,
            response.len()
        );
    }
    let started = Instant::now();
    let request = disconnect("alice", "DESK-A");
    folder.ask_at("cvad-7", &request, 0).await.unwrap();
    println!("disconnected in {:?}", started.elapsed());
    let filter = SessionFilter {
        farm: None,
        user: Some(r"DEMO\alice".to_owned()),
    };
    let sessions = folder.farms.sessions(&filter).unwrap();
    assert_eq!(sessions.len(), alices as usize);
    assert!(
        sessions
            .iter()
            .all(|it| it.state == SessionState::Disconnected)
    );
}

/// A world with this many sessions of alice and of bob, all on one client.
fn many_sessions(alices: u32, bobs: u32) -> Folder {
    let folder = Folder::in_memory(&small_world());
    let connection = Connection::open(folder.path().join("farm.db")).unwrap();
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE load AS
                 SELECT u.id AS user, a.id AS app, h.id AS host, f.id AS farm,
                        h.next_session AS first,
                        CASE u.name WHEN 'alice' THEN {alices} ELSE {bobs} END AS many
                 FROM users u JOIN domains d ON d.id = u.domain_id AND d.name = 'DEMO'
                 JOIN farms f ON f.label = 'cvad-7'
                 JOIN applications a ON a.farm_id = f.id AND a.name = 'Here'
                 JOIN hosts h ON h.farm_id = f.id
                     AND h.label = CASE u.name WHEN 'alice' THEN '201' ELSE '202' END
                 WHERE u.name IN ('alice', 'bob');
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {most})
             INSERT INTO sessions (farm_id, host_id, number, user_id, application_id, state,
                                   client_name)
                 SELECT farm, host, first + i, user, app, 'active', 'DESK-A'
                 FROM load JOIN n ON i < many;
             INSERT INTO instances (session_id, application_id)
                 SELECT id, application_id FROM sessions;
             COMMIT;",
            most = alices.max(bobs),
        ))
        .unwrap();
    folder
}
