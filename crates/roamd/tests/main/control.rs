//! Tests of the control socket, and of `roamd status` and `roamd throttle` over it.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, closed_url};
use serde_json::Value;

use crate::citrixauth_client::Client;
use crate::support::{
    CommandOutput, Running, Server, World, eventually, roamd, run, self_signed, server_config,
    unused_address, wrapped_in, write_configuration,
};

/// Connections that the socket serves at the same time.
const CONNECTIONS: usize = 32;

impl Running {
    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.data_dir().join("control.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Sends bytes, and returns all that the server responds until it closes.
    fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may close before it has read everything.
        stream.write_all(bytes).ok();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).ok();
        String::from_utf8_lossy(&response).into_owned()
    }

    fn status(&self) -> CommandOutput {
        run(&["status", "--config", &self.config, "--json"])
    }

    fn throttle(&self, args: &[&str]) -> CommandOutput {
        run(&[&["throttle"], args, &["--config", &self.config]].concat())
    }

    fn audit_lines(&self, event: &str) -> Vec<Value> {
        let ran = run(&[
            "audit",
            "--config",
            &self.config,
            "--event",
            event,
            "--json",
        ]);
        let lines = ran.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A request of a command with these parameters.
fn post(path: &str, length: usize, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: roamd\r\nConnection: close\r\nContent-Length: {length}\r\n\
         \r\n{body}"
    )
}

#[test]
fn status_shows_farms_requests_keys_and_certificate() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| world.path(name));
    self_signed(&certificate, &key);
    let down = closed_url();
    let farms = [
        FarmConfig {
            generation: "cvad-7",
            ..FarmConfig::new("CVAD", format!("http://{}", farm.address()))
        },
        FarmConfig::new("DOWN", down.clone()),
    ];
    let listen = unused_address();
    let config = ServerConfig {
        base_url: format!("https://{listen}"),
        lines: format!(
            "probe_seconds = 1\n[tls]\ncertificate_file = \"{}\"\nkey_file = \"{}\"\n",
            certificate.display(),
            key.display()
        ),
        ..server_config(
            &world,
            &listen,
            vec![StoreConfig::new("/Citrix/Store", farms)],
        )
    };
    let config = write_configuration(&world, &config);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let status = eventually("the controller is not bypassed", || {
        let status = run(&["status", "--config", &config, "--json"]).json();
        let state = |farm: usize| {
            let path = format!("/stores/0/farms/{farm}/controllers/0/state");
            status.pointer(&path).cloned()
        };
        let is_found = state(0) == Some("in-use".into()) && state(1) == Some("bypassed".into());
        is_found.then_some(status)
    });
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["pid"], server.pid());
    assert_eq!(status["listen"], *listen);
    assert_eq!(status["base_urls"][0], format!("https://{listen}"));
    let failed = &status["stores"][0]["farms"][1]["controllers"][0];
    assert_eq!(failed["url"], *down);
    let reason = failed["last_failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("refused"), "{reason}");
    assert!(failed["last_failure"]["time"].is_string(), "{failed}");
    for (path, expected) in [
        ("/stores/0/farms/0/controllers/0/last_failure", Value::Null),
        ("/requests/with_token", 0.into()),
        ("/requests/without_token", 0.into()),
        ("/throttle/held_back/addresses", 0.into()),
        ("/keys/keys/0/seals", true.into()),
        ("/state/error", Value::Null),
        ("/audit/lost/queue", 0.into()),
    ] {
        assert_eq!(status.pointer(path), Some(&expected), "{path}: {status}");
    }
    assert!(status["certificate"]["days_left"].as_i64().unwrap() > 1);

    let table = run(&["status", "--config", &config]);
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    for part in [
        &*format!("process {}, up 0 min", server.pid()),
        "certificate  until ",
        " (0 min old, seals); next rotation ",
        "audit.jsonl: 0 lines written, 0 waiting, 0 lost",
        "CVAD  http://",
        "in use",
        "bypassed",
    ] {
        assert!(table.out.contains(part), "{part}: {}", table.out);
    }
    // It shows no key, which the file has.
    let keys = fs::read_to_string(world.path("state").join("keys")).unwrap();
    let secret = keys.split_whitespace().last().unwrap();
    assert!(secret.len() > 20 && !status.to_string().contains(secret));
    server.stop();
    farm.stop();
}

