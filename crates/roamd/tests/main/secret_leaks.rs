//! Secrets do not leak: processes do a typical day's work with all logging on, and no secret is in
//! their output, logs, metrics or files, except for the key files.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::citrixauth_client::{Client, TOKEN, between, token};
use crate::support::{
    CommandOutput, Server, World, configuration, entries, roamd, self_signed, unused_address,
};

const PASSWORD: &str = "Planted-Password-7731";
const WRONG: &str = "Planted-Mistake-9942";
const NEW: &str = "Planted-Change-5518";
const SERVICE_KEY: &str = "Planted-Service-Key-3306";

/// The realm of the store, and the path of its Sessions Service.
const STORE: &str = "store:/Citrix/Store";
const SESSIONS: &str = "/Citrix/Store/sessions/v1";

/// Secrets with their description.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() > 10, "too short for a search: {what}");
        self.0.push((what, secret.to_owned()));
    }

    /// Adds the secrets of a key file or PEM file: every long word.
    fn add_words(&mut self, what: &'static str, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let words = text.split_whitespace().filter(|word| word.len() > 30);
        let before = self.0.len();
        for word in words {
            self.add(what, word);
        }
        assert!(self.0.len() > before, "{what}");
    }

    /// Asserts that no secret is in a text.
    fn assert_absent(&self, place: &str, text: &[u8]) {
        for (what, secret) in &self.0 {
            assert!(!contains(text, secret), "{what} is in {place}");
        }
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|it| it == part.as_bytes())
}

/// The processes of a day's work of user alice, and all that they wrote.
struct Day {
    secrets: Secrets,
    world: World,
    /// Files made by administrators and users, some with secrets. They are not searched.
    inputs: TempDir,
    logs: TempDir,
    /// Description and content of everything that processes wrote.
    written: Vec<(String, Vec<u8>)>,
}

impl Day {
    fn begin() -> Self {
        let inputs = tempfile::tempdir().unwrap();
        let path = |name: &str| inputs.path().join(name);
        let world = include_str!("data/world.toml").replacen("roam-demo", PASSWORD, 1);
        std::fs::write(path("world.toml"), world).unwrap();
        std::fs::write(path("service.key"), format!("{SERVICE_KEY}\n")).unwrap();
        std::fs::set_permissions(path("service.key"), Permissions::from_mode(0o600)).unwrap();
        self_signed(&path("cert.pem"), &path("key.pem"));
        let mut secrets = Secrets::default();
        for (what, secret) in [
            ("a password", PASSWORD),
            ("a wrong password", WRONG),
            ("a new password", NEW),
            ("a service key", SERVICE_KEY),
        ] {
            secrets.add(what, secret);
        }
        secrets.add_words("the key of the certificate", &path("key.pem"));
        let world = World::described_in(path("world.toml").to_str().unwrap());
        Self {
            secrets,
            world,
            inputs,
            logs: tempfile::tempdir().unwrap(),
            written: Vec::new(),
        }
    }

    fn input_path(&self, name: &str) -> PathBuf {
        self.inputs.path().join(name)
    }

    /// Starts a server with all logging on.
    fn start(&self, name: &str, args: &[&str]) -> Server {
        let log = File::create(self.logs.path().join(name)).unwrap();
        Server::start_with_logs(roamd(args).env("ROAMD_LOG", "trace"), 1, log)
    }

    fn start_farm(&self, id: &str) -> Server {
        let args = ["farm", "serve", "--data", self.world.data(), "--farm", id];
        self.start(id, &[&args[..], &["--listen", "127.0.0.1:0"]].concat())
    }

    /// Stops a server, and records what it wrote.
    fn stop(&mut self, name: &str, server: Server) {
        let before = server.lines.join("\n");
        let (status, rest) = server.stop();
        assert_eq!(status.code(), Some(0), "{name}");
        let log = std::fs::read(self.logs.path().join(name)).unwrap();
        self.written
            .push((format!("the output of {name}"), (before + &rest).into()));
        self.written.push((format!("the log of {name}"), log));
    }

