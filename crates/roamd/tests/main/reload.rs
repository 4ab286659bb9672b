//! Tests of the reload of the configuration by SIGHUP.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use roamd_store_client::{
    ClientError, Credentials, EnumerationStatus, SessionParams, SessionState, StoreClient,
};
use roamd_testkit::{FarmConfig, ScriptedController, ServerConfig, StoreConfig, line_of};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{
    Server, ServiceManager, World, eventually, roamd, run, self_signed, server_config,
    unused_address, write_configuration,
};

const STORE: &str = "/Citrix/Store";
const LONG: Duration = Duration::from_secs(30);

/// A server under a service manager, whose configuration changes.
struct Reloading {
    world: World,
    config: ServerConfig,
    server: Server,
    manager: ServiceManager,
    log: PathBuf,
}

impl Reloading {
    fn start(stores: Vec<StoreConfig>, lines: &str) -> Self {
        let world = World::new();
        let config = ServerConfig {
            lines: lines.to_owned(),
            ..server_config(&world, &unused_address(), stores)
        };
        Self::start_in(world, config)
    }

    fn start_in(world: World, config: ServerConfig) -> Self {
        let manager = ServiceManager::new(&world);
        let path = write_configuration(&world, &config);
        let log = world.path("log");
        let mut serve = roamd(&["serve", "--config", &path]);
        manager.manages(&mut serve);
        let logs = File::create(&log).unwrap();
        let server = Server::start_with_logs(&mut serve, config.stores.len(), logs);
        let reloading = Self {
            world,
            config,
            server,
            manager,
            log,
        };
        assert_eq!(reloading.manager.next(), "READY=1");
        reloading
    }

    fn file(&self) -> PathBuf {
        self.world.path("roamd.toml")
    }

    /// Writes the configuration and reloads it. Returns the status for the service manager.
    fn reload(&self) -> String {
        write_configuration(&self.world, &self.config);
        self.hang_up()
    }

    /// Writes the configuration and reloads it, which has to succeed.
    fn reload_well(&self) {
        assert_eq!(self.reload(), "");
    }

    /// Sends SIGHUP, and waits for the end of the reload. Returns the status for the service
    /// manager.
    fn hang_up(&self) -> String {
        self.server.hang_up();
        let begin = self.manager.next();
        assert!(begin.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{begin}");
        let end = self.manager.next();
        let status = end.strip_prefix("READY=1\nSTATUS=");
        status.unwrap_or_else(|| panic!("{end}")).to_owned()
    }

    fn client(&self, store: &str, user: &str) -> StoreClient {
        let url = format!("{}{store}", self.config.base_url);
        let credentials = Credentials {
            user_name: format!(r"DEMO\{user}"),
            password: "roam-demo".into(),
        };
        StoreClient::new(url.parse().unwrap(), credentials)
    }

    /// Returns the response to a request, or nothing if the server closes the connection.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.config.listen).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let mut response = String::new();
        // A connection over a limit is closed before the request is read.
        let sent = stream.write_all(request.as_bytes());
        let read = sent.and_then(|()| stream.read_to_string(&mut response));
        drop(read);
        response
    }

    fn metric(&self, name: &str) -> Option<String> {
        let metrics = self.get("/metrics");
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(str::to_owned)
    }

    /// Returns the lines of the log with this message, when there are as many.
    fn logged(&self, message: &str, count: usize) -> Vec<Value> {
        lines_of(&self.log, count, |line| line["message"] == message)
    }

    /// Returns the lines of the audit log with this event, when there are as many.
    fn audited(&self, event: &str, count: usize) -> Vec<Value> {
        let log = Path::new(&self.config.data_dir).join("audit.jsonl");
        lines_of(&log, count, |line| line["event"] == event)
    }
}

