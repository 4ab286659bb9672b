//! Runs the command, and servers that are killed at the end of a test.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use roamd_testkit::{FarmConfig, MockStore, ServerConfig, StoreConfig, free_address};
use serde_json::Value;
use tempfile::TempDir;

/// Returns the command, without the environment variables of the user who runs the tests.
pub(crate) fn roamd(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roamd"));
    command
        .args(args)
        .env_remove("ROAMD_PASSWORD")
        .env_remove("ROAMD_PASSPHRASE")
        .env_remove("ROAMD_LOG")
        .env_remove("ROAMD_STORE")
        .env_remove("ROAMD_USER")
        .env_remove("ROAMD_OPEN")
        // No profiles of this user.
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("XDG_STATE_HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// Returns the command run by wrappers such as `prlimit`, which restrict it.
pub(crate) fn wrapped_in(wrappers: &[&str], args: &[&str]) -> Command {
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

/// Runs the command and waits for its end.
pub(crate) fn run(args: &[&str]) -> CommandOutput {
    CommandOutput::of(roamd(args).output().unwrap())
}

/// Runs the command with a line on its standard input.
pub(crate) fn run_with_line(args: &[&str], line: &str) -> CommandOutput {
    let pipe = Stdio::piped;
    let mut child = roamd(args)
        .stdin(pipe())
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    CommandOutput::of(child.wait_with_output().unwrap())
}

/// Runs a command on a terminal, with an optional shell redirection.
///
/// The output is what the terminal received.
pub(crate) fn on_a_terminal(command: &Command, redirection: &str) -> CommandOutput {
    let line = format!("{} {redirection}", shell_line(command));
    CommandOutput::of(
        script(command, &line)
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    )
}

/// Runs a command on a terminal with this number of columns, and types a text.
///
/// The output is what the terminal received, without the typed text.
pub(crate) fn on_a_terminal_of(columns: u16, command: &Command, typed: &str) -> CommandOutput {
    let line = format!("stty cols {columns} rows 50; {}", shell_line(command));
    let pipe = Stdio::piped;
    let mut child = script(command, &line)
        // The output does not depend on when the text is typed.
        .args(["--echo", "never"])
        .stdin(pipe())
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .unwrap();
    let mut terminal = child.stdin.take().unwrap();
    terminal.write_all(typed.as_bytes()).unwrap();
    let mut ran = CommandOutput::of(child.wait_with_output().unwrap());
    drop(terminal);
    ran.out = ran.out.replace('\r', "");
    ran
}

/// Returns a command as a line of a shell.
fn shell_line(command: &Command) -> String {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let words = words.map(|word| format!("'{}'", word.to_str().unwrap()));
    words.collect::<Vec<_>>().join(" ")
}

/// Returns util-linux's `script`, which runs a line of a shell on a terminal with the environment
/// of a command.
fn script(command: &Command, line: &str) -> Command {
    let mut terminal = Command::new("script");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => terminal.env(name, value),
            None => terminal.env_remove(name),
        };
    }
    terminal
        .args(["--quiet", "--return", "--command", line, "/dev/null"])
        .env("TERM", "xterm");
    terminal
}

/// Exit code and output of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl CommandOutput {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output
                .status
                .code()
                .expect("command should not be killed by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Parses stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("stdout is not JSON: {self:?}"))
    }

    /// Returns one field of each item of the JSON array at a pointer; `-` if it is not a string.
    pub(crate) fn column(&self, list: &str, field: &str) -> Vec<String> {
        let json = self.json();
        let items = json
            .pointer(list)
            .and_then(Value::as_array)
            .expect("should be an array");
        items
            .iter()
            .map(|item| item[field].as_str().unwrap_or("-").into())
            .collect()
    }
}

