//! Other users: they list sessions, sign in, ask for the health of the server, and send requests
//! of their own to the farm.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use roamd_bench::{Account, Connection, Request, SignedIn, USER, runtime, sign_in};
use secrecy::SecretString;
use tokio::time::{sleep, timeout};

use super::farm_requests;
use super::sources::{FARM_CLIENT_ADDRESS, MONITOR_ADDRESS, USER_ADDRESS, connect_from};
use super::target::Target;
use crate::scripted::attack::list;

/// Pause after each list.
const LIST_PAUSE: Duration = Duration::from_millis(2);
/// Pause after each sign-in.
const SIGN_IN_PAUSE: Duration = Duration::from_millis(10);
/// Pause after each request for the health.
const HEALTH_PAUSE: Duration = Duration::from_millis(50);
/// Pause after each visit of the farm.
const FARM_PAUSE: Duration = Duration::from_millis(500);
/// Time after which a request has failed.
const PATIENCE: Duration = Duration::from_secs(15);

/// What users experience.
#[derive(Clone, Copy, Debug)]
pub(super) struct Experience {
    /// 99th percentile of the latency of lists.
    pub(super) lists: Duration,
    /// 99th percentile of the time for a whole sign-in.
    pub(super) sign_ins: Duration,
    /// Longest time for a response about the health, with its connection.
    pub(super) health: Duration,
    /// Longest time for a visit of the farm by a client of its own: the password of a user that the
    /// farm has not checked before, a ticket of its authority, and the redemption of it.
    pub(super) farm: Duration,
    /// Requests and sign-ins that failed.
    pub(super) failures: usize,
}

/// Latencies of one activity.
#[derive(Default)]
struct Latencies {
    all: Vec<Duration>,
    failures: usize,
}

/// Signs in the user from its network, which is known from then on, and returns a token.
///
/// # Errors
/// If the sign-in fails.
pub(super) fn first_sign_in(target: &Target) -> Result<SecretString> {
    Ok(runtime()?.block_on(sign_in_as_user(target))?.store)
}

/// Measures for some time.
///
/// # Errors
/// If there is no runtime, or nothing was measured.
pub(super) fn experience(
    target: &Target,
    token: &SecretString,
    duration: Duration,
) -> Result<Experience> {
    let (lists, sign_ins, health, farm) = runtime()?.block_on(async {
        tokio::join!(
            repeat(duration, LIST_PAUSE, || list_sessions(target, token)),
            repeat(duration, SIGN_IN_PAUSE, || async {
                sign_in_as_user(target).await.map(drop)
            }),
            repeat(duration, HEALTH_PAUSE, || ask_for_health(target)),
            repeat(duration, FARM_PAUSE, || visit_farm(target)),
        )
    });
    Ok(Experience {
        failures: lists.failures + sign_ins.failures + health.failures + farm.failures,
        lists: lists.percentile_99()?,
        sign_ins: sign_ins.percentile_99()?,
        health: health.longest(),
        farm: farm.longest(),
    })
}

async fn repeat<F>(duration: Duration, pause: Duration, act: impl Fn() -> F) -> Latencies
where
    F: Future<Output = Result<()>>,
{
    let start = Instant::now();
    let mut latencies = Latencies::default();
    while start.elapsed() < duration {
        let begun = Instant::now();
        let outcome = timeout(PATIENCE, act()).await;
        latencies.all.push(begun.elapsed());
        if !matches!(outcome, Ok(Ok(()))) {
            latencies.failures += 1;
        }
        sleep(pause).await;
    }
    latencies
}

async fn connection(target: &Target, source: IpAddr) -> Result<Connection> {
    let stream = connect_from(source, target.address().port()).await?;
    target.connect(stream).await
}

async fn sign_in_as_user(target: &Target) -> Result<SignedIn> {
    let mut connection = connection(target, USER_ADDRESS).await?;
    sign_in(&mut connection, &target.store, Account::of(USER)).await
}

async fn list_sessions(target: &Target, token: &SecretString) -> Result<()> {
    let mut connection = connection(target, USER_ADDRESS).await?;
    let response = connection.send(list(&target.store, token)?).await?;
    ensure!(response.status == 200, "a list got {}", response.status);
    Ok(())
}

async fn ask_for_health(target: &Target) -> Result<()> {
    let mut connection = connection(target, MONITOR_ADDRESS).await?;
    let response = connection.send(Request::get("/healthz", &[])?).await?;
    ensure!(response.status == 200, "/healthz got {}", response.status);
    Ok(())
}

async fn visit_farm(target: &Target) -> Result<()> {
    let address = target.farm.address;
    let stream = connect_from(FARM_CLIENT_ADDRESS, address.port()).await?;
    let mut connection = Connection::over(stream, address, None).await?;
    farm_requests::visit(&mut connection, &target.next_clerk()).await
}

impl Latencies {
    fn longest(&self) -> Duration {
        self.all.iter().copied().max().unwrap_or(PATIENCE)
    }

    fn percentile_99(mut self) -> Result<Duration> {
        self.all.sort_unstable();
        let index = self.all.len() * 99 / 100;
        let found = self.all.get(index).or(self.all.last()).copied();
        found.ok_or_else(|| anyhow::anyhow!("nothing was measured"))
    }
}
