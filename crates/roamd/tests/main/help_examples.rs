//! Every example in the help of every command works, on servers of this test.
//!
//! The commands are those that have a manual page, so a new one is run without being named here. A
//! new noun has to be added to [`NEEDS`].

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roamd_testkit::{EtcdCluster, etcd_program};
use tempfile::TempDir;

use crate::group;
use crate::home::Home;
use crate::support::{CommandOutput, Server, World, configuration, entries, run, unused_address};

/// What the examples of a command need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The data of the farms, or nothing.
    Files,
    /// A demo, where the user has signed in.
    Store,
    /// A server with a configuration file, and a demo.
    Server,
    /// A server of a group with a configuration file.
    Group,
}

/// What the examples of a command need, and those of the commands below it that are not listed.
const NEEDS: [(&str, Needs); 27] = [
    ("", Needs::Files),
    ("apps", Needs::Store),
    ("audit", Needs::Server),
    ("backup", Needs::Server),
    ("compare", Needs::Store),
    ("completions", Needs::Files),
    ("config", Needs::Server),
    ("demo", Needs::Files),
    ("farm", Needs::Files),
    ("farm connect", Needs::Store),
    ("farm probe", Needs::Server),
    ("group", Needs::Group),
    ("healthcheck", Needs::Server),
    ("keys", Needs::Server),
    ("login", Needs::Store),
    ("logout", Needs::Store),
    ("man", Needs::Files),
    ("profiles", Needs::Store),
    ("reload", Needs::Server),
    ("restore", Needs::Server),
    ("serve", Needs::Files),
    ("sessions", Needs::Store),
    ("status", Needs::Server),
    ("throttle", Needs::Server),
    ("token", Needs::Store),
    ("tokens", Needs::Server),
    ("version", Needs::Files),
];

/// Commands that use the configuration of the system unless they get another one.
const WITH_DEFAULT_CONFIG: [&str; 5] = ["audit", "backup", "restore", "throttle", "tokens"];

/// A world with a host group. That of the demo has none.
const WITH_GROUPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/world.toml");

/// Longest example that a terminal of 80 columns shows on one line.
const LONGEST: usize = 76;

/// What an example has, and why a test cannot run it as written. The values are in
/// [`Place::value`].
const SUBSTITUTIONS: [(&str, Value); 22] = [
    // Files of StoreFront. Those of the samples have warnings, so the exit code is 4.
    (
        "/srv/inetpub/Citrix --output roamd.toml",
        Value::Text(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../roamd-storefront-import/tests/samples --output roamd.toml || test $? = 4"
        )),
    ),
    (
        "farms.json --base-url https://store.example.net",
        Value::Text(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../roamd-storefront-import/tests/samples/farms.json --base-url https://store.example.test || test $? = 4"
        )),
    ),
    // Servers of an administrator.
    ("store.example.net", Value::Store),
    ("a.example.net", Value::Store),
    ("b.example.net", Value::Store),
    ("127.0.0.1:8080", Value::Store),
    (r"LAB\ada", Value::Text(r"DEMO\alice")),
    (r"EXAMPLE\ada", Value::Text(r"DEMO\alice")),
    // Files of the system.
    ("/var/backups/roamd.backup", Value::Text("first.backup")),
    ("/etc/roamd/roamd.toml", Value::Config),
    ("/etc/roamd/cluster.key", Value::Text("cluster.key")),
    ("/etc/bash_completion.d/", Value::Text("./")),
    ("/usr/local/share/man/man1", Value::Text("man/man1")),
    (
        "keys new --data /var/lib/roamd",
        Value::Text("keys new --data new"),
    ),
    ("/var/lib/roamd", Value::DataDir),
    // A server that runs keeps its data folder.
    (
        "restore roamd.backup",
        Value::Text("restore roamd.backup --data restored --config restored.toml"),
    ),
    // Ports that another program may use, and other machines.
    ("0.0.0.0:8443", Value::Text("127.0.0.1:0")),
    ("127.0.0.1:8081", Value::Text("127.0.0.1:0")),
    // A session that exists.
    ("--host 40211 --session 1", Value::Session),
    // A world that exists already.
    (
        "init --data world && roamd farm session list --data world",
        Value::Text("init --data new && roamd farm session list --data new"),
    ),
    ("init --data world", Value::Text("init --data other")),
    // A program that is not everywhere.
    ("| man -l -", Value::Text("| grep -q '^.TH roamd'")),
];

