//! Creating, sharing, migrating and rejecting data folders (bad-inputs 79 to 82).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use roamd_farm::{Error, Farms, SessionFilter, SessionState, StartSession, TicketRefusal, init};
use rusqlite::Connection;

use crate::support::{Folder, at, small_world};

#[test]
fn missing_world_error_names_init_command() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("missing")] {
        let error = Farms::open(&path).unwrap_err();
        assert!(matches!(error, Error::NoWorld { .. }), "{error}");
        assert!(error.to_string().contains("roamd farm init"), "{error}");
        assert!(!path.join("farm.db").exists(), "opening creates no file");
    }
}

#[test]
fn new_data_folder_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/folder");
    init(&path, &small_world()).unwrap();
    for folder in [&path, path.parent().unwrap()] {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}

#[test]
fn second_init_is_rejected_and_changes_nothing() {
    let folder = Folder::new();
    folder.start("cvad-7", "alice", "Here", Some("DESK-A"));
    let error = init(folder.path(), &small_world()).unwrap_err();
    assert!(matches!(error, Error::WorldExists { .. }), "{error}");
    assert_eq!(folder.states("cvad-7"), ["Here@DESK-A"]);
}

#[test]
fn concurrent_inits_create_one_world() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/folder");
    let results: Vec<_> = thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| init(&path, &small_world())))
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, Error::WorldExists { .. }), "{error}");
    }
    let left: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["farm.db"], "no temporary file is left");
    assert_eq!(Farms::open(&path).unwrap().list().unwrap().len(), 3);
}

#[test]
fn foreign_or_damaged_file_is_rejected_unchanged() {
    let sql = |path: &Path, text: &str| {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(text).unwrap();
        connection.close().unwrap();
    };
    let cases: [(&str, &dyn Fn(&Path), fn(&Error) -> bool); 6] = [
        (
            "database of another program",
            &|path| {
                fs::remove_file(path).unwrap();
                sql(
                    path,
                    "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')",
                );
            },
            |error| matches!(error, Error::Foreign { .. }),
        ),
        (
            "not a database",
            &|path| fs::write(path, "dear diary, ".repeat(1000)).unwrap(),
            |error| matches!(error, Error::Foreign { .. }),
        ),
        (
            "empty file",
            &|path| fs::write(path, "").unwrap(),
            |error| matches!(error, Error::Foreign { .. }),
        ),
        (
            "newer format",
            &|path| sql(path, "PRAGMA user_version = 99"),
            |error| matches!(error, Error::Newer { found: 99, .. }),
        ),
        (
            "truncated file",
            &|path| {
                let bytes = fs::read(path).unwrap();
                fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            },
            |error| matches!(error, Error::Damaged { .. }),
        ),
        (
            "page of random bytes",
            &|path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[8192..12288].fill(0xA5);
                fs::write(path, bytes).unwrap();
            },
            |error| matches!(error, Error::Damaged { .. }),
        ),
    ];
    for (name, spoil, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path(), &small_world()).unwrap();
        let path = dir.path().join("farm.db");
        spoil(&path);
        let before = fs::read(&path).unwrap();
        for error in [
            Farms::open(dir.path()).unwrap_err(),
            init(dir.path(), &small_world()).unwrap_err(),
        ] {
            assert!(expected(&error), "{name}: {error:?}");
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{name}: no path in {error}"
            );
        }
        assert_eq!(
            fs::read(&path).unwrap(),
            before,
            "{name}: nothing is overwritten"
        );
    }
}

