//! The sample configurations of HAProxy and nginx before a group of servers.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use roamd_store_client::{Authorities, Credentials, SessionParams, StoreClient};
use roamd_testkit::{EtcdCluster, FarmConfig, ServerConfig, StoreConfig};
use secrecy::ExposeSecret as _;

use crate::group;
use crate::support::{
    Server, World, eventually, roamd, self_signed, unused_address, unused_address_on,
};

const HAPROXY: &str = include_str!("../../../../samples/haproxy.cfg");
const NGINX: &str = include_str!("../../../../samples/nginx.conf");

/// Addresses of the clients. HAProxy chooses a server for each.
const CLIENTS: [&str; 6] = [
    "127.0.0.11",
    "127.0.0.12",
    "127.0.0.13",
    "127.0.0.14",
    "127.0.0.15",
    "127.0.0.16",
];
const SERVERS: [&str; 3] = ["roamd1", "roamd2", "roamd3"];

/// Returns a proxy: the installed one, or the one that `cargo xtask test` has unpacked.
fn proxy(name: &str) -> Command {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let unpacked = root.join("target").join(name);
    let path = std::env::var_os("PATH").unwrap();
    // On Debian the PATH of ordinary users has no folder for daemons.
    let mut programs = std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), unpacked.join("usr/sbin")])
        .map(|folder| folder.join(name));
    let program = programs.find(|program| program.is_file());
    let mut command = Command::new(
        program.unwrap_or_else(|| panic!("{name} should be there; `cargo xtask test` unpacks it")),
    );
    let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    command
        .env("LD_LIBRARY_PATH", unpacked.join(libraries))
        .stdin(Stdio::null());
    command
}

/// Replaces texts that a sample has to have once.
fn with_values(sample: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(sample.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text.replace(from, to)
    })
}

/// Writes a certificate for `localhost`, and its key to a file of its own and behind it.
fn certificate(world: &World) -> (PathBuf, PathBuf) {
    let (pem, key) = (world.path("store.pem"), world.path("store.key"));
    self_signed(&pem, &key);
    let both = [fs::read(&pem).unwrap(), fs::read(&key).unwrap()].concat();
    fs::write(&pem, both).unwrap();
    (pem, key)
}

/// HAProxy with the sample.
struct HaProxy {
    process: Child,
    socket: PathBuf,
}

