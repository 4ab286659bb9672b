//! Tests of `roamd demo`.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use roamd_testkit::etcd_program;

use crate::support::{
    CommandOutput, Server, World, entries, eventually, roamd, run, unused_address, wrapped_in,
};

/// A token of one server works at the others, and what one does, all see. A demo that cannot find
/// etcd creates nothing and says what to do.
#[test]
fn servers_of_a_demo_are_one_store() {
    let world = World::new();
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--servers",
        "3",
        "--data",
        world.data(),
    ];
    let before = entries(Path::new(world.data()));
    let mut without = roamd(&args);
    let without = without.env_remove("ROAMD_ETCD").env("PATH", "/nonexistent");
    let refused = CommandOutput::of(without.output().unwrap());
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("install etcd"), "{}", refused.err);
    assert_eq!(entries(Path::new(world.data())), before);

    let mut command = roamd(&args);
    let demo = Server::start(command.env("ROAMD_ETCD", etcd_program()), 1);
    let servers: Vec<_> = demo
        .lines
        .iter()
        .filter_map(|line| line.strip_prefix("server http://")?.split_once(' '))
        .collect();
    assert_eq!(servers.len(), 3, "{:?}", demo.lines);
    // Each connection is to the next server, and a command has several.
    for _ in 0..3 {
        let listed = demo.alice(&["list"]);
        assert_eq!(listed.code, 0, "{listed:?}");
    }
    let mut requests = 0;
    for (address, data_dir) in &servers {
        let metrics = get(address, "/metrics");
        assert!(metrics.contains("roamd_group_servers 3"), "{metrics}");
        requests += u32::from(metrics.contains("roamd_http_responses_total{route=\"available\""));
        let status = run(&["status", "--data", data_dir, "--json"]).json();
        assert_eq!(status["state"]["group"]["servers"], 3);
    }
    assert!(requests > 1, "lists are served by several servers");
    assert_eq!(demo.stop().0.code(), Some(0));
}

/// The etcd of a demo that was killed goes on, and the next demo cannot use its data.
#[test]
fn demo_says_why_its_etcd_does_not_start() {
    let world = World::new();
    let args = ["demo", "--listen", "127.0.0.1:0", "--servers", "2"];
    let mut none = roamd(&args);
    let none = none
        .env("ROAMD_ETCD", "/bin/true")
        .env("TMPDIR", world.path(""));
    let none = CommandOutput::of(none.output().unwrap());
    assert_eq!(none.code, 1, "{none:?}");
    assert!(none.err.contains("/bin/true is no etcd"), "{}", none.err);
    assert!(none.err.contains("its log is empty"), "{}", none.err);

    let start = || {
        let mut command = roamd(&[&args[..], &["--data", world.data()]].concat());
        command.env("ROAMD_ETCD", etcd_program());
        command
    };
    Server::start(&mut start(), 1).kill();
    let refused = CommandOutput::of(start().output().unwrap());
    let (_, end) = refused.err.split_once("end it with `kill ").unwrap();
    let (id, _) = end.split_once('`').unwrap();
    assert_eq!(run_in_shell(&format!("kill {id}")).code, 0);
    eventually("the etcd ends", || {
        (run_in_shell(&format!("kill -0 {id}")).code != 0).then_some(())
    });
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(Server::start(&mut start(), 1).stop().0.code(), Some(0));
}

/// Runs a printed line in a shell.
fn run_in_shell(line: &str) -> CommandOutput {
    CommandOutput::of(Command::new("sh").args(["-c", line]).output().unwrap())
}