/// A value for an example.
#[derive(Debug, Clone, Copy)]
enum Value {
    Text(&'static str),
    /// URL of the store of the demo.
    Store,
    /// Configuration of the server.
    Config,
    /// Data folder of the server.
    DataDir,
    /// Host and number of a session on the farm XA1.
    Session,
}

/// Passphrase of the backups.
const PASSPHRASE: &str = "correct horse battery";

/// A folder with the world `world`, and the servers.
struct Place {
    folder: TempDir,
    home: Home,
    world: World,
    config: String,
    demo: Option<Server>,
    _servers: Vec<Server>,
    _etcd: Option<EtcdCluster>,
}

impl Place {
    fn new(command: &str, needs: Needs) -> Self {
        let (folder, home) = (tempfile::tempdir().unwrap(), Home::new());
        let world = match command.starts_with("farm group") {
            true => World::described_in(WITH_GROUPS),
            false => World::new(),
        };
        symlink(world.data(), folder.path().join("world")).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/main/data/world.toml");
        fs::copy(source, folder.path().join("world.toml")).unwrap();
        let mut servers = Vec::new();
        let has_demo = matches!(needs, Needs::Store | Needs::Server);
        let demo = has_demo.then(|| Server::demo(&world));
        let farm = match needs {
            Needs::Server | Needs::Group => {
                servers.push(Server::farm(&world, "CVAD"));
                servers[0].address().to_owned()
            }
            Needs::Files | Needs::Store => "127.0.0.1:1".to_owned(),
        };
        let etcd = (needs == Needs::Group).then(|| EtcdCluster::start(1));
        let config = match &etcd {
            Some(etcd) => {
                let key = world.path("cluster.key").display().to_string();
                assert_eq!(run(&["keys", "new", "--cluster", &key]).code, 0);
                group::configuration(&world, etcd, &farm, &key)
            }
            None => configuration(&world, &unused_address(), &[("CVAD", "cvad-7", &farm)]),
        };
        let place = Self {
            folder,
            home,
            world,
            config,
            demo,
            _servers: servers,
            _etcd: etcd,
        };
        place.with_server(needs)
    }

    /// Starts the server of the configuration.
    fn with_server(mut self, needs: Needs) -> Self {
        if matches!(needs, Needs::Server | Needs::Group) {
            let mut serve = self.home.command(&["serve", "--config", &self.config]);
            self._servers.push(Server::start(&mut serve, 1));
        }
        self
    }

    /// Writes the backups that are restored, signs in, and saves the ICA file that a host gets.
    fn prepare(&self, command: &str) {
        fs::write(self.folder.path().join("passphrase"), PASSPHRASE).unwrap();
        if command == "restore" {
            for name in ["first.backup", "roamd.backup"] {
                self.run(&format!("roamd backup {name} --config {}", self.config));
            }
        }
        let Some(demo) = &self.demo else { return };
        self.home.sign_in(
            demo.url(),
            r"DEMO\alice",
            "roam-demo",
            &["--profile", "work"],
        );
        if command == "farm connect" {
            let folder = self.folder.path().to_str().unwrap();
            let launch = ["apps", "launch", "XA1.Notepad", "--output", folder];
            assert_eq!(self.home.run(&launch).code, 0);
            let names = entries(self.folder.path());
            let file = names.iter().find(|it| it.ends_with(".ica")).unwrap();
            let named = self.folder.path().join("XA1.Notepad.ica");
            fs::rename(self.folder.path().join(file), named).unwrap();
        }
    }

    fn value(&self, value: Value) -> String {
        match value {
            Value::Text(text) => text.to_owned(),
            Value::Store => self.demo.as_ref().unwrap().url().to_owned(),
            Value::Config => self.config.clone(),
            Value::DataDir => self.world.path("state").display().to_string(),
            Value::Session => {
                let list = [
                    "farm", "session", "list", "--farm", "XA1", "--json", "--data",
                ];
                let listed = run(&[&list[..], &[self.world.data()]].concat()).json();
                let (host, number) = (&listed[0]["host_id"], &listed[0]["session_id"]);
                format!("--host {} --session {number}", host.as_str().unwrap())
            }
        }
    }

    /// Returns an example as a line that can run here.
    fn line(&self, command: &str, example: &str) -> String {
        let mut line = example.to_owned();
        for (written, value) in SUBSTITUTIONS {
            if line.contains(written) {
                line = line.replace(written, &self.value(value));
            }
        }
        let noun = command.split(' ').next().unwrap();
        let has_server = ["--config", "--data", "--file"]
            .iter()
            .any(|it| line.contains(it));
        if WITH_DEFAULT_CONFIG.contains(&noun) && !has_server {
            line = format!("{line} --config {}", self.config);
        }
        if line == "roamd demo" {
            line.push_str(" --listen 127.0.0.1:0");
        }
        line
    }

