//! Log lines and traces of a server process, with a collector of spans in the test.

use std::fs::File;
use std::time::{Duration, Instant};

use roamd_testkit::{FarmConfig, Script, ScriptedController, StoreConfig, closed_url};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::citrixauth_client::{Client, TOKEN, between, token};
use crate::support::{Server, World, roamd, server_config, unused_address, write_configuration};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const STATE: &str = "vendor=value";
const PARAMS: &str = "<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/\
                      sessionparams\"><clientName>DESK-A</clientName></sessionparams>";

/// A server with two scripted farms, and what it wrote.
struct Traced {
    world: World,
    server: Server,
    farms: [ScriptedController; 2],
}

impl Traced {
    /// Starts the server with these lines of `[tracing]`. Its clients are trusted proxies.
    async fn start(tracing: &str) -> Self {
        let (one, two) = (
            ScriptedController::healthy().await,
            ScriptedController::healthy().await,
        );
        let world = World::new();
        let listen = unused_address();
        let farms = [
            FarmConfig::new("ONE", one.url()),
            FarmConfig::new("TWO", two.url()),
        ];
        let store = StoreConfig::new("/Citrix/Store", farms);
        let mut config = server_config(&world, &listen, vec![store]);
        config.lines = format!(
            "trusted_proxies = [\"127.0.0.1\"]\n[tracing]\n{tracing}\n[authentication]\n\
             credentials = \"ONE\"\n"
        );
        let config = write_configuration(&world, &config);
        let logs = File::create(world.path("log")).unwrap();
        let serve = &mut roamd(&["serve", "--config", &config]);
        let server = Server::start_with_logs(serve.env("ROAMD_LOG", "debug"), 1, logs);
        Self {
            world,
            server,
            farms: [one, two],
        }
    }

    fn client(&self) -> Client {
        Client(self.server.address().to_owned())
    }

    /// Signs alice in, and returns a token of the store.
    fn sign_in(&self) -> String {
        let client = self.client();
        let primary = client.sign_in("roam-demo");
        token(&client.request(TOKEN, &primary, "store:/Citrix/Store"))
    }

    /// Lists sessions with a trace context. Returns the response.
    fn list(&self, token: &str) -> String {
        let authorization = format!("CitrixAuth {token}");
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", "application/vnd.citrix.sessionparams+xml"),
            ("traceparent", &*parent),
            ("tracestate", STATE),
            ("X-Forwarded-For", "192.0.2.7"),
        ];
        let path = "/Citrix/Store/sessions/v1/available";
        let response = self.client().send("POST", path, &headers, PARAMS);
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        response
    }

    /// Value of a counter with this begin of its line.
    fn metric(&self, series: &str) -> u64 {
        let metrics = self.client().send("GET", "/metrics", &[], "");
        let value = metrics.lines().find_map(|line| line.strip_prefix(series));
        value
            .unwrap_or_else(|| panic!("{metrics}"))
            .trim()
            .parse()
            .unwrap()
    }

    /// Stops the server, and returns the lines of its log.
    fn stop(self) -> Vec<Value> {
        let (status, _) = self.server.stop();
        assert_eq!(status.code(), Some(0));
        let log = std::fs::read_to_string(self.world.path("log")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

/// Returns a collector that accepts this number of messages.
async fn collector(messages: usize) -> ScriptedController {
    ScriptedController::in_order(vec![Script::body("{}"); messages]).await
}

/// All spans that a collector got.
fn spans(collector: &ScriptedController) -> Vec<Value> {
    let requests = collector.requests();
    let messages = requests.iter().map(|request| {
        assert!(
            request.starts_with("POST /v1/traces HTTP/1.1\r\n"),
            "{request}"
        );
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Value>(body).unwrap()
    });
    let spans = messages.flat_map(|message| {
        let scopes = &message["resourceSpans"][0]["scopeSpans"][0];
        scopes["spans"].as_array().unwrap().clone()
    });
    spans.collect()
}

fn attribute<'s>(span: &'s Value, key: &str) -> &'s str {
    let attributes = span["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key}: {span}"));
    let value = found["value"].as_object().unwrap().values().next().unwrap();
    value.as_str().unwrap()
}

