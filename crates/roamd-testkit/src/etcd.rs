//! Real etcd: members as processes, and their administration over the JSON gateway.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ports::free_address;

/// Time for a cluster to elect its leader.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of operations that etcd takes in a transaction.
const MAX_OPERATIONS: usize = 128;

/// A cluster of etcd, whose members end with it.
pub struct EtcdCluster {
    members: Vec<Member>,
    _folder: TempDir,
}

struct Member {
    command: Vec<String>,
    client: SocketAddr,
    process: Child,
    log: PathBuf,
}

/// Signal for a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Stops it until it continues.
    Stop,
    /// Continues it.
    Continue,
}

impl EtcdCluster {
    /// Starts a cluster with this number of members.
    #[must_use]
    pub fn start(members: usize) -> Self {
        Self::start_with(members, "http", &[])
    }

    /// Starts a cluster whose client port has this scheme, with more arguments for each member.
    #[must_use]
    pub fn start_with(members: usize, scheme: &str, arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let addresses: Vec<_> = (0..members)
            .map(|_| (free_address(), free_address()))
            .collect();
        let peers: Vec<_> = (1..)
            .zip(&addresses)
            .map(|(number, (_, peer))| format!("m{number}=http://{peer}"))
            .collect();
        let peers = peers.join(",");
        let members = (1..).zip(&addresses).map(|(number, (client, peer))| {
            let data = folder.path().join(format!("m{number}"));
            let log = folder.path().join(format!("m{number}.log"));
            let mut command = vec![
                format!("--name=m{number}"),
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls={scheme}://{client}"),
                format!("--advertise-client-urls={scheme}://{client}"),
                format!("--listen-peer-urls=http://{peer}"),
                format!("--initial-advertise-peer-urls=http://{peer}"),
                format!("--initial-cluster={peers}"),
                "--log-level=error".to_owned(),
                // Tests wait for elections, and several clusters share the processors.
                "--heartbeat-interval=100".to_owned(),
                "--election-timeout=1000".to_owned(),
            ];
            command.extend(arguments.iter().map(|&argument| argument.to_owned()));
            Member {
                process: spawn(&command, &log),
                command,
                client: *client,
                log,
            }
        });
        let cluster = Self {
            members: members.collect(),
            _folder: folder,
        };
        if scheme == "http" {
            cluster.wait_for_leader();
        } else {
            for member in &cluster.members {
                wait_for(|| TcpStream::connect(member.client).is_ok(), &member.log);
            }
        }
        cluster
    }