/// The kernel reports the sender of a command, and not that of a signal.
#[test]
fn reload_by_a_command_names_its_operator() {
    let running = Running::start();
    let reload = ["reload", "--config", &running.config, "--json"];
    let mut command = roamd(&reload);
    command.env("SUDO_USER", "mallory").env("USER", "mallory");
    let ran = CommandOutput::of(command.output().unwrap());
    assert_eq!((ran.code, &ran.json()["farms"]), (0, &1.into()), "{ran:?}");
    running.server.hang_up();
    let lines = eventually("not reloaded twice", || {
        let lines = running.audit_lines("config-reloaded");
        (lines.len() == 2).then_some(lines)
    });
    let id = rustix::process::geteuid().as_raw();
    assert_eq!(lines[0]["operator_id"], id);
    assert!(lines[0]["operator"].is_string(), "{lines:?}");
    assert_ne!(lines[0]["operator"], "mallory");
    assert_eq!(lines[1]["operator"], Value::Null);
    running.stop();
}

#[test]
fn missing_configuration_is_named_with_the_other_way() {
    for args in [
        &["status"][..],
        &["reload"],
        &["throttle", "show"],
        &["tokens", "list", "--user", r"DEMO\alice"],
        &["tokens", "revoke", "--user", r"DEMO\alice"],
        &["audit"],
    ] {
        let ran = run(&[args, &["--config", "/no/such/roamd.toml"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        for part in ["no configuration /no/such/roamd.toml", "with --data"] {
            assert!(ran.err.contains(part), "{args:?}: {ran:?}");
        }
    }
}

#[test]
fn status_of_demo_is_found_in_its_data_folder() {
    let world = World::new();
    let server = Server::demo(&world);
    let ran = run(&["status", "--data", world.data(), "--json"]);
    assert_eq!(ran.json()["pid"], server.pid());
    server.stop();
}

#[test]
fn status_without_server_says_where_it_looked() {
    let running = Running::start();
    let socket = running.data_dir().join("control.sock");
    let file = fs::metadata(&socket).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.mode() & 0o777, 0o600);
    assert_eq!(running.status().code, 0);
    let Running {
        world,
        config,
        server,
        farm,
        ..
    } = running;
    let assert_none = |when: &str| {
        let ran = run(&["status", "--config", &config]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{when}: {ran:?}");
        let path = format!("no server runs here: there is none at {}", socket.display());
        assert!(ran.err.contains(&path), "{when}: {ran:?}");
    };
    // A killed server leaves its socket, which the next one replaces.
    server.kill();
    assert!(socket.exists());
    assert_none("after a kill");
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let ran = run(&["status", "--config", &config, "--json"]);
    assert_eq!(ran.json()["pid"], server.pid());
    server.stop();
    assert!(!socket.exists());
    assert_none("after a stop");
    farm.stop();
    drop(world);
}

#[test]
fn second_server_leaves_socket_of_the_first() {
    let running = Running::start();
    let other = unused_address();
    let text = fs::read_to_string(&running.config).unwrap();
    let path = running.world.path("other.toml");
    fs::write(&path, text.replace(&running.listen, &other)).unwrap();
    let ran = run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("in use by another process"), "{ran:?}");
    assert_eq!(running.status().json()["pid"], running.server.pid());
    running.stop();
}

/// Ten times as many connections as there may be take nothing from users, and commands work again
/// when the idle ones are closed.
#[test]
fn flood_of_the_socket_takes_nothing_from_users() {
    let running = Running::start();
    let flood: Vec<_> = (0..10 * CONNECTIONS).map(|_| running.connect()).collect();
    let started = Instant::now();
    let listed = running.server.alice(&["list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let status = eventually("no command works", || {
        Some(running.status()).filter(|ran| ran.code == 0)
    });
    assert_eq!(status.json()["pid"], running.server.pid());
    assert!(started.elapsed() < Duration::from_secs(30));
    for mut stream in flood {
        assert!(matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_)));
    }
    running.stop();
}

#[test]
fn bad_request_on_the_socket_gets_error_and_no_effect() {
    let running = Running::start();
    let reset = "/throttle/reset";
    let large = format!("{{\"user\":\"{}\"}}", "x".repeat(20_000));
    let head = format!("POST {} HTTP/1.1\r\n\r\n", "/x".repeat(60_000));
    for (what, request, status) in [
        ("unknown command", post("/reload-all", 2, "{}"), "404"),
        (
            "wrong method",
            "GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
            "404",
        ),
        ("no parameters", post(reset, 0, ""), "400"),
        ("rubbish", post(reset, 4, "{\"a\""), "400"),
        ("other parameters", post(reset, 8, "{\"u\": 1}"), "400"),
        ("announced size", post(reset, 1 << 30, ""), "413"),
        ("large parameters", post(reset, large.len(), &large), "413"),
        ("slow parameters", post(reset, 100, "{"), "408"),
        ("long head", head, "4"),
        ("no HTTP", "rubbish\r\n\r\n".to_owned(), "400"),
    ] {
        let response = running.exchange(request.as_bytes());
        let expected = format!("HTTP/1.1 {status}");
        assert!(response.starts_with(&expected), "{what}: {response}");
    }
    // A peer that sends no head, and one that sends it slowly, are closed.
    for sent in ["", "POST /status HTTP/1.1\r\n"] {
        let started = Instant::now();
        let response = running.exchange(sent.as_bytes());
        assert!(!response.contains(" 200 "), "{response}");
        assert!(started.elapsed() < Duration::from_secs(20), "{sent:?}");
    }
    assert_eq!(running.audit_lines("throttle-reset"), [] as [Value; 0]);
    assert_eq!(running.status().code, 0);
    running.stop();
}