/// Every line that the request causes has its ids, also those of password checks, which other tasks
/// make, and of work on other threads.
#[tokio::test(flavor = "multi_thread")]
async fn request_with_traceparent_is_one_trace_of_log_spans_and_farms() {
    let collector = collector(100).await;
    let traced = Traced::start(&format!(
        "otlp_endpoint = \"{}\"\nsend_to_farms = true\nservice_name = \"vdi\"",
        collector.url()
    ))
    .await;
    let token = traced.sign_in();
    let response = traced.list(&token).to_lowercase();
    let id = between(&response, "x-request-id: ", "\r\n").to_owned();
    let farm_requests = traced.farms.each_ref().map(ScriptedController::requests);
    let addresses = traced
        .farms
        .each_ref()
        .map(|farm| farm.address().port().to_string());
    let log = traced.stop();

    let spans = spans(&collector);
    let of_trace: Vec<_> = spans
        .iter()
        .filter(|span| span["traceId"] == TRACE)
        .collect();
    let (servers, calls): (Vec<&Value>, Vec<&Value>) =
        of_trace.into_iter().partition(|span| span["kind"] == 2);
    let [server] = servers[..] else {
        panic!("{servers:?}")
    };
    assert_eq!(server["parentSpanId"], SPAN);
    assert_eq!(server["traceState"], STATE);
    assert_eq!(attribute(server, "roamd.request.id"), id);
    assert_eq!(attribute(server, "client.address"), "192.0.2.7");
    assert_eq!(attribute(server, "user.name"), "demo\\alice");
    for port in &addresses {
        let lists = calls.iter().filter(|call| {
            attribute(call, "server.port") == port && call["name"] == "RequestReconnectSessionData"
        });
        assert_eq!(lists.count(), 1, "{calls:?}");
    }
    // Each span of a call is the parent of what its farm does.
    for call in &calls {
        assert_eq!(call["parentSpanId"], server["spanId"]);
        let sent = format!(
            "traceparent: 00-{TRACE}-{}-01\r\n",
            call["spanId"].as_str().unwrap()
        );
        let got = farm_requests.iter().flatten();
        let got = got.filter(|request| request.to_lowercase().contains(&sent));
        assert_eq!(got.count(), 1, "{sent}");
    }
    let others = spans.iter().filter(|span| span["traceId"] != TRACE);
    assert!(others.count() > 3, "the sign-in began traces of its own");

    let of_request: Vec<_> = log.iter().filter(|line| line["request"] == id).collect();
    for line in &of_request {
        assert_eq!(line["trace"], TRACE, "{line}");
    }
    let farm_calls = of_request
        .iter()
        .filter(|line| line["message"] == "Farm call ended");
    assert_eq!(farm_calls.count(), calls.len(), "{of_request:?}");
    let access = of_request
        .iter()
        .find(|line| line["message"] == "Request served")
        .unwrap();
    assert_eq!(access["client"], "192.0.2.7");
    assert_eq!(access["user"], "demo\\alice");
    assert_eq!(
        (&access["status"], &access["route"]),
        (&200.into(), &"available".into())
    );
    let farms = access["farms"].as_str().unwrap();
    for farm in ["ONE", "TWO"] {
        let call = format!("{farm} RequestReconnectSessionData responded ");
        assert!(farms.contains(&call), "{farms}");
    }
    // No call of a farm is without a request: they are not probes.
    let farm_calls = log
        .iter()
        .filter(|line| line["message"] == "Farm call ended");
    for line in farm_calls {
        assert!(
            line["request"].is_string() && line["trace"].is_string(),
            "{line}"
        );
    }
}

/// The server counts what it loses, and users notice nothing.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_served_while_the_collector_is_away_or_hangs() {
    let hanging = ScriptedController::in_order([Script::silence()]).await;
    for (endpoint, reason) in [(closed_url(), "collector"), (hanging.url(), "queue")] {
        let traced = Traced::start(&format!(
            "otlp_endpoint = \"{endpoint}\"\nmax_spans_per_second = 30"
        ))
        .await;
        let token = traced.sign_in();
        let begin = Instant::now();
        // At least three spans each: ten times as many as may wait.
        for _ in 0..100 {
            traced.list(&token);
        }
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?}");
        let series = format!("roamd_trace_lost_spans_total{{reason=\"{reason}\"}}");
        let begin = Instant::now();
        while traced.metric(&series) == 0 {
            assert!(begin.elapsed() < Duration::from_secs(10), "{endpoint}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(traced.metric("roamd_trace_spans_total"), 0);
        let begin = Instant::now();
        let log = traced.stop();
        let took = begin.elapsed();
        assert!(
            took < Duration::from_secs(8),
            "a stop waits two seconds for traces: {took:?}"
        );
        let served = log
            .iter()
            .filter(|line| line["message"] == "Request served");
        assert!(served.count() > 100);
    }
}

