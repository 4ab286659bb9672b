//! A day's work of real processes leaves no secret behind: on no terminal, in no log, however much is
//! logged, in no metric, and in no file but the one that is for keys.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::{Client, TOKEN, between, token};
use crate::support::{Ran, Server, World, configuration, entries, nobody, roamd, run, self_signed};

const PASSWORD: &str = "Planted-Password-7731";
const WRONG: &str = "Planted-Mistake-9942";
const NEW: &str = "Planted-Change-5518";
const SERVICE_KEY: &str = "Planted-Service-Key-3306";

const STORE: &str = "store:/Citrix/Store";

/// What nobody may see, and what of it.
#[derive(Default)]
struct Planted(Vec<(&'static str, String)>);

impl Planted {
    fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() > 10, "too short to be found: {what}");
        self.0.push((what, secret.to_owned()));
    }

    /// Takes the secrets of a key file, or of one in PEM: every long word.
    fn add_words(&mut self, what: &'static str, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let words = text.split_whitespace().filter(|word| word.len() > 30);
        let before = self.0.len();
        for word in words {
            self.add(what, word);
        }
        assert!(self.0.len() > before, "{what}");
    }

    /// No part of the text is a secret.
    fn is_not_in(&self, place: &str, text: &[u8]) {
        for (what, secret) in &self.0 {
            assert!(!holds(text, secret), "{what} is in {place}");
        }
    }
}

fn holds(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|it| it == part.as_bytes())
}

/// All that processes wrote.
struct Written {
    folder: tempfile::TempDir,
    /// Where it comes from, and what it is.
    texts: Vec<(String, Vec<u8>)>,
}

impl Written {
    /// Starts a server that logs all there is to log.
    fn start(&self, name: &str, args: &[&str]) -> Server {
        let log = File::create(self.folder.path().join(name)).unwrap();
        Server::start_with_logs(roamd(args).env("ROAMD_LOG", "trace"), 1, log)
    }

    /// Stops it, and keeps what it wrote.
    fn stop(&mut self, name: &str, server: Server) {
        let mut out = server.lines.join("\n");
        let (status, rest) = server.stop();
        assert_eq!(status.code(), Some(0), "{name}");
        out.push_str(&rest);
        self.texts
            .push((format!("the output of {name}"), out.into()));
        let log = std::fs::read(self.folder.path().join(name)).unwrap();
        self.texts.push((format!("the log of {name}"), log));
    }