#[test]
fn demo_prints_farms_users_and_usable_examples() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = roamd(&["demo", "--listen", "127.0.0.1:0"]);
    let demo = Server::start(command.env("TMPDIR", temporary.path()), 1);
    assert_eq!(entries(temporary.path()).len(), 1);
    let store = demo.url().to_owned();
    let base = store.strip_suffix("/Citrix/Store").unwrap();

    let [farms @ .., try_curl, try_sessions, try_page, web, ready] = &demo.lines[..] else {
        panic!("{:?}", demo.lines);
    };
    let (farms, users) = farms.split_at(6);
    for (line, expected) in farms.iter().zip([
        "farm XA1 Farm1",
        "farm XA1 Farm1",
        "farm XD5 Farm2",
        "farm XD5 Farm2",
        "farm CVAD Farm3",
        "farm CVAD Farm3",
    ]) {
        let service = line.strip_prefix(expected).unwrap();
        assert!(service.starts_with(" http://127.0.0.1:"), "{line}");
        assert!(service.ends_with("/scripts/wpnbr.dll"), "{line}");
    }
    let expected = ["alice", "bob", "carol"].map(|name| format!(r"user DEMO\{name} roam-demo"));
    assert_eq!(users, expected);
    assert_eq!(*ready, format!("ready {store}"));

    // Each line can be pasted into a shell.
    let ran = run_in_shell(try_curl);
    assert!(ran.code == 0 && ran.out.contains("ListSessions"), "{ran:?}");
    let ran = run_in_shell(try_sessions);
    assert_eq!(ran.code, 0, "{ran:?}");
    for session in ["XA1.MSPaint", "CVAD.Excel"] {
        assert!(ran.out.contains(session), "{session} is not in {}", ran.out);
    }
    assert_eq!(*try_page, format!("{base}/"));
    let page = get(demo.address(), "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert_eq!(*web, format!("web {base}/Citrix/StoreWeb/"));
    let link = format!("<a href=\"{base}/Citrix/StoreWeb/\">");
    assert!(page.contains(&link), "{page}");
    let site = get(demo.address(), "/Citrix/StoreWeb/");
    assert!(site.starts_with("HTTP/1.1 200 OK\r\n"), "{site}");

    let (status, rest) = demo.stop();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    assert_eq!(
        entries(temporary.path()),
        [""; 0],
        "the temporary folder is removed"
    );
}

/// The terminal sends SIGHUP when it closes.
#[test]
fn demo_on_closed_terminal_removes_temporary_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = roamd(&["demo", "--listen", "127.0.0.1:0"]);
    let demo = Server::start(command.env("TMPDIR", temporary.path()), 1);
    let (status, _) = demo.stop_by("HUP");
    assert_eq!(status.code(), Some(0));
    assert_eq!(entries(temporary.path()), [""; 0]);
}

#[test]
fn demo_under_nohup_ignores_sighup() {
    let world = World::new();
    let args = ["demo", "--listen", "127.0.0.1:0", "--data", world.data()];
    let demo = Server::start(&mut wrapped_in(&["nohup"], &args), 1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.pid())).unwrap();
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    // The lowest bit is signal 1, SIGHUP; signal 15 is SIGTERM.
    assert_eq!((caught & 1, caught >> 14 & 1), (0, 1));
    assert_eq!(demo.stop().0.code(), Some(0));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Lists the sessions of alice at a demo.
fn list(store: &str) -> CommandOutput {
    let list = [
        "sessions",
        "list",
        "--client-name",
        "DESK-Q",
        "--store",
        store,
    ];
    let mut command = roamd(&[&list[..], &["--user", r"DEMO\alice"]].concat());
    CommandOutput::of(command.env("ROAMD_PASSWORD", "roam-demo").output().unwrap())
}

/// CQ-49: other machines sign in under the address that they know.
#[test]
fn demo_on_all_addresses_serves_each_under_its_own_url() {
    let args = ["demo", "--listen", "0.0.0.0:0", "--insecure-plain-http"];
    let demo = Server::start(&mut roamd(&args), 1);
    let (_, port) = demo.address().rsplit_once(':').unwrap();
    let interfaces = if_addrs::get_if_addrs().unwrap();
    let addresses = interfaces
        .iter()
        .filter(|it| it.ip().is_ipv4() && !it.is_link_local());
    let addresses = addresses.map(|it| it.ip().to_string());
    for host in addresses.chain(["localhost".to_owned()]) {
        let ran = list(&format!("http://{host}:{port}/Citrix/Store"));
        assert!(
            ran.code == 0 && ran.out.contains("CVAD.Excel"),
            "{host}: {ran:?}"
        );
        // Those that another machine can use are printed.
        let line = format!("address http://{host}:{port}/");
        let is_local = host.starts_with("127.") || host == "localhost";
        assert_ne!(demo.lines.contains(&line), is_local, "{:?}", demo.lines);
    }
    assert_eq!(demo.stop().0.code(), Some(0));
}

