//! The dashboard and the alerts of `dist/`, and the metrics of a server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use roamd_testkit::{EtcdCluster, FarmConfig, ScriptedController, ServerConfig, StoreConfig};
use serde_json::Value;

use crate::group::sections;
use crate::support::{
    Server, World, roamd, self_signed, server_config, unused_address, write_configuration,
};

const DASHBOARD: &str = include_str!("../../../../dist/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../../dist/prometheus-alerts.yml");
const OPERATING: &str = include_str!("../../../../docs/operating.md");

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Runs promtool on a file of `dist/`, and returns its output.
fn promtool(command: [&str; 2], file: &str) -> String {
    let unpacked = root().join("target/prometheus/usr/bin/promtool");
    let program = if unpacked.is_file() {
        unpacked
    } else {
        PathBuf::from("promtool")
    };
    let output = Command::new(program)
        .args(command)
        .arg(root().join("dist").join(file))
        .output()
        .expect("promtool should be there; `cargo xtask test` unpacks it");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

/// Gets a document of a server whose certificate is its own.
fn get(url: &str) -> String {
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--insecure", url])
        .output()
        .expect("curl should be there; `cargo xtask test` installs it");
    assert!(curl.status.success(), "{curl:?}");
    String::from_utf8(curl.stdout).unwrap()
}

/// Names of metrics in a text.
fn metrics(text: &str) -> BTreeSet<&str> {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = text.split(is_separator);
    words.filter(|word| word.starts_with("roamd_")).collect()
}

/// Names of the series that a server exposes, or will expose after the first event.
fn exposed(metrics: &str) -> BTreeSet<String> {
    let types = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let series = types.flat_map(|line| {
        let (name, kind) = line.split_once(' ').unwrap();
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "gauge" => &[""],
            _ => panic!("{line}"),
        };
        suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
    });
    series.collect()
}

#[test]
fn alerts_are_valid_and_fire_when_they_should() {
    let checked = promtool(["check", "rules"], "prometheus-alerts.yml");
    let alerts = ALERTS.matches("- alert: ").count();
    assert!(
        checked.contains(&format!("{alerts} rules found")),
        "{checked}"
    );
    promtool(["test", "rules"], "prometheus-alerts.test.yml");
}

#[test]
fn every_alert_is_a_row_of_the_documents() {
    let alerts = ALERTS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let rows: Vec<_> = OPERATING
        .lines()
        .filter(|line| line.starts_with("| `Roamd"))
        .collect();
    for alert in alerts {
        let name = format!("`{alert}`");
        assert!(rows.iter().any(|row| row.contains(&name)), "{alert}");
    }
}

/// A metric of the dashboard or an alert that does not exist would show nothing, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_alerts_name_metrics_that_a_server_exposes() {
    // Its refusals of probes are counted, too.
    let farm = ScriptedController::refusing().await;
    let world = World::new();
    let (certificate, key) = (world.path("cert.pem"), world.path("key.pem"));
    self_signed(&certificate, &key);
    let listen = unused_address();
    let store = StoreConfig::new("/Citrix/Store", [FarmConfig::new("ONE", farm.url())]);
    // A server of a group has metrics of its own.
    let etcd = EtcdCluster::start(1);
    let config = ServerConfig {
        base_url: format!("https://{listen}"),
        lines: format!(
            "probe_seconds = 1\n[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n\
             {}\n",
            sections(&world, &etcd)
        ),
        ..server_config(&world, &listen, vec![store])
    };
    let config = write_configuration(&world, &config);
    let _server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    farm.wait_for_requests("Capabilities", 1).await;
    let begin = Instant::now();
    let exposed = loop {
        // The first response is in the metrics of the second.
        let exposed = exposed(&get(&format!("https://{listen}/metrics")));
        let missing = |metric: &str| !exposed.contains(metric);
        if !missing("roamd_farm_refusals_total") && !missing("roamd_http_responses_total") {
            break exposed;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{exposed:#?}");
    };
    for (file, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS)] {
        let used = metrics(text);
        assert!(used.len() > 10, "{file}: {used:?}");
        for metric in used {
            assert!(
                exposed.contains(metric),
                "{file}: {metric} is not in {exposed:#?}"
            );
        }
    }
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "ids of panels are unique");
}