    /// Runs a command that succeeds.
    fn run(&mut self, command: &mut Command) {
        let ran = Ran::of(command.env("ROAMD_LOG", "trace").output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        self.texts.push((
            format!("the output of {command:?}"),
            (ran.out + &ran.err).into(),
        ));
    }

    fn text(&self, place: &str) -> &[u8] {
        &self.texts.iter().find(|(it, _)| it == place).unwrap().1
    }
}

fn session_params(more: &str) -> String {
    format!(
        "<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\">\
         <clientName>DESK-C</clientName>{more}</sessionparams>"
    )
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_process_tells_a_secret_on_a_terminal_in_a_log_in_a_metric_or_in_a_file() {
    let mut planted = Planted::default();
    for (what, secret) in [
        ("a password", PASSWORD),
        ("a wrong password", WRONG),
        ("a new password", NEW),
        ("a service key", SERVICE_KEY),
    ] {
        planted.add(what, secret);
    }
    // Files that people make, with secrets in them.
    let given = tempfile::tempdir().unwrap();
    let given = |name: &str| given.path().join(name);
    let world = include_str!("data/world.toml").replacen("roam-demo", PASSWORD, 1);
    std::fs::write(given("world.toml"), world).unwrap();
    std::fs::write(given("service.key"), format!("{SERVICE_KEY}\n")).unwrap();
    std::fs::set_permissions(
        given("service.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    self_signed(&given("cert.pem"), &given("key.pem"));
    planted.add_words("the key of the certificate", &given("key.pem"));

    let world = World::described_in(given("world.toml").to_str().unwrap());
    let data = world.data();
    let set = |what: &[&str]| {
        let ran = run(&[&["farm"], what, &["--data", data]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    // A machine that has to be started first, so that a launch is to be tried again.
    let machine = ["host", "set", "51021", "--farm", "XD5"];
    set(&[&machine[..], &["--power", "off", "--boot-seconds", "600"]].concat());

    let mut written = Written {
        folder: tempfile::tempdir().unwrap(),
        texts: Vec::new(),
    };
    let farm = |id: &str| {
        let args = ["farm", "serve", "--data", data, "--farm", id];
        written.start(id, &[&args[..], &["--listen", "127.0.0.1:0"]].concat())
    };
    let (xd5, cvad) = (farm("XD5"), farm("CVAD"));

    // A gateway in the clear, and one behind TLS.
    let farms = [
        ("XD5", "xendesktop-5", xd5.address()),
        ("CVAD", "cvad-7", cvad.address()),
    ];
    let listen = nobody();
    let config = configuration(&world, &listen, &farms);
    let mut text = std::fs::read_to_string(&config).unwrap();
    text += &format!("service_key_file = {:?}\n", given("service.key"));
    std::fs::write(&config, &text).unwrap();
    let gateway = written.start("gateway", &["serve", "--config", &config]);
    let port = listen.rsplit(':').next().unwrap();
    let (tls_listen, base) = (nobody(), format!("base_url = \"http://127.0.0.1:{port}\""));
    let tls_port = tls_listen.rsplit(':').next().unwrap();
    let text = text
        .replace(
            &base,
            &format!("base_url = \"https://localhost:{tls_port}\""),
        )
        .replace(&listen, &tls_listen)
        .replace("/state\"", "/tls-state\"");
    let tls = format!(
        "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n",
        given("cert.pem"),
        given("key.pem")
    );
    let tls_config = world.path("tls.toml");
    std::fs::write(&tls_config, text + &tls).unwrap();
    let tls_config = tls_config.to_str().unwrap();
    let behind_tls = written.start("tls", &["serve", "--config", tls_config]);

    // The sign-in, once with a wrong password.
    let client = Client(listen);
    let form = client.begin();
    let again = client.log_on(&form, WRONG);
    assert!(again.contains("more-info"), "{again}");
    planted.add("a state context", &form.context);
    planted.add("a state context", between(&again, "<StateContext>", "<"));
    let cookie = form.cookie.split_once('=').unwrap().1;
    planted.add("a cookie", cookie);
    let primary = client.sign_in(PASSWORD);
    let service = token(&client.request(TOKEN, &primary, STORE));
    let refreshed = token(&client.refresh(&primary, &service));
    for token in [&primary, &service, &refreshed] {
        planted.add("a token", token);
    }

    // A session that is found and launched, and a host that takes the client.
    let sessions = "/Citrix/Store/sessions/v1";
    let list = session_params("<includeActiveSessions>true</includeActiveSessions>");
    let available = format!("{sessions}/available");
    let listed = client.message(&available, &refreshed, "sessionparams", &list);
    let launch = |url: &str| {
        let path = &url[url.find("/Citrix/").unwrap()..];
        let body = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                    <clientName>DESK-C</clientName><deviceId>DESK-C</deviceId></launchparams>";
        client.message(path, &refreshed, "launchparams", body)
    };
    let excel = listed.split("CVAD.Excel").nth(1).unwrap();
    let url = format!("/Citrix/{}", between(excel, "/Citrix/", "<"));
    let launched = launch(&url);
    let ticket = between(&launched, "<logonTicket>", "</logonTicket>");
    planted.add("a ticket", ticket);
    let file = between(&launched, "<ica>", "</ica>").replace("&#xD;", "\r");
    std::fs::write(given("it.ica"), file).unwrap();
    let ica = given("it.ica");
    written.run(&mut roamd(&[
        "farm",
        "connect",
        "--data",
        data,
        ica.to_str().unwrap(),
    ]));

    // A desktop whose machine is off: the launch is tried again until it is on.
    let resources = client.resources(&refreshed);
    let desktop = resources.split("XD5.Win7Desktop").nth(1).unwrap();
    let desktop = between(desktop, "<launchica><url>", "<");
    let retry = launch(desktop);
    let retry = between(&retry, "<retry><url>", "</url>");
    planted.add("a retry key", retry.rsplit('/').next().unwrap());
    let second = launch(retry);
    let second = between(&second, "<retry><url>", "</url>");
    planted.add("a retry key", second.rsplit('/').next().unwrap());
    set(&[&machine[..], &["--boot-seconds", "0"]].concat());
    let launched = launch(second);
    let unused = between(&launched, "<logonTicket>", "</logonTicket>");
    planted.add("a ticket", unused);

    // The end of the sessions, with tickets given back, and of the token.
    let tickets = format!("<tickets><ticket>{ticket}</ticket><ticket>{unused}</ticket></tickets>");
    for operation in ["disconnect", "logoff"] {
        let path = format!("{sessions}/{operation}");
        let ended = client.message(
            &path,
            &refreshed,
            "sessionparams",
            &session_params(&tickets),
        );
        assert!(ended.contains("status=\"success\""), "{ended}");
    }
    client.destroy(&primary, &refreshed);
    assert_eq!(client.reason(&refreshed).as_deref(), Some("expired"));

    // Another password, and with it the commands, over TLS.
    set(&["user", "set", r"DEMO\alice", "--account", "must-change"]);
    let form = client.begin();
    let (asked, changed) = client.change_password(&client.log_on(&form, PASSWORD), PASSWORD, NEW);
    planted.add("a state context", &asked.context);
    planted.add("a cookie", asked.cookie.split_once('=').unwrap().1);
    let primary = token(&changed);
    planted.add("a token", &primary);
    let service = token(&client.request(TOKEN, &primary, STORE));
    assert_eq!(client.reason(&service), None);
    planted.add("a token", &service);
    let store = format!("https://localhost:{tls_port}/Citrix/Store");
    let output = given("files");
    for args in [
        &["sessions", "list"][..],
        &[
            "apps",
            "launch",
            "Word",
            "--output",
            output.to_str().unwrap(),
        ],
        &["sessions", "disconnect"],
    ] {
        let common = ["--store", &store, "--user", r"DEMO\alice"];
        let mut command = roamd(&[args, &common].concat());
        written.run(
            command
                .env("ROAMD_PASSWORD", NEW)
                .env("SSL_CERT_FILE", given("cert.pem")),
        );
    }
    let [file] = &entries(&output)[..] else {
        panic!("one ICA file");
    };
    let file = std::fs::read_to_string(output.join(file)).unwrap();
    planted.add(
        "a ticket",
        between(&file, "\nLogonTicket=", "\n").trim_end(),
    );

    let metrics = client.send("GET", "/metrics", &[], "");
    assert!(metrics.contains("roamd_farm_operations_total"), "{metrics}");
    written.texts.push(("the metrics".into(), metrics.into()));
    for (name, server) in [
        ("gateway", gateway),
        ("tls", behind_tls),
        ("XD5", xd5),
        ("CVAD", cvad),
    ] {
        written.stop(name, server);
    }

    // What is looked through is what there is: it holds what it should.
    for (place, witness) in [
        ("the log of gateway", "Signed in"),
        ("the log of gateway", "Sign-in refused"),
        ("the log of tls", "Signed in"),
        ("the output of CVAD", "ready http://"),
        ("the output of gateway", "ready http://"),
    ] {
        assert!(holds(written.text(place), witness), "{witness}: {place}");
    }
    let mut found = Vec::new();
    files(Path::new(data), &mut found);
    let (keys, found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|path| path.ends_with("keys"));
    assert_eq!(keys.len(), 2, "{keys:?}");
    for file in &keys {
        planted.add_words("a key", file);
    }
    for name in [
        "farm.db",
        "state/state.db",
        "state/audit.jsonl",
        "tls-state/audit.jsonl",
    ] {
        assert!(
            found.iter().any(|path| path.ends_with(name)),
            "{name}: {found:?}"
        );
    }
    for (place, text) in &written.texts {
        planted.is_not_in(place, text);
    }
    for file in found {
        planted.is_not_in(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}
