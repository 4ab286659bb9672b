//! Servers and members of etcd that are killed at any moment: what was acknowledged is kept.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use roamd_state::{Digest, EtcdState, FlagKind, SharedState as _};
use roamd_testkit::EtcdCluster;

use super::support::{is_set, open, settings, settings_at, wait_until};
use crate::battery::{PARTY, at};

const REVOKED: FlagKind = FlagKind::RevokedToken;

const SERVERS: usize = 2;
const MEMBERS: usize = 3;

/// Flags that a server sets at the same time.
const WRITERS: usize = 4;

/// Milliseconds in which all servers set the same flag, so that only one of them is the first.
const RACE: i64 = 20;

/// Longest pause before a kill, and before the start after it.
const LONGEST_PAUSE: Duration = Duration::from_millis(700);

/// Time for each server to acknowledge a flag after a kill: a start, an election, and reserve.
const RECOVERY: Duration = Duration::from_secs(60);

/// Environment variable with the number of a server, and its addresses of etcd.
const VARIABLE: &str = "ROAMD_TEST_SERVER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_flags_survive_kills() {
    survive_kills(10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes five minutes"]
async fn acknowledged_flags_survive_100_kills() {
    survive_kills(100).await;
}

/// Two servers set flags. A server, the leader of etcd, a follower or all members are killed and
/// started again, for this number of times. In the end each acknowledged flag is known to a server
/// that has followed the changes, and to one that reads everything, and no flag was new for two.
async fn survive_kills(kills: u32) {
    let mut cluster = EtcdCluster::start(MEMBERS);
    let following = open(&settings(&cluster));
    let acknowledged = Arc::<Acknowledged>::default();
    let start =
        |cluster: &EtcdCluster, number| Server::start(number, &cluster.addresses(), &acknowledged);
    let mut servers: [Server; SERVERS] = std::array::from_fn(|number| start(&cluster, number));
    acknowledged.wait_for_all_servers();
    let began = Instant::now();
    for kill in 0..kills {
        pause();
        let leader = cluster.leader();
        let members = match kill % 5 {
            1 => vec![leader],
            2 => vec![(leader + 1) % MEMBERS],
            3 => (0..MEMBERS).collect(),
            first_or_last => {
                let number = usize::from(first_or_last != 0);
                servers[number].kill();
                pause();
                servers[number] = start(&cluster, number);
                Vec::new()
            }
        };
        members.iter().for_each(|&member| cluster.kill(member));
        pause();
        members.iter().for_each(|&member| cluster.restart(member));
        cluster.wait_for_leader();
        acknowledged.wait_for_all_servers();
    }
    let took = began.elapsed();
    drop(servers);
    let reading = open(&settings(&cluster));
    let flags = acknowledged.flags.lock().unwrap().clone();
    for name in &flags {
        for state in [&following, &reading] {
            let key = Digest::of(name.as_bytes());
            wait_until(name, async || is_set(state, REVOKED, key).await).await;
        }
    }
    let won = acknowledged.won.lock().unwrap();
    let different: HashSet<_> = won.iter().collect();
    assert_eq!(different.len(), won.len(), "a flag was new for two");
    let (flags, won) = (flags.len(), won.len());
    let figures = format!("{kills} kills in {took:?}: {flags} flags, {won} of them raced for");
    assert!(flags > 0 && won > 0, "{figures}");
    report(&figures);
}

/// Prints the figures of a long run, which is started by hand.
#[expect(clippy::print_stdout, reason = "the result of a measurement")]
fn report(figures: &str) {
    println!("{figures}");
}

fn pause() {
    let random = f64::from(getrandom::u32().unwrap()) / f64::from(u32::MAX);
    thread::sleep(LONGEST_PAUSE.mul_f64(random));
}

/// What the servers have acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Names of the flags.
    flags: Mutex<Vec<String>>,
    /// Names of those that were new, if other servers set the same.
    won: Mutex<Vec<String>>,
    /// Numbers of flags of each server.
    counts: [AtomicUsize; SERVERS],
}

/// A server that sets flags until it is killed: this test binary, which runs
/// `helper_that_sets_flags_until_it_is_killed`.
struct Server(Child);

impl Acknowledged {
    /// Reads a line of a server.
    fn read(&self, server: usize, line: &str) {
        // A killed server leaves a part of its last line.
        let Some((name, is_new)) = line.strip_suffix('.').and_then(|it| it.split_once(' ')) else {
            return;
        };
        self.flags.lock().unwrap().push(name.to_owned());
        if name.starts_with("race-") && is_new == "true" {
            self.won.lock().unwrap().push(name.to_owned());
        }
        self.counts[server].fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until each server has another flag acknowledged.
    fn wait_for_all_servers(&self) {
        let deadline = Instant::now() + RECOVERY;
        for count in &self.counts {
            let before = count.load(Ordering::Relaxed);
            while count.load(Ordering::Relaxed) == before {
                assert!(Instant::now() < deadline, "no server recovers");
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

impl Server {
    fn start(number: usize, etcd: &[SocketAddr], acknowledged: &Arc<Acknowledged>) -> Self {
        let etcd: Vec<_> = etcd.iter().map(SocketAddr::to_string).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "etcd::kills::helper_that_sets_flags_until_it_is_killed",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(VARIABLE, format!("{number} {}", etcd.join(" ")))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = Arc::clone(acknowledged);
        thread::spawn(move || {
            for line in lines {
                acknowledged.read(number, &line.unwrap());
            }
        });
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test]
#[ignore = "run by acknowledged_flags_survive_kills in processes of their own"]
async fn helper_that_sets_flags_until_it_is_killed() {
    let variable = std::env::var(VARIABLE).unwrap();
    let (number, etcd) = variable.split_once(' ').unwrap();
    let etcd: Vec<_> = etcd.split(' ').map(|it| it.parse().unwrap()).collect();
    let state = open(&settings_at(&etcd));
    println!();
    let writers = (0..WRITERS).map(|writer| set_flags(&state, format!("{number}-{writer}")));
    join_all(writers).await;
}

/// Sets flags, and prints the name of each that is acknowledged, and whether it was new. Every
/// second one is raced for.
#[expect(
    clippy::print_stdout,
    reason = "the test that has started this process reads it"
)]
async fn set_flags(state: &EtcdState, writer: String) {
    for flag in 0.. {
        let now = Timestamp::now().as_millisecond();
        for name in [
            format!("own-{writer}-{now}-{flag}"),
            format!("race-{}", now / RACE),
        ] {
            let key = Digest::of(name.as_bytes());
            if let Ok(is_new) = state.set_flag(PARTY, REVOKED, key, at(10)).await {
                println!("{name} {is_new}.");
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
