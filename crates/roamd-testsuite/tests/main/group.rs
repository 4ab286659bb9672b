//! A group of servers on a real etcd: each has an environment of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use roamd_server::keys::make_cluster_key;
use roamd_store_proto::auth::DestroyToken;
use roamd_testkit::EtcdCluster;
use roamd_testsuite::{
    HttpPeer, Options, Response, SignedIn, TestEnvironment, TokenService, challenge_of, sign_in,
};
use tempfile::TempDir;

const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";
const ISSUED: &str = "application/vnd.citrix.requesttokenresponse+xml";

/// A cluster of etcd, and a cluster key.
struct Group {
    cluster: EtcdCluster,
    folder: TempDir,
}

impl Group {
    fn start(members: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("cluster.key");
        make_cluster_key(&key, Timestamp::now()).unwrap();
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        Self {
            cluster: EtcdCluster::start(members),
            folder,
        }
    }

    fn sections(&self, more: &str) -> String {
        let endpoints = self.cluster.addresses().into_iter();
        let endpoints: Vec<_> = endpoints.map(|it| format!("http://{it}")).collect();
        let key = self.folder.path().join("cluster.key");
        format!(
            "[keys]\ncluster_key_file = {key:?}\n[state]\nengine = \"etcd\"\n\
             endpoints = {endpoints:?}\n{more}\n"
        )
    }

    async fn servers(&self, more: &str) -> (TestEnvironment, HttpPeer) {
        let mut env = TestEnvironment::start(Options {
            more_sections: self.sections(more),
            ..Options::default()
        })
        .await;
        let other = env.server_of_group().await;
        (env, other)
    }
}

async fn resources(server: HttpPeer, user: &SignedIn) -> Response {
    let authorization = user.authorization();
    let headers = [("Authorization", &*authorization)];
    server
        .send("GET", "/Citrix/Store/resources/v2", &headers, b"")
        .await
}

async fn destroy(server: HttpPeer, user: &SignedIn) -> Response {
    let authorization = format!("CitrixAuth {}", user.primary);
    let headers = [
        ("Authorization", &*authorization),
        ("Content-Type", "application/vnd.citrix.destroytoken+xml"),
        ("Accept", ISSUED),
    ];
    let message = DestroyToken {
        token: user.primary.clone().into(),
    };
    server
        .send("POST", TOKEN, &headers, &message.to_xml())
        .await
}

/// Returns the status and the text of `/readyz`.
async fn readiness(server: HttpPeer) -> (u16, String) {
    let response = server.send("GET", "/readyz", &[], b"").await;
    (response.status, response.text().to_owned())
}

async fn wait_until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_true().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn is_refused(server: HttpPeer, user: &SignedIn) -> bool {
    let response = resources(server, user).await;
    if response.status == 200 {
        return false;
    }
    assert_eq!(challenge_of(&response).reason, "expired");
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_a_group_share_tokens_and_revocations() {
    let group = Group::start(1);
    let (env, other) = group.servers("").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let again = sign_in(&env, "alice", "roam-demo").await;
    // Another machine opens the token, and refuses it after its end there or here.
    for user in [&alice, &again] {
        assert_eq!(resources(other, user).await.status, 200);
    }
    assert_eq!(destroy(other, &alice).await.status, 200);
    wait_until("the revocation arrives", async || {
        is_refused(env.server, &alice).await
    })
    .await;
    assert!(is_refused(other, &alice).await);
    assert!(!is_refused(env.server, &again).await);
    assert_eq!(destroy(env.server, &again).await.status, 200);
    wait_until("the revocation arrives", async || {
        is_refused(other, &again).await
    })
    .await;
    for server in [env.server, other] {
        let (status, text) = readiness(server).await;
        assert_eq!(status, 200);
        assert!(!text.contains("degraded:"), "{text}");
        let metrics = server.send("GET", "/metrics", &[], b"").await;
        for line in ["roamd_group_degraded 0", "roamd_group_servers 2"] {
            assert!(metrics.text().contains(line), "{}", metrics.text());
        }
    }
}

/// Attempts at one server count at the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_a_group_count_wrong_passwords_together() {
    let group = Group::start(1);
    let (env, other) = group.servers("").await;
    let attempt = async |server, password: &str| {
        let conversation = TokenService::discover(server).await.begin().await;
        let response = conversation.attempt("bob", password, Some("DEMO")).await;
        assert_eq!(response.status, 200, "{}", response.text());
        response
    };
    let failures = || {
        let keys = group
            .cluster
            .keys("/roamd/main/counts/attempts-of-strangers/");
        let counts = keys
            .iter()
            .filter_map(|(_, value, _)| value.split_once(' '));
        counts
            .map(|(count, _)| count.parse::<u32>().unwrap())
            .sum::<u32>()
    };
    for (server, number) in [(env.server, 1), (other, 2), (env.server, 3)] {
        attempt(server, "wrong").await;
        assert_eq!(failures(), number);
        // The other server has the count in milliseconds.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // The free attempts of the group are used up: a good password has to wait, too.
    let early = attempt(other, "roam-demo").await;
    assert_ne!(early.header("content-type"), Some(ISSUED));
    assert_eq!(failures(), 3);
}

/// Without etcd, servers serve who is signed in, let users sign in, and refuse revocations.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn group_without_etcd_serves_and_refuses_revocations() {
    let mut group = Group::start(1);
    let (env, other) = group.servers("timeout_ms = 1000").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let revoked = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(destroy(env.server, &revoked).await.status, 200);
    wait_until("the revocation arrives", async || {
        is_refused(other, &revoked).await
    })
    .await;
    group.cluster.kill(0);
    for server in [env.server, other] {
        wait_until("it is degraded", async || {
            let (status, text) = readiness(server).await;
            assert_eq!(status, 200, "{text}");
            text.contains("degraded: etcd cannot be reached")
        })
        .await;
    }
    let metrics = env.server.send("GET", "/metrics", &[], b"").await;
    assert!(metrics.text().contains("roamd_group_degraded 1"));
    let json = [("Accept", "application/json")];
    let json = env.server.send("GET", "/readyz", &json, b"").await;
    assert!(json.text().contains("\"degraded\":true"), "{}", json.text());

    for server in [env.server, other] {
        assert_eq!(resources(server, &alice).await.status, 200);
        assert!(is_refused(server, &revoked).await, "it stays revoked");
    }
    let during = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(resources(other, &during).await.status, 200);
    let refused = destroy(env.server, &during).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(!is_refused(env.server, &during).await);

    group.cluster.restart(0);
    for server in [env.server, other] {
        wait_until("it recovers", async || {
            !readiness(server).await.1.contains("degraded:")
        })
        .await;
    }
    assert_eq!(destroy(env.server, &during).await.status, 200);
    wait_until("the revocation arrives", async || {
        is_refused(other, &during).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusing_group_without_etcd_answers_503() {
    let mut group = Group::start(1);
    let (env, other) = group
        .servers("timeout_ms = 1000\nwhen_unreachable = \"refuse\"")
        .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    group.cluster.kill(0);
    for server in [env.server, other] {
        wait_until("it is not ready", async || readiness(server).await.0 == 503).await;
        assert_eq!(resources(server, &alice).await.status, 503);
    }
    group.cluster.restart(0);
    for server in [env.server, other] {
        wait_until("it is ready", async || readiness(server).await.0 == 200).await;
        assert_eq!(resources(server, &alice).await.status, 200);
    }
}