/// Returns the lines of a file that match, when there are as many: they are written by another
/// thread.
fn lines_of(file: &Path, count: usize, matches: impl Fn(&Value) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + LONG;
    loop {
        let text = fs::read_to_string(file).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let found: Vec<Value> = lines.filter(&matches).collect();
        if found.len() == count {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "{count} lines: {found:?}\n{text}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn farm(id: &str, controller: &ScriptedController) -> FarmConfig {
    FarmConfig::new(id, controller.url())
}

async fn list(client: &mut StoreClient) -> Result<SessionState, ClientError> {
    let params = SessionParams::new("DESK-A");
    timeout(LONG, client.list(&params)).await.unwrap()
}

/// Lists sessions, and returns their resource ids.
async fn resources(client: &mut StoreClient) -> Vec<String> {
    let state = list(client).await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Full);
    let sessions = state.sessions.into_iter();
    sessions.map(|session| session.resource_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn farms_and_stores_are_added_and_removed() {
    let [a, b, c] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let store = |farms: Vec<FarmConfig>| StoreConfig::new(STORE, farms);
    let other = StoreConfig::new("/Citrix/Other", [farm("C", &c)]);
    let lines = "probe_seconds = 3600";
    let mut server = Reloading::start(vec![store(vec![farm("A", &a)])], lines);
    let mut alice = server.client(STORE, "alice");
    assert_eq!(resources(&mut alice).await, ["A.Ledger"]);

    server.config.stores = vec![store(vec![farm("A", &a), farm("B", &b)]), other];
    server.reload_well();
    // The new store is ready at once: its farm was probed before.
    let ready = server.get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("farm A ready\nfarm B ready\nfarm C ready\n"),
        "{ready}"
    );
    assert_eq!(resources(&mut alice).await, ["A.Ledger", "B.Ledger"]);
    let mut elsewhere = server.client("/Citrix/Other", "alice");
    assert_eq!(resources(&mut elsewhere).await, ["C.Ledger"]);
    assert!(server.get("/").contains("/Citrix/Other"));

    server.config.stores = vec![store(vec![farm("B", &b)])];
    server.reload_well();
    assert_eq!(resources(&mut alice).await, ["B.Ledger"]);
    assert!(list(&mut elsewhere).await.is_err());
    let ready = server.get("/readyz");
    assert!(ready.ends_with("\nfarm B ready\n"), "{ready}");
    let states = |farm| {
        let label = format!("roamd_farm_controller_state{{farm=\"{farm}\"");
        server.get("/metrics").matches(&label).count()
    };
    assert_eq!(["A", "B", "C"].map(states), [0, 4, 0]);

    // Tokens are valid under each configuration.
    server.audited("sign-in", 2);
    server.audited("config-reloaded", 2);
    let logged = server.logged("Configuration reloaded", 2);
    let counts: Vec<_> = logged
        .iter()
        .map(|it| (&it["stores"], &it["farms"]))
        .collect();
    assert_eq!(counts, [(&2.into(), &3.into()), (&1.into(), &1.into())]);
    // One probe of each controller at its start, whatever the number of reloads.
    assert_eq!(b.request_count("Capabilities"), 1);
}

/// SS-71
#[tokio::test(flavor = "multi_thread")]
async fn changed_roaming_policy_holds_for_earlier_sign_ins() {
    let a = ScriptedController::healthy().await;
    let store = |lines: &str| StoreConfig {
        lines: lines.to_owned(),
        ..StoreConfig::new(STORE, [farm("A", &a)])
    };
    let mut server = Reloading::start(vec![store("")], "");
    let mut alice = server.client(STORE, "alice");
    for (lines, expected) in [
        ("", &["A.Ledger"][..]),
        ("[store.roaming]\nsessions = \"same_endpoint_only\"", &[]),
        (
            "[store.roaming]\nsessions = \"disconnected_only\"",
            &["A.Ledger"],
        ),
        // The sign-in does not say whether alice is in the group.
        (
            "[[store.roaming.exception]]\ngroups = [\"S-1-5-32-545\"]\n\
             sessions = \"same_endpoint_only\"",
            &[],
        ),
    ] {
        server.config.stores = vec![store(lines)];
        server.reload_well();
        assert_eq!(resources(&mut alice).await, expected, "{lines}");
    }
    server.audited("sign-in", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_limits_hold_for_open_connections() {
    let a = ScriptedController::healthy().await;
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let mut server = Reloading::start(stores, "");
    // A connection with a valid token is not replaced.
    let mut alice = server.client(STORE, "alice");
    assert_eq!(resources(&mut alice).await, ["A.Ledger"]);
    assert!(server.get("/metrics").starts_with("HTTP/1.1 200"));
    server.config.lines = "metrics_from = []\n[limits]\nconnections_per_client = 1".to_owned();
    server.reload_well();
    assert_eq!(server.get("/healthz"), "");
    server.config.lines = "metrics_from = []\n[limits]\nconnections_per_client = 2".to_owned();
    server.reload_well();
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    // The server may count the connection before this one for a moment longer.
    let metrics = eventually("the connection is not accepted", || {
        Some(server.get("/metrics")).filter(|response| !response.is_empty())
    });
    assert!(metrics.starts_with("HTTP/1.1 404"), "{metrics}");
}

/// A request keeps the farm that it began with, and its permit counts under the new limit.
#[tokio::test(flavor = "multi_thread")]
async fn request_in_progress_finishes_with_its_farm() {
    let [slow, other] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let limited = |concurrency| FarmConfig {
        lines: format!("timeout_ms = 30000\nconcurrency = {concurrency}\nqueue = 0"),
        ..farm("A", &slow)
    };
    let stores = |farm: FarmConfig| vec![StoreConfig::new(STORE, [farm])];
    let mut server = Reloading::start(stores(limited(1)), "");
    let [mut alice, mut bob] = ["alice", "bob"].map(|user| server.client(STORE, user));
    assert_eq!(resources(&mut alice).await, ["A.Ledger"]);
    assert_eq!(resources(&mut bob).await, ["A.Ledger"]);

    slow.make_healthy();
    let until_closed = Arc::new(Semaphore::new(0));
    slow.hold("ReconnectSessionData", &until_closed);
    let in_progress = tokio::spawn(async move { resources(&mut alice).await });
    slow.wait_for_requests("ReconnectSessionData", 1).await;
    slow.make_healthy();
    assert!(list(&mut bob).await.is_err(), "the farm is busy");
    server.reload_well();
    assert!(list(&mut bob).await.is_err(), "the permit is still counted");
    server.config.stores = stores(limited(2));
    server.reload_well();
    assert_eq!(resources(&mut bob).await, ["A.Ledger"]);
    server.config.stores = stores(farm("B", &other));
    server.reload_well();
    assert_eq!(resources(&mut bob).await, ["B.Ledger"]);
    assert!(!in_progress.is_finished());
    until_closed.close();
    assert_eq!(in_progress.await.unwrap(), ["A.Ledger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_certificate_files_are_used() {
    let a = ScriptedController::healthy().await;
    let world = World::new();
    let tls = |name: &str| {
        let [certificate, key] = ["cert", "key"].map(|kind| world.path(&format!("{name}-{kind}")));
        format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}")
    };
    for name in ["old", "new"] {
        let [certificate, key] = ["cert", "key"].map(|kind| world.path(&format!("{name}-{kind}")));
        self_signed(&certificate, &key);
    }
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let config = server_config(&world, &unused_address(), stores);
    let port = config.listen.rsplit(':').next().unwrap();
    let base_url = format!("https://localhost:{port}");
    let config = ServerConfig {
        base_url: base_url.clone(),
        lines: tls("old"),
        ..config
    };
    let (old_lines, new_lines, bad_lines) = (tls("old"), tls("new"), tls("missing"));
    let [old, new] = ["old-cert", "new-cert"].map(|name| world.path(name));
    let trusts = |authority: &Path| {
        let curl = Command::new("curl")
            .args(["--silent", "--fail", "--max-time", "20", "--cacert"])
            .arg(authority)
            .arg(format!("{base_url}/healthz"))
            .output();
        curl.unwrap().status.success()
    };
    let mut server = Reloading::start_in(world, config);
    assert!(trusts(&old) && !trusts(&new));
    server.config.lines = new_lines;
    server.reload_well();
    assert!(trusts(&new) && !trusts(&old));
    server.config.lines = bad_lines;
    assert!(server.reload().contains("has 1 error"));
    assert!(trusts(&new));
    // Without TLS the server would not be what it says it is.
    server.config.lines = String::new();
    assert!(server.reload().contains("[tls]"));
    server.config.lines = old_lines;
    server.reload_well();
    assert!(trusts(&old));
}

/// `roamd reload` says what is in use, or prints each error of the file with its line.
#[tokio::test(flavor = "multi_thread")]
async fn command_reloads_or_prints_the_errors_of_the_file() {
    let [a, b] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let store = |farms: Vec<FarmConfig>| StoreConfig::new(STORE, farms);
    let mut server = Reloading::start(vec![store(vec![farm("A", &a)])], "");
    let mut alice = server.client(STORE, "alice");
    assert_eq!(resources(&mut alice).await, ["A.Ledger"]);

    server.config.stores = vec![store(vec![farm("A", &a), farm("B", &b)])];
    let file = write_configuration(&server.world, &server.config);
    let reloaded = run(&["reload", "--config", &file]);
    let line = "The configuration is in use (stores: 1, farms: 2).\n";
    assert_eq!(
        (reloaded.code, &*reloaded.out),
        (0, line),
        "{}",
        reloaded.err
    );
    assert_eq!(resources(&mut alice).await, ["A.Ledger", "B.Ledger"]);

    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("probe_second = 1\n{good}")).unwrap();
    let refused = run(&["reload", "--data", &server.config.data_dir]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    let error = format!("{file}:1: `probe_second` is not a key");
    assert!(refused.err.contains(&error), "{}", refused.err);
    assert_eq!(resources(&mut alice).await, ["A.Ledger", "B.Ledger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_file_changes_nothing_and_is_reported_with_lines() {
    let a = ScriptedController::healthy().await;
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let server = Reloading::start(stores, "");
    let mut alice = server.client(STORE, "alice");
    let good = fs::read_to_string(server.file()).unwrap();
    let successful = || server.metric("roamd_config_last_reload_successful");
    let used_at = server.metric("roamd_config_last_reload_success_timestamp_seconds");
    assert_eq!(successful().as_deref(), Some("1"));
    let mut refusals = 0;
    let with = |line: &str| format!("metrics_from = []\n{line}\n{good}");
    for (text, reason, expected) in [
        (
            Some(with("probe_second = 1")),
            "invalid",
            "line 2: `probe_second` is not a key",
        ),
        (Some(with("probe_seconds = ")), "invalid", "line 2: "),
        (Some(String::new()), "invalid", "`listen`"),
        (None, "unreadable", "No such file"),
    ] {
        match text {
            Some(text) => fs::write(server.file(), text).unwrap(),
            None => fs::remove_file(server.file()).unwrap(),
        }
        let status = server.hang_up();
        assert!(
            status.starts_with("Configuration not reloaded: "),
            "{status}"
        );
        refusals += 1;
        let message = "Configuration not reloaded; keeping the old one";
        let logged = server.logged(message, refusals);
        let error = logged.last().unwrap()["error"].as_str().unwrap();
        assert!(error.contains(expected), "{error}");
        let audited = server.audited("config-reload-refused", refusals);
        assert_eq!(audited.last().unwrap()["reason"], reason);
        assert_eq!(successful().as_deref(), Some("0"));
        assert_eq!(resources(&mut alice).await, ["A.Ledger"]);
    }
    assert_eq!(
        server.metric("roamd_config_last_reload_success_timestamp_seconds"),
        used_at
    );
    server.reload_well();
    assert_eq!(successful().as_deref(), Some("1"));
    server.audited("config-reloaded", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_needs_a_restart_is_refused_as_a_whole() {
    let a = ScriptedController::healthy().await;
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let mut server = Reloading::start(stores, "");
    let old = server.config.clone();
    let data_dir = server.world.path("elsewhere");
    server.config = ServerConfig {
        listen: unused_address(),
        data_dir: data_dir.display().to_string(),
        lines: "metrics_from = []\n[audit]\nkeep = 3".to_owned(),
        ..old.clone()
    };
    let text = server.config.to_string();
    let status = server.reload();
    for (key, line) in [
        ("`listen`", line_of(&text, "listen")),
        ("`data_dir`", line_of(&text, "data_dir")),
        ("`keep` of [audit]", line_of(&text, "keep")),
    ] {
        let named = format!("{key} (line {line})");
        assert!(status.contains(&named), "{named}: {status}");
    }
    server.config = old;
    let audited = server.audited("config-reload-refused", 1);
    assert_eq!(audited[0]["reason"], "needs-restart");
    assert!(server.get("/metrics").starts_with("HTTP/1.1 200"));
    assert!(!data_dir.exists());
    server.reload_well();
}

/// CA rule 5 of citrixauth.md §7
#[tokio::test(flavor = "multi_thread")]
async fn login_throttle_and_revocations_survive_reloads() {
    let a = ScriptedController::healthy().await;
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let mut server = Reloading::start(stores, "[login_throttle]\nfree_attempts = 2");
    let mut mallory = server.client(STORE, "mallory");
    assert_eq!(resources(&mut mallory).await, ["A.Ledger"]);
    let file = server.file();
    let revoke = [
        "tokens",
        "revoke",
        "--user",
        r"DEMO\mallory",
        "--block",
        "1h",
        "--config",
    ];
    assert_eq!(
        run(&[&revoke[..], &[file.to_str().unwrap()]].concat()).code,
        0
    );
    server.audited("tokens-revoked", 1);
    server.logged("Sign-ins of a user ended by an operator", 1);
    a.set_content(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    for _ in 0..2 {
        assert!(list(&mut server.client(STORE, "alice")).await.is_err());
    }
    server.reload_well();
    a.set_content("ValidateCredentials", "");
    assert!(list(&mut server.client(STORE, "alice")).await.is_err());
    assert!(list(&mut mallory).await.is_err());
    let refused = server.audited("sign-in-refused", 4);
    let reasons: Vec<_> = refused.iter().map(|line| &line["reason"]).collect();
    let expected = ["bad-credentials", "bad-credentials", "throttled", "blocked"];
    assert_eq!(reasons, expected);

    server.config.lines = "[login_throttle]\nfree_attempts = 9".to_owned();
    server.reload_well();
    assert_eq!(
        resources(&mut server.client(STORE, "alice")).await,
        ["A.Ledger"]
    );
    assert!(list(&mut mallory).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_do_not_double_probes() {
    let [kept, changed] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let stores = |queue| {
        let changed = FarmConfig {
            lines: format!("queue = {queue}"),
            ..farm("B", &changed)
        };
        vec![StoreConfig::new(STORE, [farm("A", &kept), changed])]
    };
    let mut server = Reloading::start(stores(0), "probe_seconds = 1");
    for queue in 1..=6 {
        server.config.stores = stores(queue);
        server.reload_well();
    }
    let counts = || [&kept, &changed].map(|it| it.request_count("Capabilities"));
    let before = counts();
    sleep(Duration::from_secs(4)).await;
    for (before, after) in before.into_iter().zip(counts()) {
        // Every 0.8 to 1.2 seconds.
        assert!((2..=6).contains(&(after - before)), "{before} {after}");
    }
    server.config.lines = "probe_seconds = 0".to_owned();
    server.reload_well();
    // A probe that had begun before the reload may still arrive.
    sleep(Duration::from_millis(500)).await;
    let before = counts();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(counts(), before);
}

/// bad-inputs 92
#[tokio::test(flavor = "multi_thread")]
async fn storm_of_hangups_loses_no_request() {
    let a = ScriptedController::healthy().await;
    let stores = vec![StoreConfig::new(STORE, [farm("A", &a)])];
    let server = Reloading::start(stores, "");
    let is_over = Arc::new(AtomicBool::new(false));
    let lists = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..4 {
        let mut client = server.client(STORE, &format!("user{number}"));
        let (is_over, lists) = (Arc::clone(&is_over), Arc::clone(&lists));
        clients.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(resources(&mut client).await, ["A.Ledger"]);
                lists.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    // The service manager reads its notifications.
    server.manager.drain();
    let begin = Instant::now();
    for _ in 0..50 {
        server.server.hang_up();
        sleep(Duration::from_millis(100)).await;
    }
    is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    assert!(lists.load(Ordering::Relaxed) > 20, "{lists:?}");
    let log = fs::read_to_string(&server.log).unwrap();
    let reloads = log.matches("Configuration reloaded").count();
    // At most one a second.
    let seconds = usize::try_from(begin.elapsed().as_secs()).unwrap();
    assert!(
        (2..=seconds + 2).contains(&reloads),
        "{reloads} in {seconds} s"
    );

    // The stop wins over a reload.
    server.server.hang_up();
    let (status, _) = server.server.stop();
    assert_eq!(status.code(), Some(0));
}