/// Runs the command as another user, who may enter the data folder. Returns `None` if this process
/// may not change its user.
fn as_other_user(program: &Path, args: &[&str]) -> Option<CommandOutput> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let user = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let wrapped = wrapped_in(&user, args);
    let mut command = Command::new(wrapped.get_program());
    command.args(user.get(1..).unwrap()).arg(program).args(args);
    Some(CommandOutput::of(command.output().unwrap()))
}

#[test]
fn other_user_cannot_use_the_socket() {
    let running = Running::start();
    let data_dir = running.data_dir();
    let socket = data_dir.join("control.sock");
    // All folders can be entered, as a careless administrator might have it.
    for folder in data_dir.ancestors().take(3) {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    let program = running.world.path("roamd");
    fs::copy(env!("CARGO_BIN_EXE_roamd"), &program).unwrap();
    let args = ["status", "--data", data_dir.to_str().unwrap()];
    for mode in [0o600, 0o666] {
        fs::set_permissions(&socket, Permissions::from_mode(mode)).unwrap();
        let Some(ran) = as_other_user(&program, &args) else {
            return;
        };
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{mode:o}: {ran:?}");
        assert!(
            ran.err.contains("no permission for the control socket"),
            "{mode:o}: {ran:?}"
        );
    }
    assert_eq!(running.status().code, 0);
    running.stop();
}

#[test]
fn reset_user_signs_in_at_once() {
    let running = Running::start();
    let client = Client(running.listen.clone());
    let log_on = |user, password| client.log_on_as(&client.begin(), user, password);
    let is_signed_in = |response: &str| response.contains("<token>");
    let next = |user: &str| {
        let user = format!(r"DEMO\{user}");
        let show = ["show", "--user", &user, "--address", "127.0.0.1", "--json"];
        running.throttle(&show).json()
    };
    // Now this network is known for alice, as that of most users is.
    assert!(is_signed_in(&log_on("alice", "roam-demo")));
    let shown = eventually("alice is not held back", || {
        log_on("alice", "wrong");
        let shown = next("alice");
        let attempts = shown["budgets"][1]["attempts"].as_u64().unwrap();
        (attempts >= 5).then_some(shown)
    });
    assert_eq!(shown["budgets"][1]["budget"], "known-network");
    assert!(shown["budgets"][1]["next"].is_string(), "{shown}");
    assert_eq!(shown["held_back"]["in_known_networks"], 1);
    assert!(!is_signed_in(&log_on("alice", "roam-demo")));
    let table = running.throttle(&["show", "--user", r"DEMO\alice", "--address", "127.0.0.1"]);
    assert!(
        table.out.contains("the user in this known network"),
        "{table:?}"
    );
    let all = running.throttle(&["show"]);
    assert!(
        all.out.contains("users held back: 1 in known networks"),
        "{all:?}"
    );

    let reset = [
        "reset",
        "--user",
        r"demo\ALICE",
        "--reason",
        "ticket \u{202e}4711",
    ];
    let ran = running.throttle(&reset);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let shown = next("alice");
    assert_eq!(shown["budgets"][1]["attempts"], 0);
    assert_eq!(shown["budgets"][1]["last"], Value::Null);
    assert!(is_signed_in(&log_on("alice", "roam-demo")));
    let lines = eventually("no audit line", || {
        Some(running.audit_lines("throttle-reset")).filter(|lines| !lines.is_empty())
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["user"], r"demo\ALICE");
    assert_eq!(lines[0]["note"], "ticket \u{202e}4711");
    let id = rustix::process::geteuid().as_raw();
    assert_eq!(lines[0]["operator_id"], id);
    let operator = lines[0]["operator"].as_str().unwrap();
    if rustix::process::geteuid().is_root() {
        assert_eq!(operator, "root");
    }
    // It survives a restart, as the throttle does.
    let Running {
        world: _world,
        config,
        server,
        farm,
        listen,
    } = running;
    server.kill();
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let client = Client(listen);
    let form = client.begin();
    assert!(is_signed_in(&client.log_on_as(&form, "alice", "roam-demo")));
    server.stop();
    farm.stop();
}