impl HaProxy {
    /// Starts it at an address, before these servers.
    fn start(world: &World, certificate: &Path, address: &str, servers: &[String]) -> Self {
        let sample = with_values(
            HAPROXY,
            &[
                (":443", address),
                ("/etc/haproxy/store.pem", certificate.to_str().unwrap()),
                ("10.0.0.1:8080", &servers[0]),
                ("10.0.0.2:8080", &servers[1]),
                ("10.0.0.3:8080", &servers[2]),
            ],
        );
        let (config, more) = (world.path("haproxy.cfg"), world.path("socket.cfg"));
        let socket = world.path("haproxy.sock");
        fs::write(&config, sample).unwrap();
        fs::write(
            &more,
            format!("global\n    stats socket {}\n", socket.display()),
        )
        .unwrap();
        let process = proxy("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(more)
            .arg("-f")
            .arg(config)
            .spawn()
            .unwrap();
        let haproxy = Self { process, socket };
        eventually("HAProxy listens", || haproxy.socket.exists().then_some(()));
        haproxy
    }

    /// Returns a column of the statistics of a server.
    fn statistic(&self, server: &str, column: &str) -> String {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.write_all(b"show stat\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let place = rows.next().unwrap().iter().position(|it| *it == column);
        let row = rows.find(|row| row[..2] == ["roamd", server]).unwrap();
        row[place.unwrap()].to_owned()
    }

    /// Waits until HAProxy knows this status of a server.
    fn wait_for(&self, server: &str, status: &str) {
        eventually(&format!("{server} is {status}"), || {
            let known = self.statistic(server, "status");
            known.starts_with(status).then_some(())
        });
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns a token for the Sessions Service.
fn token(store: &str, certificate: &Path) -> String {
    let credentials = Credentials {
        user_name: r"DEMO\alice".to_owned(),
        password: "roam-demo".into(),
    };
    let authorities = Authorities::from_pem(&fs::read(certificate).unwrap()).unwrap();
    let client = StoreClient::new(store.parse().unwrap(), credentials);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(client.trusting(authorities).token());
    token.unwrap().expose_secret().to_owned()
}

/// Lists sessions again and again until the end, and returns how often, with all failures.
fn list_until(end: &AtomicBool, client: &str, curl: &[&str], url: &str) -> (usize, Vec<String>) {
    let (mut lists, mut failures) = (0, Vec::new());
    while !end.load(Ordering::Relaxed) {
        // A connection each: curl hides a failure on a connection that it had used before.
        let urls = [url; 10];
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--ipv4", "--interface", client])
            .args(["--max-time", "20", "--rate", "10/s"])
            .args(["--http1.1", "--header", "Connection: close"])
            .args(["--write-out", "\n%{http_code}\n"])
            .args(curl)
            .args(urls)
            .output()
            .unwrap();
        lists += urls.len();
        let text = String::from_utf8_lossy(&output.stdout);
        let statuses: Vec<_> = text.lines().filter(|line| !line.starts_with('<')).collect();
        let complete = text.matches("enumeration=\"full\"").count();
        if statuses != ["200"; 10] || complete != urls.len() {
            let errors = String::from_utf8_lossy(&output.stderr);
            failures.push(format!("{statuses:?}, {complete} complete: {errors}"));
        }
    }
    (lists, failures)
}

/// While clients list sessions through HAProxy with the sample configuration, each of three servers
/// of a group is stopped, and later killed with a request in progress, and started again. Every
/// list is complete: requests of the missing server go to another one, also those that it had.
#[test]
fn killed_server_behind_haproxy_fails_no_list() {
    let etcd = EtcdCluster::start(1);
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let (pem, _) = certificate(&world);
    let address = unused_address();
    let port = address.rsplit(':').next().unwrap();
    let base_url = format!("https://localhost:{port}");
    let group = group::sections(&world, &etcd);
    let hosts = ["127.0.0.21", "127.0.0.22", "127.0.0.23"];
    let addresses = hosts.map(unused_address_on);
    let start = |server: usize| {
        let listen = addresses[server].clone();
        let farm = FarmConfig::new("CVAD", format!("http://{}", farm.address()));
        let config = ServerConfig {
            data_dir: world.path(&listen).display().to_string(),
            listen,
            base_url: base_url.clone(),
            lines: format!("trusted_proxies = [\"127.0.0.1\"]\n{group}"),
            stores: vec![StoreConfig::new("/Citrix/Store", [farm])],
        };
        let path = world.path(&format!("{}.toml", SERVERS[server]));
        fs::write(&path, config.to_string()).unwrap();
        let config = path.to_str().unwrap();
        Server::start(&mut roamd(&["serve", "--config", config]), 1)
    };
    let mut servers = [0, 1, 2].map(start).map(Some);
    let haproxy = HaProxy::start(&world, &pem, &address, &addresses);
    for server in SERVERS {
        haproxy.wait_for(server, "UP");
    }

    let token = token(&format!("{base_url}/Citrix/Store"), &pem);
    let authorization = format!("Authorization: CitrixAuth {token}");
    let body = SessionParams::new("KIOSK").to_xml();
    let curl = [
        "--cacert",
        pem.to_str().unwrap(),
        "--header",
        &authorization,
        "--header",
        "Content-Type: application/vnd.citrix.sessionparams+xml",
        "--header",
        "Accept: application/vnd.citrix.sessionstate+xml",
        "--data-binary",
        std::str::from_utf8(&body).unwrap(),
    ];
    let url = format!("{base_url}/Citrix/Store/sessions/v1/available");
    let end = AtomicBool::new(false);
    let results = thread::scope(|scope| {
        let clients = CLIENTS.map(|client| {
            let (end, curl, url) = (&end, &curl, &url);
            scope.spawn(move || list_until(end, client, curl, url))
        });
        for (server, name) in SERVERS.into_iter().enumerate() {
            servers[server].take().unwrap().stop();
            servers[server] = Some(start(server));
            haproxy.wait_for(name, "UP");
            let killed = servers[server].take().unwrap();
            killed.freeze();
            eventually("the server has a request", || {
                (haproxy.statistic(name, "scur") != "0").then_some(())
            });
            killed.kill();
            haproxy.wait_for(name, "DOWN");
            servers[server] = Some(start(server));
            haproxy.wait_for(name, "UP");
        }
        end.store(true, Ordering::Relaxed);
        clients.map(|client| client.join().unwrap())
    });
    let lists: usize = results.iter().map(|(lists, _)| lists).sum();
    let failures: Vec<_> = results.iter().flat_map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "{failures:#?} of {lists} lists");
    let sum = |column| {
        let numbers = SERVERS.map(|server| haproxy.statistic(server, column).parse::<usize>());
        numbers.map(Result::unwrap)
    };
    let (served, redispatched) = (sum("stot"), sum("wredis"));
    assert!(served.iter().all(|count| *count > 0), "{served:?}");
    assert!(redispatched.iter().any(|count| *count > 0));
}

/// HAProxy with the sample sends a list to another server if one ends before its response, and
/// nothing else: a launch or a log off may have had its effect.
#[test]
fn request_without_response_is_sent_again_if_it_is_a_list() {
    let world = World::new();
    let (pem, _) = certificate(&world);
    let (sender, requests) = mpsc::channel();
    let addresses = SERVERS.map(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, sender) = (listener.local_addr().unwrap(), sender.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                if line.contains("/readyz") {
                    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
                } else if sender.send(line).is_err() {
                    break;
                }
            }
        });
        address.to_string()
    });
    let address = unused_address();
    let haproxy = HaProxy::start(&world, &pem, &address, &addresses);
    for server in SERVERS {
        haproxy.wait_for(server, "UP");
    }
    for (method, path, attempts) in [
        ("POST", "Store/sessions/v1/available", 4),
        ("GET", "Store/resources/v2?clientName=KIOSK", 4),
        ("POST", "StoreWeb/Sessions/ListAvailable", 4),
        ("POST", "StoreWeb/Resources/List", 4),
        ("POST", "Store/sessions/v1/QTcx/launch/ica", 1),
        ("POST", "Store/sessions/v1/disconnect", 1),
        ("POST", "Store/sessions/v1/logoff", 1),
        ("POST", "StoreAuth/ExplicitForms/AuthenticateForm", 1),
        ("GET", "StoreWeb/Resources/LaunchIca/QTcx.ica", 1),
    ] {
        let output = Command::new("curl")
            .args(["--silent", "--insecure", "--http1.1", "--request", method])
            .args(["--data", "", "--write-out", "\n%{http_code}"])
            .arg(format!("https://{address}/Citrix/{path}"))
            .output()
            .unwrap();
        let response = String::from_utf8(output.stdout).unwrap();
        assert!(response.ends_with("\n502"), "{path}: {response}");
        assert_eq!(requests.try_iter().count(), attempts, "{method} {path}");
    }
}