/// A data folder with the demo world, whose passwords are hashed at low cost.
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

    /// Creates a data folder with the world that a file describes.
    pub(crate) fn described_in(from: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        let ran = run(&["farm", "init", "--data", world.data(), "--from", from]);
        assert_eq!(ran.code, 0, "{ran:?}");
        world
    }

    /// Takes a folder with the data of farms.
    pub(crate) fn in_folder(folder: TempDir) -> Self {
        Self { folder }
    }

    /// Returns the path of the data folder.
    pub(crate) fn data(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Returns a path in a folder for files that are not part of the world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join("files");
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    /// Lists the sessions of a user on the farms, each as `APP STATE CLIENT-NAME`.
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

/// A running server process.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    /// The lines printed up to the last `ready` line.
    pub(crate) lines: Vec<String>,
}

impl Server {
    /// Starts the process and waits for this number of `ready` lines.
    pub(crate) fn start(command: &mut Command, ready_lines: usize) -> Self {
        Self::start_with_logs(command, ready_lines, Stdio::null())
    }

    /// Like [`Server::start`], with logs written to `logs`.
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
                "server ended early: {:?}",
                server.lines
            );
            server.lines.push(line.trim_end().into());
        }
        server
    }

    /// Starts a controller of an embedded farm.
    pub(crate) fn farm(world: &World, id: &str) -> Self {
        let serve = ["farm", "serve", "--data", world.data(), "--farm", id];
        Self::start(
            &mut roamd(&[&serve[..], &["--listen", "127.0.0.1:0"]].concat()),
            1,
        )
    }

    /// Starts a demo on an existing world.
    pub(crate) fn demo(world: &World) -> Self {
        Self::start(
            &mut roamd(&["demo", "--listen", "127.0.0.1:0", "--data", world.data()]),
            1,
        )
    }

    /// Returns the process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the URLs of the `ready` lines.
    pub(crate) fn ready(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line.strip_prefix("ready "))
            .collect()
    }

    /// Returns the URL of the first `ready` line.
    pub(crate) fn url(&self) -> &str {
        self.ready()[0]
    }

    /// Returns host and port of the first `ready` line.
    pub(crate) fn address(&self) -> &str {
        self.url().split('/').nth(2).unwrap()
    }

    /// Runs a subcommand of `roamd sessions` as user alice.
    pub(crate) fn alice(&self, args: &[&str]) -> CommandOutput {
        self.alice_with("sessions", args)
    }

    /// Runs a subcommand of `roamd sessions` or `roamd apps` as user alice.
    pub(crate) fn alice_with(&self, command: &str, args: &[&str]) -> CommandOutput {
        let common = ["--store", self.url(), "--user", r"DEMO\alice"];
        let args = [&[command], args, &common].concat();
        CommandOutput::of(
            roamd(&args)
                .env("ROAMD_PASSWORD", "roam-demo")
                .output()
                .unwrap(),
        )
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        signal(&self.child, "HUP");
    }

    /// Sends SIGTERM and does not wait.
    pub(crate) fn terminate(&self) {
        signal(&self.child, "TERM");
    }

    /// Sends SIGSTOP: connections are open, and nothing responds.
    pub(crate) fn freeze(&self) {
        signal(&self.child, "STOP");
    }

    /// Sends SIGCONT.
    pub(crate) fn unfreeze(&self) {
        signal(&self.child, "CONT");
    }

    /// Stops the process with SIGTERM, and returns its exit status and its output since `ready`.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.stop_by("TERM")
    }

    /// Stops the process with a signal, and returns its exit status and its output since `ready`.
    pub(crate) fn stop_by(mut self, name: &str) -> (ExitStatus, String) {
        signal(&self.child, name);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
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

/// More often than tests need, and for longer than that takes on a slow machine.
const POLL: Duration = Duration::from_millis(100);
const POLLS: usize = 300;

/// Repeats something until it returns a result.
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..POLLS {
        if let Some(result) = attempt() {
            return result;
        }
        thread::sleep(POLL);
    }
    panic!("{what}");
}

