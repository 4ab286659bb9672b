//! A database that is treated badly, clocks that jump, and crowds (bad-inputs 80, 83 to 85).

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use roamd_farm::{Error, Farms, ServeOptions, SessionFilter, SessionState, TicketRefusal};
use roamd_nfuse_proto::{Dialect, ReconnectSessionDataRequest, SessionType, encode_request};
use rusqlite::Connection;

use crate::launch::{address, disconnect, ica, logoff, session_name, ticket_request};
use crate::support::{Folder, GENERATIONS, at, of};

const YEAR: i64 = 365 * 24 * 3600;

/// A folder at rest: all of its database is in one file.
fn at_rest() -> Folder {
    let folder = Folder::new();
    folder.start("cvad-7", "alice", "Here", Some("DESK-A"));
    let connection = Connection::open(folder.path().join("farm.db")).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection.query_row(checkpoint, [], |_| Ok(())).unwrap();
    folder
}

/// What is in the file stays usable, or is refused by name and left as it is; nothing panics.
#[test]
fn one_bit_that_flipped_is_survived_or_told() {
    let folder = at_rest();
    let whole = fs::read(folder.path().join("farm.db")).unwrap();
    let (mut survived, mut told) = (0, 0);
    // Every byte of the header, and then steps that meet all kinds of pages.
    let places = (0..100).chain((100..whole.len()).step_by(1009));
    for (number, place) in places.enumerate() {
        let dir = tempfile::tempdir_in(folder.path()).unwrap();
        let path = dir.path().join("farm.db");
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (number % 8);
        fs::write(&path, &flipped).unwrap();
        let listed =
            Farms::open(dir.path()).and_then(|farms| farms.sessions(&SessionFilter::default()));
        match listed {
            Ok(_) => survived += 1,
            Err(error) => {
                told += 1;
                let text = error.to_string();
                assert!(text.contains("farm.db"), "{place}: {text}");
                assert_eq!(fs::read(&path).unwrap(), flipped, "{place}: {text}");
            }
        }
    }
    assert!(survived > 0 && told > 0, "{survived} and {told}");
}

/// The log holds what was not yet moved into the file. Who removes it loses that, and no more.
#[test]
fn a_log_that_was_deleted_takes_its_changes_along_and_nothing_else() {
    let folder = at_rest();
    folder.start("cvad-7", "bob", "There", None);
    let copy = tempfile::tempdir().unwrap();
    // As a crash leaves them: whole, with the change in the log.
    for name in ["farm.db", "farm.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let apps = |farms: &Farms| -> Vec<String> {
        let sessions = farms.sessions(&SessionFilter::default()).unwrap();
        sessions.into_iter().map(|session| session.app).collect()
    };
    assert_eq!(apps(&Farms::open(copy.path()).unwrap()), ["Here", "There"]);
    fs::copy(folder.path().join("farm.db"), copy.path().join("farm.db")).unwrap();
    fs::remove_file(copy.path().join("farm.db-wal")).ok();
    assert_eq!(apps(&Farms::open(copy.path()).unwrap()), ["Here"]);
    assert_whole(copy.path());
}

#[test]
fn an_older_copy_is_an_older_world() {
    let folder = at_rest();
    let copy = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("farm.db"), copy.path().join("farm.db"));
    fs::copy(&file, &kept).unwrap();
    folder.start("cvad-7", "bob", "There", None);
    let farms = Farms::open(copy.path()).unwrap();
    assert_eq!(farms.sessions(&SessionFilter::default()).unwrap().len(), 1);
    assert_whole(copy.path());
}

/// An hour of tickets is at stake when a clock jumps; sessions are not.
#[tokio::test]
async fn a_clock_that_jumps_ends_tickets_and_touches_no_session() {
    for generation in GENERATIONS {
        for jump in [YEAR, -YEAR] {
            let folder = Folder::new();
            let session = folder.start(generation, "alice", "Here", None);
            let ticket = async |now| {
                let request = address(session_name(&session), Some(of("alice")));
                let answer = folder.ask_at(generation, &request, now).await.unwrap();
                let request = ticket_request("alice", &answer.ticket_tag.unwrap(), None);
                folder
                    .ask_at(generation, &request, now)
                    .await
                    .unwrap()
                    .ticket
            };
            let before = ticket(0).await;
            let redeemed = folder.farms.connect(&ica(&before), at(jump));
            if jump > 0 {
                let error = redeemed.unwrap_err();
                assert!(
                    matches!(error, Error::Ticket(TicketRefusal::Expired)),
                    "{error}"
                );
            }
            let after = ticket(jump).await;
            let connected = folder.farms.connect(&ica(&after), at(jump + 1)).unwrap();
            assert_eq!(connected.session_id, session.session_id);
            assert_eq!(folder.states(generation), ["Here@TABLET"], "{jump}");
        }
    }
}

