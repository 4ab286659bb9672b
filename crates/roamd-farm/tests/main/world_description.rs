//! World descriptions: the demo world, the sample file, and invalid ones.

use roamd_farm::{Farms, SessionFilter, World, WorldError, WorldProblem, init};

/// The documented demo world, one line for each session.
#[test]
fn demo_world_has_documented_content() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::demo();
    world.password_hashing.memory_kib = 8;
    init(dir.path(), &world).unwrap();
    let farms = Farms::open(dir.path()).unwrap();
    let list: Vec<_> = farms
        .list()
        .unwrap()
        .into_iter()
        .map(|farm| format!("{} {} {}", farm.id, farm.name, farm.generation))
        .collect();
    assert_eq!(
        list,
        [
            "XA1 Farm1 xenapp-6",
            "XD5 Farm2 xendesktop-5",
            "CVAD Farm3 cvad-7"
        ]
    );
    let sessions = farms.sessions(&SessionFilter::default()).unwrap();
    let lines: Vec<_> = sessions
        .into_iter()
        .map(|it| {
            let client = it.client_name.unwrap_or_default();
            assert_eq!(it.device_id.unwrap_or_default(), client);
            format!("{} {} {} {} {client}", it.user, it.farm, it.app, it.state)
        })
        .collect();
    assert_eq!(
        lines,
        [
            "alice XA1 MSPaint disconnected ",
            "alice XA1 Notepad active DESK-A",
            "alice XD5 Win7Desktop active DESK-A",
            "alice CVAD Excel disconnected ",
            "alice CVAD Word active DESK-A",
            "alice CVAD Win11Desktop active DESK-B",
            "bob CVAD Word disconnected ",
        ]
    );
}

#[test]
fn sample_world_is_valid() {
    let world = World::from_toml(include_str!("../../../../samples/world.toml"));
    assert_eq!(world.unwrap().farms[0].hosts.len(), 2);
}

const GOOD: &str = r#"
[[domain]]
name = "DEMO"
dns = "demo.test"
user = [{ name = "alice", password = "secret-word" }]

[[farm]]
id = "XA1"
name = "Farm1"
generation = "xenapp-6"
host = [{ id = "40211", name = "H1", address = "192.0.2.1", dns = "h1.demo.test" }]
application = [{ name = "Notepad", users = ["alice"] }]

[[session]]
farm = "XA1"
user = "alice"
app = "Notepad"
state = "disconnected"
"#;

#[test]
fn inconsistent_world_is_rejected_with_location() {
    assert!(World::from_toml(GOOD).is_ok());
    for (from, to, location, problem) in [
        (
            "dns = \"demo.test\"",
            "dns = \"\"",
            "domain DEMO",
            WorldProblem::BadName,
        ),
        (
            "name = \"alice\"",
            "name = \"de\\\\alice\"",
            "domain DEMO, user de\\alice",
            WorldProblem::BadName,
        ),
        (
            "id = \"XA1\"",
            "id = \"XA 1\"",
            "farm XA 1",
            WorldProblem::BadName,
        ),
        (
            "name = \"Notepad\"",
            "name = \"Note\\npad\"",
            "farm XA1, application Note\npad",
            WorldProblem::BadName,
        ),
        (
            "id = \"40211\"",
            "id = \"h1\"",
            "farm XA1, host h1",
            WorldProblem::HostIdNotNumber,
        ),
        (
            "users = [\"alice\"]",
            "users = [\"zoe\"]",
            "farm XA1, application Notepad, user zoe",
            WorldProblem::UnknownUser,
        ),
        (
            "farm = \"XA1\"",
            "farm = \"XA2\"",
            "session 1",
            WorldProblem::UnknownFarm,
        ),
        (
            "user = \"alice\"",
            "user = \"OTHER\\\\alice\"",
            "session 1",
            WorldProblem::UnknownUser,
        ),
        (
            "users = [\"alice\"]",
            "users = []",
            "session 1",
            WorldProblem::UnknownApplication,
        ),
        (
            "app = \"Notepad\"",
            "app = \"Paint\"",
            "session 1",
            WorldProblem::UnknownApplication,
        ),
        (
            "dns = \"h1.demo.test\"",
            "dns = \"h1.demo.test\", capacity = 0",
            "farm XA1, host 40211",
            WorldProblem::NoCapacity,
        ),
        (
            "dns = \"h1.demo.test\"",
            "dns = \"h1.demo.test\", group = \"Apps\"",
            "farm XA1, host 40211",
            WorldProblem::UnknownGroup,
        ),
        (
            "users = [\"alice\"]",
            "group = \"Apps\"",
            "farm XA1, application Notepad",
            WorldProblem::UnknownGroup,
        ),
        (
            "application = [{",
            "group = [{ name = \"Apps\" }]\napplication = [{ group = \"apps\",",
            "farm XA1, application Notepad",
            WorldProblem::NoHost,
        ),
        (
            "users = [\"alice\"]",
            "kind = \"document\"",
            "farm XA1, application Notepad",
            WorldProblem::Kind,
        ),
        (
            "users = [\"alice\"]",
            "kind = \"desktop\", file_types = [\".txt\"]",
            "farm XA1, application Notepad",
            WorldProblem::Kind,
        ),
        (
            "users = [\"alice\"]",
            "content = \"http://h/\"",
            "farm XA1, application Notepad",
            WorldProblem::Kind,
        ),
        (
            "users = [\"alice\"]",
            "kind = \"document\", content = \"http://h/\", max_instances = 1",
            "farm XA1, application Notepad",
            WorldProblem::Kind,
        ),
        (
            "users = [\"alice\"]",
            "kind = \"document\", content = \"http://h/\"",
            "session 1",
            WorldProblem::UnknownApplication,
        ),
        (
            "application = [{",
            "group = [{ name = \"Apps\" }, { name = \"APPS\" }]\napplication = [{",
            "farm XA1, group APPS",
            WorldProblem::Duplicate,
        ),
        (
            "[[domain]]",
            "[password_hashing]\npasses = 0\n[[domain]]",
            "password_hashing",
            WorldProblem::HashingCost,
        ),
        (
            "application = [",
            "application = [{ name = \"NOTEPAD\" }, ",
            "farm XA1, application Notepad",
            WorldProblem::Duplicate,
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        let Err(WorldError::Faults(faults)) = World::from_toml(&text) else {
            panic!("{to} was taken");
        };
        assert!(
            faults
                .iter()
                .any(|fault| fault.location == location && fault.problem == problem),
            "{to}: {faults:?}"
        );
    }
    let WorldError::Faults(faults) = World::from_toml("").unwrap_err() else {
        panic!("an empty file is no syntax error");
    };
    assert_eq!(faults.len(), 2, "all faults are reported: {faults:?}");
}

#[test]
fn world_syntax_error_has_line_and_no_password() {
    for (from, to, line, message) in [
        ("generation = ", "generations = ", 10, "unknown field"),
        ("xenapp-6", "xenapp-7", 10, "unknown variant"),
        (
            "\"secret-word\"",
            "424242",
            5,
            "a password must be a quoted string",
        ),
        ("\"secret-word\"", "\"\"", 5, "a password must not be empty"),
        ("\"secret-word\"", "secret-word", 5, ""),
        ("192.0.2.1", "192.0.2.1.9", 11, ""),
        ("[[session]]", "[[sessions]]", 14, "unknown field"),
    ] {
        let error = World::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&format!("line {line}: ")), "{to}: {text}");
        assert!(text.contains(message), "{to}: {text}");
        assert!(
            !text.contains("secret-word") && !text.contains("424242"),
            "{text}"
        );
    }
}
