//! Running the command, and servers that live as long as a test.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The command, without any setting of the person who runs the tests.
pub(crate) fn roamd(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roamd"));
    command
        .args(args)
        .env_remove("ROAMD_PASSWORD")
        .env_remove("ROAMD_LOG")
        .env_remove("ROAMD_STORE")
        .env_remove("ROAMD_USER")
        .env_remove("ROAMD_OPEN")
        .stdin(Stdio::null());
    command
}

/// The command behind others, which decide what it may do.
pub(crate) fn behind(wrappers: &[&str], args: &[&str]) -> Command {
    let command = roamd(args);
    let mut wrapped = Command::new(wrappers[0]);
    wrapped
        .args(&wrappers[1..])
        .arg(command.get_program())
        .args(args);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Runs the command to its end.
pub(crate) fn run(args: &[&str]) -> Ran {
    Ran::of(roamd(args).output().unwrap())
}

/// Runs the command with a line on its standard input.
pub(crate) fn run_with_line(args: &[&str], line: &str) -> Ran {
    let pipe = Stdio::piped;
    let mut child = roamd(args)
        .stdin(pipe())
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

/// Runs a command as a person does: with a terminal, perhaps with some of its output elsewhere. The
/// terminal's picture is its output.
pub(crate) fn on_a_terminal(command: &Command, redirection: &str) -> Ran {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let line: String = words
        .map(|word| format!("'{}' ", word.to_str().unwrap()))
        .collect();
    let mut terminal = Command::new("script");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => terminal.env(name, value),
            None => terminal.env_remove(name),
        };
    }
    let line = format!("{line}{redirection}");
    let output = terminal
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output();
    Ran::of(output.unwrap())
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the command was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Its result as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// One field of each item of a JSON list.
    pub(crate) fn column(&self, list: &str, field: &str) -> Vec<String> {
        let json = self.json();
        let items = json
            .pointer(list)
            .and_then(Value::as_array)
            .expect("a list");
        items
            .iter()
            .map(|item| item[field].as_str().unwrap_or("-").into())
            .collect()
    }
}

/// A folder with the demo world, made cheaply.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::described_in(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/main/data/world.toml"
        ))
    }

    /// A folder with the world of a file.
    pub(crate) fn described_in(from: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        let ran = run(&["farm", "init", "--data", world.data(), "--from", from]);
        assert_eq!(ran.code, 0, "{ran:?}");
        world
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// A path in a place of its own, apart from the world's files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join("files");
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    /// `app state client_name` of each of a user's sessions, as the farms know them.
    pub(crate) fn sessions(&self, user: &str) -> Vec<String> {
        let data = self.data();
        let ran = run(&[
            "farm", "session", "list", "--data", data, "--user", user, "--json",
        ]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let column = |field| ran.column("", field).into_iter();
        column("app")
            .zip(column("state"))
            .zip(column("client_name"))
            .map(|((app, state), client)| format!("{app} {state} {client}"))
            .collect()
    }
}

/// A command that serves until it is told to stop.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The lines that it printed until it was ready.
    pub(crate) lines: Vec<String>,
}

impl Server {
    /// Starts it and waits for its last `ready` line.
    pub(crate) fn start(command: &mut Command, ready_lines: usize) -> Self {
        Self::start_with_logs(command, ready_lines, Stdio::null())
    }

    /// The same, with its logs going somewhere.
    pub(crate) fn start_with_logs(
        command: &mut Command,
        ready_lines: usize,
        logs: impl Into<Stdio>,
    ) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(logs).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            out,
            lines: Vec::new(),
        };
        while server.ready().len() < ready_lines {
            let mut line = String::new();
            assert_ne!(
                server.out.read_line(&mut line).unwrap(),
                0,
                "ended: {:?}",
                server.lines
            );
            server.lines.push(line.trim_end().into());
        }
        server
    }

    /// The only controller of a farm of a world.
    pub(crate) fn farm(world: &World, id: &str) -> Self {
        let serve = ["farm", "serve", "--data", world.data(), "--farm", id];
        Self::start(
            &mut roamd(&[&serve[..], &["--listen", "127.0.0.1:0"]].concat()),
            1,
        )
    }

    /// A demo on a world.
    pub(crate) fn demo(world: &World) -> Self {
        Self::start(
            &mut roamd(&["demo", "--listen", "127.0.0.1:0", "--data", world.data()]),
            1,
        )
    }

    /// Number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The URLs of its `ready` lines.
    pub(crate) fn ready(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line.strip_prefix("ready "))
            .collect()
    }

    /// The first of them.
    pub(crate) fn url(&self) -> &str {
        self.ready()[0]
    }

    /// Host and port of the first of them.
    pub(crate) fn address(&self) -> &str {
        self.url().split('/').nth(2).unwrap()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command of `roamd sessions` as alice.
    pub(crate) fn alice(&self, args: &[&str]) -> Ran {
        self.alice_with("sessions", args)
    }

    /// The same of another client of the store.
    pub(crate) fn alice_with(&self, client: &str, args: &[&str]) -> Ran {
        let common = ["--store", self.url(), "--user", r"DEMO\alice"];
        let args = [&[client], args, &common].concat();
        Ran::of(
            roamd(&args)
                .env("ROAMD_PASSWORD", "roam-demo")
                .output()
                .unwrap(),
        )
    }

    /// Tells it to stop, and does not wait until it has.
    pub(crate) fn terminate(&self) {
        signal(&self.child, "TERM");
    }

    /// Stops it as an init system does, and gives what it printed after it was ready.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.stop_by("TERM")
    }

    /// The same by another signal.
    pub(crate) fn stop_by(mut self, name: &str) -> (ExitStatus, String) {
        signal(&self.child, name);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// Kills it: it has no moment to say good-bye in.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

/// Writes a configuration of a gateway before farms: id, generation, and where its controller is.
pub(crate) fn configuration(world: &World, listen: &str, farms: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "listen = \"{listen}\"\nbase_url = \"http://{listen}\"\ndata_dir = {:?}\n\
         [[store]]\npath = \"/Citrix/Store\"\n",
        world.path("state")
    );
    for (id, generation, controller) in farms {
        text += &format!(
            "[[store.farm]]\nid = \"{id}\"\nname = \"{id}\"\ngeneration = \"{generation}\"\n\
             controllers = [\"http://{controller}\"]\n"
        );
    }
    let path = world.path("roamd.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().into()
}

/// Makes a certificate for `localhost`, which is its own authority, and its key, which is for us alone.
pub(crate) fn self_signed(certificate: &Path, key: &Path) {
    let pair = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    std::fs::write(key, pair.serialize_pem()).unwrap();
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    let pem = params.self_signed(&pair).unwrap().pem();
    std::fs::write(certificate, pem).unwrap();
}

/// An address where nobody listens.
pub(crate) fn nobody() -> String {
    nobody_on("127.0.0.1")
}

/// The same on another address of this machine. Nobody connects from there, so no connection is given
/// the port before a server is.
pub(crate) fn nobody_on(host: &str) -> String {
    TcpListener::bind((host, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

/// The names of what is in a folder.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