/// What one session goes through when everybody wants it: in the end it is connected, disconnected or
/// gone, once, and nobody was told what is not so.
#[test]
fn a_session_that_64_clients_launch_disconnect_and_log_off_at_once_ends_in_one_piece() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let session = folder.start(generation, "alice", "Here", Some("TABLET"));
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
        };
        let ended = thread::scope(|scope| {
            let clients: Vec<_> = (0..64)
                .map(|number| {
                    let (folder, session) = (&folder, &session);
                    scope.spawn(move || match number % 4 {
                        0 | 1 => {
                            let request = address(session_name(session), Some(of("alice")));
                            let answer = runtime().block_on(folder.ask_at(generation, &request, 0));
                            if let Some(ticket) = answer.ok().and_then(|answer| answer.ticket) {
                                folder.farms.connect(&ica(&ticket), at(0)).ok();
                            }
                            false
                        }
                        2 => {
                            let request = disconnect("alice", "TABLET");
                            runtime()
                                .block_on(folder.ask_at(generation, &request, 0))
                                .unwrap();
                            false
                        }
                        _ => {
                            let request = logoff("alice", "TABLET");
                            let answer = runtime().block_on(folder.ask_at(generation, &request, 0));
                            answer.is_ok()
                        }
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .filter(|ended| *ended)
                .count()
        });
        assert_eq!(ended, 16, "each log off is answered");
        let left = folder.states(generation);
        assert!(
            left.is_empty() || left == ["Here"] || left == ["Here@TABLET"],
            "{left:?}"
        );
        assert_whole(folder.path());
    }
}

pub(crate) fn assert_whole(dir: &Path) {
    let connection = Connection::open(dir.join("farm.db")).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let stray: i64 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(stray, 0, "rows that point nowhere");
}

/// A world with so many sessions of alice and so many of bob, all at one client.
fn crowd(alices: u32, bobs: u32) -> Folder {
    let folder = Folder::in_memory(&crate::support::small_world());
    let connection = Connection::open(folder.path().join("farm.db")).unwrap();
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE who AS
                 SELECT u.id AS user, a.id AS app, h.id AS host, f.id AS farm, h.next_session AS first,
                        CASE u.name WHEN 'alice' THEN {alices} ELSE {bobs} END AS many
                 FROM users u JOIN domains d ON d.id = u.domain_id AND d.name = 'DEMO'
                 JOIN farms f ON f.label = 'cvad-7'
                 JOIN applications a ON a.farm_id = f.id AND a.name = 'Here'
                 JOIN hosts h ON h.farm_id = f.id
                     AND h.label = CASE u.name WHEN 'alice' THEN '201' ELSE '202' END
                 WHERE u.name IN ('alice', 'bob');
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {most})
             INSERT INTO sessions (farm_id, host_id, number, user_id, application_id, state, client_name)
                 SELECT farm, host, first + i, user, app, 'active', 'DESK-A' FROM who JOIN n ON i < many;
             INSERT INTO instances (session_id, application_id) SELECT id, application_id FROM sessions;
             COMMIT;",
            most = alices.max(bobs),
        ))
        .unwrap();
    folder
}

/// Who has few sessions is found among many by an index; who has many is served in a time in
/// proportion.
#[tokio::test]
async fn a_user_with_thousands_of_sessions_is_listed_and_disconnected_among_thousands_of_others() {
    see_crowd(2_000, 20_000).await;
}

/// The figures of docs/security.md, with `--release` and `--no-capture`.
#[tokio::test]
#[ignore = "takes a while, and measures"]
async fn the_largest_crowd() {
    see_crowd(100_000, 900_000).await;
}

#[expect(clippy::print_stdout, reason = "figures for who runs it by hand")]
async fn see_crowd(alices: u32, bobs: u32) {
    let folder = crowd(alices, bobs);
    let all = ReconnectSessionDataRequest {
        credentials: of("alice"),
        client_name: Some("DESK-B".to_owned()),
        device_id: None,
        server_types: vec!["all".to_owned()],
        client_types: vec!["ica30".to_owned()],
        session_types: vec![SessionType::Active, SessionType::Disconnected],
    };
    let few = ReconnectSessionDataRequest {
        credentials: of("carol"),
        ..all.clone()
    };
    for (request, count) in [(few, 0), (all, alices)] {
        let started = Instant::now();
        let body = encode_request(Dialect::new(5, 4), &request);
        let farm = folder.farms.farm("cvad-7").unwrap();
        let answer = farm.respond(ServeOptions::default(), &body, at(0)).await;
        let (answer, took) = (answer.unwrap(), started.elapsed());
        let listed = String::from_utf8_lossy(&answer)
            .matches("<SessionId>")
            .count();
        assert_eq!(listed, count as usize);
        println!(
            "{count} of {} listed in {took:?}, {} bytes",
            alices + bobs,
            answer.len()
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