    /// Runs a command that must succeed, and records what it wrote.
    fn run(&mut self, command: &mut Command) {
        let ran = CommandOutput::of(command.env("ROAMD_LOG", "trace").output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
        let place = format!("the output of {:?}", command.get_args());
        self.written.push((place, (ran.out + &ran.err).into()));
    }

    /// Runs a subcommand of `roamd farm`.
    fn farm(&mut self, args: &[&str]) {
        let data = ["--data", self.world.data()];
        let mut command = roamd(&[&["farm"], args, &data].concat());
        self.run(&mut command);
    }

    /// Writes the configurations of a server without TLS and of one with TLS.
    ///
    /// Returns both, a client of the first, and the store URL of the second.
    fn configure(&self, farms: &[(&str, &'static str, &str)]) -> ([String; 2], Client, String) {
        let (listen, tls_listen) = (unused_address(), unused_address());
        let config = configuration(&self.world, &listen, farms);
        // Belongs to the last farm.
        let key = format!("service_key_file = {:?}\n", self.input_path("service.key"));
        let text = std::fs::read_to_string(&config).unwrap() + &key;
        std::fs::write(&config, &text).unwrap();
        let base = format!(
            "https://localhost:{}",
            tls_listen.rsplit(':').next().unwrap()
        );
        let tls = text
            .replace(&format!("http://{listen}"), &base)
            .replace(&listen, &tls_listen)
            .replace("/state\"", "/tls-state\"")
            + &format!(
                "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n",
                self.input_path("cert.pem"),
                self.input_path("key.pem")
            );
        let tls_config = self.world.path("tls.toml");
        std::fs::write(&tls_config, tls).unwrap();
        let configs = [config, tls_config.to_str().unwrap().into()];
        (configs, Client(listen), format!("{base}/Citrix/Store"))
    }

    /// Signs in after a wrong password. Returns the primary token and a refreshed store token.
    fn sign_in(&mut self, client: &Client) -> (String, String) {
        let form = client.begin();
        let again = client.log_on(&form, WRONG);
        assert!(again.contains("more-info"), "{again}");
        let secrets = &mut self.secrets;
        secrets.add("a state context", &form.context);
        secrets.add("a state context", between(&again, "<StateContext>", "<"));
        secrets.add("a cookie", form.cookie.split_once('=').unwrap().1);
        let primary = client.sign_in(PASSWORD);
        let service = token(&client.request(TOKEN, &primary, STORE));
        let refreshed = token(&client.refresh(&primary, &service));
        for token in [&primary, &service, &refreshed] {
            secrets.add("a token", token);
        }
        (primary, refreshed)
    }

    /// Launches a session and connects it. Returns the ticket.
    fn launch_session(&mut self, client: &Client, token: &str) -> String {
        let list = session_params("<includeActiveSessions>true</includeActiveSessions>");
        let available = format!("{SESSIONS}/available");
        let listed = client.message(&available, token, "sessionparams", &list);
        let (_, session) = listed.split_once("CVAD.Excel").unwrap();
        let path = format!("/Citrix/{}", between(session, "/Citrix/", "<"));
        let launched = launch(client, token, &path);
        let ticket = between(&launched, "<logonTicket>", "</logonTicket>");
        self.secrets.add("a ticket", ticket);
        let ica = self.input_path("session.ica");
        let file = between(&launched, "<ica>", "</ica>").replace("&#xD;", "\r");
        std::fs::write(&ica, file).unwrap();
        self.farm(&["connect", ica.to_str().unwrap()]);
        ticket.to_owned()
    }

    /// Launches a desktop whose machine is off, with retries until it is on. Returns the ticket.
    fn launch_desktop(&mut self, client: &Client, token: &str) -> String {
        let machine = ["host", "set", "51021", "--farm", "XD5"];
        self.farm(&[&machine[..], &["--power", "off", "--boot-seconds", "600"]].concat());
        let resources = client.resources(token);
        let (_, desktop) = resources.split_once("XD5.Win7Desktop").unwrap();
        let mut url = between(desktop, "<launchica><url>", "<").to_owned();
        for _ in 0..2 {
            let retry = launch(client, token, &url);
            url = between(&retry, "<retry><url>", "</url>").to_owned();
            let key = url.rsplit('/').next().unwrap();
            self.secrets.add("a retry key", key);
        }
        self.farm(&[&machine[..], &["--boot-seconds", "0"]].concat());
        let launched = launch(client, token, &url);
        let ticket = between(&launched, "<logonTicket>", "</logonTicket>");
        self.secrets.add("a ticket", ticket);
        ticket.to_owned()
    }

    /// Changes the password during a sign-in, and uses the new one.
    fn change_password(&mut self, client: &Client) {
        self.farm(&["user", "set", r"DEMO\alice", "--account", "must-change"]);
        let form_response = client.log_on(&client.begin(), PASSWORD);
        let (form, changed) = client.change_password(&form_response, PASSWORD, NEW);
        let primary = token(&changed);
        let service = token(&client.request(TOKEN, &primary, STORE));
        assert_eq!(client.reason(&service), None);
        let secrets = &mut self.secrets;
        secrets.add("a state context", &form.context);
        secrets.add("a cookie", form.cookie.split_once('=').unwrap().1);
        secrets.add("a token", &primary);
        secrets.add("a token", &service);
    }

    /// Lists, launches and disconnects with `roamd` commands.
    fn run_store_commands(&mut self, store: &str) {
        let output = self.input_path("files");
        let launch = [
            "apps",
            "launch",
            "Word",
            "--output",
            output.to_str().unwrap(),
        ];
        for args in [
            &["sessions", "list"],
            &launch[..],
            &["sessions", "disconnect"],
            &["login"],
        ] {
            let common = ["--store", store, "--user", r"DEMO\alice"];
            let mut command = roamd(&[args, &common].concat());
            command
                .env("ROAMD_PASSWORD", NEW)
                .env("SSL_CERT_FILE", self.input_path("cert.pem"))
                .env("XDG_CONFIG_HOME", self.input_path("config"))
                .env("XDG_STATE_HOME", self.input_path("state"));
            self.run(&mut command);
        }
        let [sign_in] = &entries(&self.input_path("state/roamd/sign-ins"))[..] else {
            panic!("there should be one sign-in");
        };
        let sign_in = self.input_path("state/roamd/sign-ins").join(sign_in);
        let sign_in = std::fs::read_to_string(sign_in).unwrap();
        self.secrets
            .add("a token", between(&sign_in, "\"token\": \"", "\""));
        for args in [&["sessions", "list"][..], &["logout"]] {
            let mut command = roamd(args);
            command
                .env("SSL_CERT_FILE", self.input_path("cert.pem"))
                .env("XDG_CONFIG_HOME", self.input_path("config"))
                .env("XDG_STATE_HOME", self.input_path("state"));
            self.run(&mut command);
        }
        let [file] = &entries(&output)[..] else {
            panic!("there should be one ICA file");
        };
        let file = std::fs::read_to_string(output.join(file)).unwrap();
        let ticket = between(&file, "\nLogonTicket=", "\n").trim_end();
        self.secrets.add("a ticket", ticket);
    }

    /// Returns all files of the farms and servers except the key files, whose content is secret.
    fn files(&mut self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files(Path::new(self.world.data()), &mut found);
        let is_key_file = |path: &PathBuf| path.ends_with("keys");
        let (keys, found): (Vec<_>, Vec<_>) = found.into_iter().partition(is_key_file);
        assert_eq!(keys.len(), 2, "{keys:?}");
        for file in keys {
            self.secrets.add_words("a key", &file);
        }
        found
    }
}

fn session_params(more: &str) -> String {
    format!(
        "<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\">\
         <clientName>DESK-C</clientName>{more}</sessionparams>"
    )
}

/// Posts a launch to a path or an absolute URL.
fn launch(client: &Client, token: &str, url: &str) -> String {
    let path = &url[url.find("/Citrix/").unwrap()..];
    let body = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                <clientName>DESK-C</clientName><deviceId>DESK-C</deviceId></launchparams>";
    client.message(path, token, "launchparams", body)
}

/// Adds every file below a folder to `found`.
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
fn secrets_do_not_leak_to_output_logs_metrics_or_files() {
    let mut day = Day::begin();
    let (xd5, cvad) = (day.start_farm("XD5"), day.start_farm("CVAD"));
    let (configs, client, store) = day.configure(&[
        ("XD5", "xendesktop-5", xd5.address()),
        ("CVAD", "cvad-7", cvad.address()),
    ]);
    let [server, tls] = [("server", &configs[0]), ("tls", &configs[1])]
        .map(|(name, config)| day.start(name, &["serve", "--config", config]));

    let (primary, service) = day.sign_in(&client);
    let tickets: String = [
        day.launch_session(&client, &service),
        day.launch_desktop(&client, &service),
    ]
    .map(|ticket| format!("<ticket>{ticket}</ticket>"))
    .concat();
    let given_back = session_params(&format!("<tickets>{tickets}</tickets>"));
    for operation in ["disconnect", "logoff"] {
        let path = format!("{SESSIONS}/{operation}");
        let ended = client.message(&path, &service, "sessionparams", &given_back);
        assert!(ended.contains("status=\"success\""), "{ended}");
    }
    client.destroy(&primary, &service);
    assert_eq!(client.reason(&service).as_deref(), Some("expired"));
    day.change_password(&client);
    day.run_store_commands(&store);
    let metrics = client.send("GET", "/metrics", &[], "");
    day.written.push(("the metrics".into(), metrics.into()));
    for (name, server) in [
        ("server", server),
        ("tls", tls),
        ("XD5", xd5),
        ("CVAD", cvad),
    ] {
        day.stop(name, server);
    }
    let files = day.files();

    // The searched texts are complete: each contains what the process must have written.
    for (place, witness) in [
        ("the log of server", "User signed in"),
        ("the log of server", "Login refused"),
        ("the log of tls", "User signed in"),
        ("the output of server", "ready http://"),
        ("the output of CVAD", "ready http://"),
        ("the metrics", "roamd_farm_operations_total"),
    ] {
        let (_, text) = day.written.iter().find(|(it, _)| it == place).unwrap();
        assert!(contains(text, witness), "{witness}: {place}");
    }
    for name in [
        "farm.db",
        "state/state.db",
        "state/audit.jsonl",
        "tls-state/audit.jsonl",
    ] {
        assert!(files.iter().any(|path| path.ends_with(name)), "{name}");
    }
    for (place, text) in &day.written {
        day.secrets.assert_absent(place, text);
    }
    for file in files {
        let text = std::fs::read(&file).unwrap();
        day.secrets
            .assert_absent(&file.display().to_string(), &text);
    }
}