/// A server with a configuration, on a farm that works.
pub(crate) struct Running {
    pub(crate) world: World,
    /// Path of the configuration.
    pub(crate) config: String,
    pub(crate) listen: String,
    pub(crate) farm: Server,
    pub(crate) server: Server,
}

impl Running {
    pub(crate) fn start() -> Self {
        let world = World::new();
        let farm = Server::farm(&world, "CVAD");
        let listen = unused_address();
        let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
        let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
        Self {
            world,
            config,
            listen,
            farm,
            server,
        }
    }

    /// Returns the data folder of the server.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.world.path("state")
    }

    /// Stops both.
    pub(crate) fn stop(self) {
        self.server.stop();
        self.farm.stop();
    }
}

/// A service manager, which gets the notifications of a server.
pub(crate) struct ServiceManager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl ServiceManager {
    pub(crate) fn new(world: &World) -> Self {
        let path = world.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let longest = Duration::from_secs(30);
        socket.set_read_timeout(Some(longest)).unwrap();
        Self { socket, path }
    }

    /// Makes the process of a command notify this manager.
    pub(crate) fn manages<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("NOTIFY_SOCKET", &self.path)
    }

    /// Returns the next notification.
    pub(crate) fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    }

    /// Reads all further notifications until none comes for a while.
    pub(crate) fn drain(&self) {
        let socket = self.socket.try_clone().unwrap();
        thread::spawn(move || while socket.recv(&mut [0; 4096]).is_ok() {});
    }
}

/// Writes a configuration for these farms, and returns its path.
///
/// A farm is its id, generation and the address of its controller.
pub(crate) fn configuration(
    world: &World,
    listen: &str,
    farms: &[(&str, &'static str, &str)],
) -> String {
    let farms = farms.iter().map(|(id, generation, controller)| FarmConfig {
        generation,
        ..FarmConfig::new(id, format!("http://{controller}"))
    });
    let store = StoreConfig::new("/Citrix/Store", farms);
    write_configuration(world, &server_config(world, listen, vec![store]))
}

/// Returns a configuration with these stores.
pub(crate) fn server_config(world: &World, listen: &str, stores: Vec<StoreConfig>) -> ServerConfig {
    ServerConfig {
        listen: listen.to_owned(),
        base_url: format!("http://{listen}"),
        data_dir: world.path("state").display().to_string(),
        stores,
        ..ServerConfig::default()
    }
}

/// Writes a configuration, and returns its path.
pub(crate) fn write_configuration(world: &World, config: &ServerConfig) -> String {
    let path = world.path("roamd.toml");
    std::fs::write(&path, config.to_string()).unwrap();
    path.to_str().unwrap().into()
}

/// Returns a subcommand of `roamd sessions` for a mock store.
pub(crate) fn store_command(store: &MockStore, args: &[&str]) -> Command {
    let store = store.url();
    let common = ["--store", &store, "--user", "ada", "--client-name", "KIOSK"];
    let mut command = roamd(&[&["sessions"], args, &common].concat());
    command.env("ROAMD_PASSWORD", "s3cret!");
    command
}

/// Writes a self-signed certificate for `localhost`, and its key with mode 600.
pub(crate) fn self_signed(certificate: &Path, key: &Path) {
    let pair = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    std::fs::write(key, pair.serialize_pem()).unwrap();
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    let pem = params.self_signed(&pair).unwrap().pem();
    std::fs::write(certificate, pem).unwrap();
}

/// Returns an address of 127.0.0.1 with a port that is not in use.
pub(crate) fn unused_address() -> String {
    free_address().to_string()
}

/// Returns an address of `host` with a port that is not in use.
///
/// On a loopback address that no test connects from, the port stays free: the system does not use
/// it for an outgoing connection.
pub(crate) fn unused_address_on(host: &str) -> String {
    TcpListener::bind((host, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

/// Returns the names of all entries of a folder.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
