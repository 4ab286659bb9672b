//! Local ports for connections to farms, in a network without the address range 127/8, in which the
//! kernel reuses ports at once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use roamd_testkit::{FarmConfig, ScriptedController, StoreConfig};
use roamd_testsuite::{Options, TestEnvironment, session_params, sign_in_to};

/// Path of the store of the farm.
const OTHER: &str = "/Citrix/Other";

/// Address of the farm, from a range for documentation.
const FARM: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Changes of one user that the server makes at once.
const BURST: usize = 100;

/// State of a socket in the kernel's table.
const TIME_WAIT: &str = "06";

const INSIDE: &str = "local_ports::changes_of_one_user_are_limited";

/// Runs [`changes_of_one_user_are_limited`] in a network namespace with the address of the farm.
#[test]
fn changes_leave_local_ports_to_others() {
    let script = format!(
        "ip link set lo up && ip address add {FARM}/32 dev lo && \
         exec \"$0\" --exact {INSIDE} --ignored --nocapture"
    );
    let allowed = Command::new("unshare").args(["-rn", "ip", "link"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("skipped: network namespaces or the program `ip` are not available");
        return;
    }
    let program = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["-rn", "sh", "-c", &script])
        .arg(program)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a network namespace; `changes_leave_local_ports_to_others` runs it there"]
async fn changes_of_one_user_are_limited() {
    let farm = ScriptedController::healthy_at(SocketAddr::new(FARM, 0)).await;
    let only = FarmConfig::new("SCRIPTED", farm.url());
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: StoreConfig::new(OTHER, [only]).to_string(),
        ..Options::default()
    })
    .await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    let body = session_params("DESK-C", "");
    let (mut made, mut refused) = (0, 0);
    for _ in 0..10 * BURST {
        let response = carol.post("disconnect", "*/*", &body).await;
        match response.status {
            200 => made += 1,
            503 => {
                assert!(response.header("retry-after").is_some());
                refused += 1;
            }
            status => panic!("{status}: {}", response.text()),
        }
    }
    // The bucket is filled again while the test runs, which is less than half of the attempts.
    assert!(made >= BURST && refused > 0, "{made} {refused}");
    assert_eq!(farm.request_count("DisconnectUserSessions"), made);
    assert!(waiting_sockets() < 10, "{}", waiting_sockets());
    // Another user of the same farm signs in and makes a change.
    let bob = sign_in_to(&env, OTHER, "bob", "roam-demo").await;
    let response = bob.post("disconnect", "*/*", &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
}

/// Returns how many sockets to the farm keep their local ports after they were closed.
fn waiting_sockets() -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let address = "010200C0:";
    let is_waiting = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.len() > 3 && fields[2].starts_with(address) && fields[3] == TIME_WAIT
    };
    table.lines().filter(is_waiting).count()
}