/// A folder of the first format, with a session and a ticket.
#[test]
fn older_format_is_migrated_with_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Connection::open(dir.path().join("farm.db")).unwrap();
    connection
        .execute_batch(include_str!("../../migrations/0001_world.sql"))
        .unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x524F414D; PRAGMA user_version = 1;
             INSERT INTO settings VALUES (1, 8, 1);
             INSERT INTO domains VALUES (1, 'DEMO', 'demo', 'demo.test', 'demo.test', 'S-1-5-21-1');
             INSERT INTO users VALUES
                 (1, 1, 'alice', 'alice', 'S-1-5-21-1-1101', '$argon2id$', 'enabled');
             INSERT INTO farms VALUES (1, 'CVAD', 'cvad', 'Farm3', 'cvad-7', 0);
             INSERT INTO hosts (id, farm_id, label, name, address, dns)
                 VALUES (1, 1, '71031', 'H1', '192.0.2.31', 'h1.test');
             INSERT INTO applications VALUES (1, 1, 'Word', 'word', 'Word', 0, '', '', 0, 7);
             INSERT INTO sessions VALUES (1, 1, 1, 4, 1, 1, 'active', 'DESK-A', NULL);",
        )
        .unwrap();
    connection.close().unwrap();
    for _ in 0..2 {
        let farms = Farms::open(dir.path()).unwrap();
        let sessions = farms.sessions(&SessionFilter::default()).unwrap();
        let [session] = sessions.as_slice() else {
            panic!("{sessions:?}");
        };
        let found = (session.app.as_str(), session.session_id, session.state);
        assert_eq!(found, ("Word", 4, SessionState::Active));
    }
    let farms = Farms::open(dir.path()).unwrap();
    let another = StartSession {
        farm: "CVAD".to_owned(),
        user: "alice".to_owned(),
        app: "Word".to_owned(),
        client_name: None,
        device_id: None,
        state: SessionState::Disconnected,
    };
    assert_eq!(farms.start_session(&another).unwrap().host_id, "71031");
    let connection = Connection::open(dir.path().join("farm.db")).unwrap();
    let authority: String = connection
        .query_row("SELECT sta_id FROM farms", [], |row| row.get(0))
        .unwrap();
    assert!(authority.starts_with("STA") && authority.len() == 15);
}

/// bad-inputs 81, 84: each thread opens the folder separately, as a process does.
#[test]
fn concurrent_writers_lose_no_change() {
    let folder = Folder::new();
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let farms = Farms::open(path).unwrap();
                for _ in 0..10 {
                    let session = StartSession {
                        farm: "cvad-7".to_owned(),
                        user: r"DEMO\alice".to_owned(),
                        app: "Here".to_owned(),
                        client_name: Some(format!("DESK-{writer}")),
                        device_id: None,
                        state: SessionState::Active,
                    };
                    farms.start_session(&session).unwrap();
                    farms.sessions(&SessionFilter::default()).unwrap();
                }
            });
        }
    });
    let sessions = folder.farms.sessions(&SessionFilter::default()).unwrap();
    assert_eq!(sessions.len(), 40);
    let mut numbers: Vec<_> = sessions
        .iter()
        .map(|session| (session.host_id.clone(), session.session_id))
        .collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 40, "session ids are unique");
    let on_first = numbers.iter().filter(|(host, _)| host == "201").count();
    assert_eq!(on_first, 20, "hosts share the load");
}

/// Changes of another process are visible at once, without a restart.
#[test]
fn session_of_other_process_is_visible_at_once() {
    let folder = Folder::new();
    let other = Farms::open(folder.path()).unwrap();
    folder.start("xenapp-6", "bob", "There", None);
    assert_eq!(other.sessions(&SessionFilter::default()).unwrap().len(), 1);
}

#[test]
fn filter_for_unknown_name_is_an_error() {
    let folder = Folder::new();
    folder.start("xenapp-6", "alice", "Here", Some("DESK-A"));
    for (farm, user, expected) in [
        (None, None, Some(1)),
        (Some("XENAPP-6"), Some("ALICE"), Some(1)),
        (Some("xenapp-6"), Some("alice@demo.test"), Some(1)),
        (Some("xenapp-6"), Some(r"OTHER\alice"), Some(0)),
        (Some("cvad-7"), None, Some(0)),
        (Some("XA9"), None, None),
        (None, Some("zoe"), None),
        (None, Some(r"OTHER\bob"), None),
    ] {
        let filter = SessionFilter {
            farm: farm.map(str::to_owned),
            user: user.map(str::to_owned),
        };
        let found = folder.farms.sessions(&filter).ok().map(|list| list.len());
        assert_eq!(found, expected, "{farm:?} {user:?}");
    }
}

#[test]
fn ica_file_of_another_world_is_rejected() {
    let folder = Folder::new();
    let file = "[Word]\r\nLogonTicket=0F1E2D3C4B5A69788796A5B4C3D2E1\r\n";
    let error = folder.farms.connect(file, at(0)).unwrap_err();
    assert!(
        matches!(error, Error::Ticket(TicketRefusal::Unknown)),
        "{error}"
    );
    assert!(!error.to_string().contains("0F1E"), "{error}");
}