/// Both samples are what the programs accept, without warnings.
#[test]
fn samples_of_load_balancers_are_accepted() {
    let world = World::new();
    let (pem, key) = certificate(&world);
    let (pem, key) = (pem.to_str().unwrap(), key.to_str().unwrap());
    let (haproxy, nginx) = (world.path("haproxy.cfg"), world.path("roamd.conf"));
    let address = unused_address();
    fs::write(
        &haproxy,
        with_values(HAPROXY, &[("/etc/haproxy/store.pem", pem)]),
    )
    .unwrap();
    fs::write(
        &nginx,
        with_values(
            NGINX,
            &[
                ("listen 443", &format!("listen {address}")),
                ("/etc/nginx/store.pem", pem),
                ("/etc/nginx/store.key", key),
            ],
        ),
    )
    .unwrap();
    let checked = proxy("haproxy")
        .args(["-c", "-dW", "-f"])
        .arg(&haproxy)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");

    let folder = haproxy.parent().unwrap();
    let whole = folder.join("nginx.conf");
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", folder.join(name).display()))
        .concat();
    fs::write(
        &whole,
        format!(
            "pid {};\nevents {{}}\nhttp {{\naccess_log off;\n{paths}include {};\n}}\n",
            folder.join("nginx.pid").display(),
            nginx.display()
        ),
    )
    .unwrap();
    let checked = proxy("nginx")
        .args(["-t", "-e", "stderr", "-c"])
        .arg(&whole)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&checked.stderr);
    assert!(
        checked.status.success() && !text.contains("[warn]"),
        "{text}"
    );
}