/// A client cannot choose the trace, or force it to be recorded.
#[tokio::test(flavor = "multi_thread")]
async fn traceparent_of_a_client_that_is_no_trusted_proxy_is_ignored() {
    let collector = collector(100).await;
    let farm = ScriptedController::healthy().await;
    let world = World::new();
    let listen = unused_address();
    let store = StoreConfig::new("/Citrix/Store", [FarmConfig::new("ONE", farm.url())]);
    let mut config = server_config(&world, &listen, vec![store]);
    config.lines = format!(
        "[tracing]\notlp_endpoint = \"{}\"\nsample_ratio = 0",
        collector.url()
    );
    let config = write_configuration(&world, &config);
    let logs = File::create(world.path("log")).unwrap();
    let server = Server::start_with_logs(&mut roamd(&["serve", "--config", &config]), 1, logs);
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let client = Client(server.address().to_owned());
    client.send("GET", "/Schemas/", &[("traceparent", &parent)], "");
    server.stop();
    assert_eq!(collector.total_requests(), 0);
    let log = std::fs::read_to_string(world.path("log")).unwrap();
    let access = log
        .lines()
        .find(|line| line.contains("Request served"))
        .unwrap();
    let access: Value = serde_json::from_str(access).unwrap();
    let trace = access["trace"].as_str().unwrap();
    assert!(trace.len() == 32 && trace != TRACE, "{access}");
}

/// Without `[tracing]` a trace of a trusted proxy is in the log all the same, and farms get no
/// header that they might not know.
#[tokio::test(flavor = "multi_thread")]
async fn trace_of_a_proxy_is_logged_and_not_sent_by_default() {
    let traced = Traced::start("").await;
    let token = traced.sign_in();
    let response = traced.list(&token).to_lowercase();
    let id = between(&response, "x-request-id: ", "\r\n").to_owned();
    for request in traced.farms.iter().flat_map(ScriptedController::requests) {
        assert!(!request.to_lowercase().contains("trace"), "{request}");
    }
    let log = traced.stop();
    let is_access = |line: &&Value| line["message"] == "Request served";
    for line in log.iter().filter(is_access) {
        let expected = if line["request"] == id {
            TRACE.into()
        } else {
            Value::Null
        };
        assert_eq!(line["trace"], expected, "{line}");
    }
}

/// The log shows what a request waited for when its client gave up.
#[tokio::test(flavor = "multi_thread")]
async fn request_whose_client_disconnects_is_logged_with_its_farm_calls() {
    let traced = Traced::start("").await;
    let token = traced.sign_in();
    let [one, _] = &traced.farms;
    one.set_script("ReconnectSessionData", Script::silence());
    let authorization = format!("CitrixAuth {token}");
    let request = format!(
        "POST /Citrix/Store/sessions/v1/available HTTP/1.1\r\nHost: a\r\n\
         Authorization: {authorization}\r\n\
         Content-Type: application/vnd.citrix.sessionparams+xml\r\nContent-Length: {}\r\n\r\n{PARAMS}",
        PARAMS.len()
    );
    let mut stream = TcpStream::connect(traced.server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    one.wait_for_requests("ReconnectSessionData", 1).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = traced.stop();
    let ended = log
        .iter()
        .find(|line| line["message"] == "Request ended without a response");
    let ended = ended.unwrap_or_else(|| panic!("{log:?}"));
    assert_eq!(ended["user"], "demo\\alice");
    let farms = ended["farms"].as_str().unwrap();
    assert!(
        farms.contains("ONE RequestReconnectSessionData dropped "),
        "{farms}"
    );
}