#[test]
fn demo_serves_the_given_base_url() {
    let address = unused_address();
    let args = [
        "demo",
        "--listen",
        &address,
        "--base-url",
        "https://demo.example.net",
    ];
    let demo = Server::start(&mut roamd(&args), 1);
    let store = "https://demo.example.net/Citrix/Store";
    assert_eq!(demo.url(), store);
    let page = get(&address, "/");
    assert!(page.contains(store), "{page}");
    let ran = run(&["demo", "--tls", "--base-url", "http://demo.example.net"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("https:// with --tls"), "{ran:?}");
    let ran = run(&["demo", "--base-url", "http://demo.example.net/Citrix"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn demo_with_tls_has_a_certificate_that_clients_can_import() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let start = || {
        let args = ["demo", "--listen", "127.0.0.1:0", "--tls", "--data", data];
        Server::start(&mut roamd(&args), 1)
    };
    let demo = start();
    assert!(
        demo.url().starts_with("https://127.0.0.1:"),
        "{}",
        demo.url()
    );
    let mut lines = demo.lines.iter();
    let certificate = lines
        .find_map(|line| line.strip_prefix("certificate "))
        .unwrap()
        .to_owned();
    let pem = std::fs::read_to_string(&certificate).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    let key = folder.path().join("tls/key.pem");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Without the certificate, the client refuses to sign in. The printed lines name it.
    let ran = list(demo.url());
    assert_ne!(ran.code, 0, "{ran:?}");
    let [.., try_curl, try_sessions, _, _, _] = &demo.lines[..] else {
        panic!("{:?}", demo.lines);
    };
    let ran = run_in_shell(try_curl);
    assert!(ran.code == 0 && ran.out.contains("ListSessions"), "{ran:?}");
    let ran = run_in_shell(try_sessions);
    assert!(ran.code == 0 && ran.out.contains("CVAD.Excel"), "{ran:?}");
    let localhost = demo.url().replace("127.0.0.1", "localhost");
    let ran = run_in_shell(&try_sessions.replace(demo.url(), &localhost));
    assert!(ran.code == 0 && ran.out.contains("CVAD.Excel"), "{ran:?}");
    assert_eq!(demo.stop().0.code(), Some(0));

    // Clients that have imported it need no other one.
    assert_eq!(start().stop().0.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&certificate).unwrap(), pem);

    // A key that does not fit is replaced by a new file, never written into the old one: another
    // user may have that open.
    std::fs::write(&key, "damaged").unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o666)).unwrap();
    let mut old = File::open(&key).unwrap();
    assert_eq!(start().stop().0.code(), Some(0));
    let mut content = String::new();
    old.read_to_string(&mut content).unwrap();
    assert_eq!(content, "damaged");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&key).unwrap();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----"));
    let files = entries(&folder.path().join("tls"));
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn demo_on_busy_port_fails_and_creates_nothing() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("second");
    let ran = run(&[
        "demo",
        "--listen",
        demo.address(),
        "--data",
        data.to_str().unwrap(),
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let expected = format!(
        "roamd: {} is in use by another program; stop it, or pick another port, \
         such as --listen 127.0.0.1:0\n",
        demo.address()
    );
    assert_eq!(ran.err, expected);
    assert!(!Path::new(&data).exists());
}

#[test]
fn demo_data_folder_keeps_sessions_across_runs() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice(&["logoff", "--client-name", "DESK-B"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            0,
            "logged off: Win11Desktop on Farm3\n\
             No session is connected from client DESK-B any more.\n"
        ),
        "{ran:?}"
    );
    demo.stop();
    let demo = Server::demo(&world);
    assert!(
        !world
            .sessions("alice")
            .contains(&"Win11Desktop active DESK-B".into())
    );
    let (status, _) = demo.stop();
    assert_eq!(status.code(), Some(0));
    assert_eq!(world.sessions("alice").len(), 5);
}

#[test]
fn damaged_data_folder_is_refused_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    assert_eq!(run(&["farm", "init", "--data", data]).code, 0);
    let database = entries(folder.path())
        .into_iter()
        .map(|name| folder.path().join(name))
        .find(|path| path.is_file() && std::fs::read(path).unwrap().starts_with(b"SQLite format"))
        .unwrap();
    std::fs::write(&database, "not a database at all").unwrap();
    let ran = run(&["demo", "--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains(database.to_str().unwrap()), "{}", ran.err);
    assert_eq!(std::fs::read(&database).unwrap(), b"not a database at all");
}

#[test]
fn logs_without_terminal_are_json_without_secrets() {
    let world = World::new();
    let path = world.path("log");
    let log = File::create(&path).unwrap();
    let args = ["demo", "--listen", "127.0.0.1:0", "--data", world.data()];
    let demo = Server::start_with_logs(roamd(&args).env("ROAMD_LOG", "trace"), 1, log);
    assert_eq!(
        demo.alice(&["launch", "--app", "Excel", "--output", world.data()])
            .code,
        0
    );
    demo.stop();
    let log = std::fs::read_to_string(path).unwrap();
    let responses = log.lines().filter(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["level"].is_string() && entry["message"] == "Request served"
    });
    assert!(responses.count() > 5);
    for secret in ["roam-demo", "CitrixAuth ", "LogonTicket"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