    /// Returns a shell that runs a line in the folder.
    fn shell(&self, line: &str) -> Command {
        let roamd = self.home.command(&[]);
        let program = Path::new(roamd.get_program()).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path());
        for (name, value) in roamd.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(demo) = &self.demo {
            shell.env("ROAMD_STORE", demo.url());
        }
        shell
            .env("PATH", path)
            .env("ROAMD_ETCD", etcd_program())
            .env("ROAMD_PASSWORD", "roam-demo")
            .env("ROAMD_PASSPHRASE", PASSPHRASE)
            .env("ROAMD_OPEN", "true")
            .stdin(Stdio::null());
        shell
    }

    /// Runs a line until its end, or a server until it is ready.
    fn run(&self, line: &str) {
        let is_server = ["roamd demo", "roamd serve", "roamd farm serve"]
            .iter()
            .any(|it| line.starts_with(it));
        if is_server {
            let server = Server::start(&mut self.shell(&format!("exec {line}")), 1);
            assert_eq!(server.stop().0.code(), Some(0), "{line}");
        } else if line.contains("--follow") {
            let mut shell = self.shell(&format!("exec {line}"));
            let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
            let mut first = String::new();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut first).unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(first.starts_with("TIME"), "{line}: {first}");
        } else {
            let ran = self.shell(&format!("set -e; {line}")).output().unwrap();
            let ran = CommandOutput::of(ran);
            assert_eq!(ran.code, 0, "{line}: {ran:?}");
            if line.contains("curl") {
                assert!(ran.out.contains("<resources "), "{line}: {ran:?}");
            }
        }
    }
}

/// Returns all commands, by their manual pages.
fn commands() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(&["man", "--output", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pages = entries(folder.path()).into_iter().map(PathBuf::from);
    let pages = pages.filter(|page| page.extension().is_some_and(|it| it == "1"));
    let mut commands: Vec<String> = pages
        .map(|page| {
            let name = page.file_stem().unwrap().to_str().unwrap().to_owned();
            let words = name.strip_prefix("roamd").unwrap().replace('-', " ");
            words.trim().to_owned()
        })
        .collect();
    commands.sort();
    commands
}

/// Returns the examples in the help of a command.
fn examples(command: &str) -> Vec<String> {
    let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
    let ran = run(&args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
    let (_, examples) = ran.out.rsplit_once("\nExample").expect(command);
    let lines = examples.lines().skip(1);
    let lines = lines.map(|line| line.strip_prefix("  ").expect(line).to_owned());
    let lines: Vec<String> = lines.collect();
    // A line that the terminal wraps cannot be copied as one command.
    let longest = lines.iter().map(String::len).max();
    assert!(longest <= Some(LONGEST), "{lines:?}");
    assert!(
        !lines.is_empty() && lines.iter().all(|it| it.contains("roamd ")),
        "{lines:?}"
    );
    lines
}

fn noun(command: &str) -> &str {
    command.split(' ').next().unwrap()
}

/// Returns what the examples of a command need, by the longest entry for it.
fn needs(command: &str) -> Needs {
    let is_of = |name: &str| match command.strip_prefix(name) {
        Some(rest) => rest.is_empty() || (!name.is_empty() && rest.starts_with(' ')),
        None => false,
    };
    let entries = NEEDS.into_iter().filter(|(name, _)| is_of(name));
    let longest = entries.max_by_key(|(name, _)| name.len());
    let (_, needs) = longest.unwrap_or_else(|| panic!("`{command}` is not in NEEDS"));
    needs
}

/// Runs the examples of commands, each command in a place of its own.
fn run_examples(which: impl Fn(&str, Needs) -> bool) {
    let mut examples_run = 0;
    for command in commands() {
        let needs = needs(&command);
        if !which(noun(&command), needs) {
            continue;
        }
        let place = Place::new(&command, needs);
        place.prepare(&command);
        for example in examples(&command) {
            place.run(&place.line(&command, &example));
            examples_run += 1;
        }
    }
    assert!(examples_run > 0);
}

/// Nouns whose examples have a test of their own, because they are many.
const LARGE: [&str; 2] = ["farm", "sessions"];

#[test]
fn examples_of_farm_work() {
    run_examples(|noun, _| noun == "farm");
}

#[test]
fn examples_of_sessions_work() {
    run_examples(|noun, _| noun == "sessions");
}

#[test]
fn examples_of_other_clients_work() {
    run_examples(|noun, needs| needs == Needs::Store && !LARGE.contains(&noun));
}

#[test]
fn examples_of_operators_work() {
    run_examples(|noun, needs| needs == Needs::Server && !LARGE.contains(&noun));
}

#[test]
fn examples_without_server_work() {
    run_examples(|noun, needs| needs == Needs::Files && !LARGE.contains(&noun));
}
