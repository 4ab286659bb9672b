//! A day's work leaves no secret behind: not in a log, however much is logged, and not in a file.

use std::io::Write;
use std::sync::{Arc, Mutex};

use roamd_farm::World;
use roamd_nfuse_proto::encode_ctx1;
use roamd_store_proto::LaunchData;
use roamd_testsuite::{Options, Site, TokenService, sign_in};
use secrecy::{ExposeSecret, SecretString};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;

const PASSWORD: &str = "Planted-Password-7731";
const WRONG: &str = "Planted-Mistake-9942";

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Takes down all that this thread logs, for as long as the guard is kept.
    fn of_this_thread(&self) -> DefaultGuard {
        let log = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish()
            .set_default()
    }
}

/// One thread runs the site, and others what may block. Together they log all that the site logs,
/// and nothing of the other tests.
#[test]
fn passwords_tokens_and_tickets_are_in_no_log_no_file_and_no_refusal() {
    let log = Log::default();
    let _logging = log.of_this_thread();
    let for_others = log.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Such a thread is the runtime's alone: it logs there to its end.
        .on_thread_start(move || std::mem::forget(for_others.of_this_thread()))
        .build()
        .unwrap();
    runtime.block_on(a_day(&log));
}

async fn a_day(log: &Log) {
    let mut world = World::demo();
    world.domains[0].users[0].password = SecretString::from(PASSWORD);
    let site = Site::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", PASSWORD).await;
    let service = TokenService::discover(site.gateway).await;
    let refused = service.begin().await;
    let again = refused.attempt("alice", WRONG, Some("DEMO")).await;
    assert!(!again.text().contains(WRONG), "CA-71");
    let mut tickets = Vec::new();
    for resource in ["XA1.MSPaint", "CVAD.Excel"] {
        let url = alice.launch_url("DESK-C", "", resource).await;
        let response = alice.launch(&url, "DESK-C").await;
        let Ok(LaunchData::Success {
            ica,
            logon_ticket: Some(ticket),
        }) = LaunchData::from_xml(&response.body)
        else {
            panic!("{}", response.text());
        };
        site.farms
            .connect(ica.expose_secret(), jiff::Timestamp::now())
            .unwrap();
        tickets.push(ticket.expose_secret().to_owned());
    }
    let active = "<includeActiveSessions>true</includeActiveSessions>";
    assert!(!alice.resources("DESK-D", active).await.is_empty());
    let given_back: String = tickets
        .iter()
        .map(|ticket| format!("<ticket>{ticket}</ticket>"))
        .collect();
    let given_back = format!("<tickets>{given_back}</tickets>");
    assert_eq!(
        alice.end("disconnect", "DESK-C", &given_back).await,
        "success"
    );
    assert_eq!(alice.end("logoff", "DESK-C", "").await, "success");

    // The audit log is among the files below, with a line for each of these.
    let told = site.audit().next(&alice).await;
    assert!(told.len() >= 7, "{told:#?}");
    let metrics = site.gateway.send("GET", "/metrics", &[], b"").await;

    let elsewhere = tokio::task::spawn_blocking(|| tracing::trace!("Logged where it may block"));
    elsewhere.await.unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for witness in [
        "Signed in",
        "Sign-in refused",
        "Ended the sessions",
        "Called the farm",
        "Logged where it may block",
    ] {
        assert!(
            logged.contains(witness),
            "the log is not the site's: {witness}"
        );
    }
    let (ctx1, wrong_ctx1) = (encode_ctx1(PASSWORD), encode_ctx1(WRONG));
    let cookie = refused.cookie.split(['=', ';']).nth(1).unwrap();
    let mut secrets = vec![
        PASSWORD,
        cookie,
        WRONG,
        &ctx1,
        &wrong_ctx1,
        &alice.token,
        &alice.primary,
    ];
    secrets.extend(tickets.iter().map(String::as_str));
    for secret in secrets {
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a secret is in the log");
        assert!(!metrics.text().contains(secret), "a secret is in a metric");
        assert!(
            !site.gateway_files_hold(secret),
            "a secret is in a file of the gateway"
        );
        assert!(
            !site.farm_files_hold(secret),
            "a secret is in a file of the farms"
        );
    }
}