    /// Returns the client addresses of the members.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.members.iter().map(|member| member.client).collect()
    }

    /// Kills a member.
    pub fn kill(&mut self, member: usize) {
        let process = &mut self.members[member].process;
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts a member again that was killed, with its data.
    pub fn restart(&mut self, member: usize) {
        let member = &mut self.members[member];
        member.process = spawn(&member.command, &member.log);
    }

    /// Sends a signal to a member.
    pub fn signal(&self, member: usize, signal: Signal) {
        let name = match signal {
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let id = self.members[member].process.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Returns the index of the leader.
    #[must_use]
    pub fn leader(&self) -> usize {
        let is_leader = |member: &Member| {
            let status = call(member.client, "/v3/maintenance/status", &json!({}));
            status.is_some_and(|it| it["leader"] == it["header"]["member_id"])
        };
        self.members.iter().position(is_leader).unwrap()
    }

    /// Waits until every running member knows the leader.
    pub fn wait_for_leader(&self) {
        for member in &self.members {
            let knows_leader = || {
                let status = call(member.client, "/v3/maintenance/status", &json!({}));
                let read = json!({ "key": BASE64.encode(b"any") });
                let is_ready = call(member.client, "/v3/kv/range", &read).is_some();
                is_ready && status.is_some_and(|it| it["leader"].is_string())
            };
            wait_for(knows_leader, &member.log);
        }
    }

    /// Calls the JSON gateway of the first member that responds.
    #[must_use]
    pub fn call(&self, path: &str, request: &Value) -> Value {
        let mut members = self.members.iter();
        let found = members.find_map(|member| call(member.client, path, request));
        found.unwrap_or_else(|| panic!("no member responds to {path}"))
    }

    /// Returns the keys that begin with a prefix, with their values and leases.
    #[must_use]
    pub fn keys(&self, prefix: &str) -> Vec<(String, String, i64)> {
        let mut end = prefix.as_bytes().to_vec();
        *end.last_mut().unwrap() += 1;
        let request = json!({
            "key": BASE64.encode(prefix.as_bytes()),
            "range_end": BASE64.encode(&end),
        });
        let found = self.call("/v3/kv/range", &request);
        let text = |value: &Value| {
            let bytes = BASE64.decode(value.as_str().unwrap_or_default().as_bytes());
            String::from_utf8_lossy(&bytes.unwrap()).into_owned()
        };
        let key = |kv: &Value| {
            let lease = kv["lease"].as_str().unwrap_or("0").parse().unwrap();
            (text(&kv["key"]), text(&kv["value"]), lease)
        };
        let keys = found["kvs"].as_array().into_iter().flatten().map(key);
        keys.collect()
    }

    /// Ends a lease, with its keys.
    pub fn revoke_lease(&self, lease: i64) {
        drop(self.call("/v3/lease/revoke", &json!({ "ID": lease.to_string() })));
    }

    /// Writes a key.
    pub fn put(&self, key: &str, value: &str) {
        let request = json!({
            "key": BASE64.encode(key.as_bytes()),
            "value": BASE64.encode(value.as_bytes()),
        });
        drop(self.call("/v3/kv/put", &request));
    }

    /// Writes this number of flags of revoked tokens below the prefix of a group, as its servers
    /// do.
    pub fn put_flags(&self, prefix: &str, count: usize) {
        let numbers: Vec<_> = (0..count).collect();
        for numbers in numbers.chunks(MAX_OPERATIONS) {
            let put = |number: &usize| {
                let mut digest = [0; 32];
                digest[..size_of::<usize>()].copy_from_slice(&number.to_be_bytes());
                let digest = BASE64URL_NOPAD.encode(&digest);
                let key = format!("{prefix}flags/revoked-token/{digest}");
                // In the year 2096.
                let value = format!("4000000000000 {number:016x}");
                json!({ "requestPut": {
                    "key": BASE64.encode(key.as_bytes()),
                    "value": BASE64.encode(value.as_bytes()),
                } })
            };
            let puts: Vec<_> = numbers.iter().map(put).collect();
            drop(self.call("/v3/kv/txn", &json!({ "success": puts })));
        }
    }

    /// Forgets all revisions but the newest.
    pub fn compact(&self) {
        let request = json!({ "key": BASE64.encode(b"any") });
        let found = self.call("/v3/kv/range", &request);
        let revision = &found["header"]["revision"];
        let request = json!({ "revision": revision, "physical": true });
        drop(self.call("/v3/kv/compaction", &request));
    }
}

impl Drop for EtcdCluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            // One that was killed already is gone.
            drop(member.process.kill());
            drop(member.process.wait());
        }
    }
}

/// Returns the program: `ROAMD_ETCD`, the one that `cargo xtask test` has unpacked, or that of
/// PATH.
#[must_use]
pub fn etcd_program() -> PathBuf {
    if let Some(program) = std::env::var_os("ROAMD_ETCD") {
        return program.into();
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let unpacked = Path::new(root).join("target/etcd-server/usr/bin/etcd");
    if unpacked.is_file() {
        unpacked
    } else {
        "etcd".into()
    }
}

fn spawn(command: &[String], log: &Path) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(log)
        .unwrap();
    Command::new(etcd_program())
        .args(command)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|_| panic!("etcd should be there; `cargo xtask test` unpacks it"))
}

fn wait_for(mut is_true: impl FnMut() -> bool, log: &Path) {
    let deadline = Instant::now() + START_TIMEOUT;
    while !is_true() {
        let is_late = Instant::now() >= deadline;
        assert!(!is_late, "{}", fs::read_to_string(log).unwrap_or_default());
        sleep(Duration::from_millis(50));
    }
}

/// Returns the response, or `None` if the member does not give one.
fn call(member: SocketAddr, path: &str, request: &Value) -> Option<Value> {
    let timeout = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&member, timeout).ok()?;
    stream.set_read_timeout(Some(timeout)).ok()?;
    let body = request.to_string();
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {member}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut response = String::new();
    stream.read_to_string(&mut response).ok()?;
    let (head, body) = response.split_once("\r\n\r\n")?;
    if !head.contains(" 200 ") {
        return None;
    }
    serde_json::from_str(body).ok()
}
