//! Launches: files, retries and failures (store-services.md §4.3).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roamd_store_client::{ClientError, LaunchParams, NotReady};
use roamd_store_proto::{LaunchData, LaunchErrorId, RetryReason};
use roamd_testkit::{MockStore, StoreResponse};
use secrecy::ExposeSecret;

use crate::support::client;

fn launch_params() -> LaunchParams {
    LaunchParams {
        client_name: Some("kiosk-07".into()),
        ..LaunchParams::default()
    }
}

fn success() -> LaunchData {
    LaunchData::Success {
        ica: "[WFClient]\nVersion=2\n".to_owned().into(),
        logon_ticket: Some("0F51C2D9".to_owned().into()),
    }
}

/// ST-44, CQ-64: the next attempt goes to the URL that the store gives, with the same parameters.
#[tokio::test]
async fn retry_goes_to_the_url_from_the_store() {
    let store = MockStore::start(|request| {
        let retry = |key| LaunchData::Retry {
            url: format!("{}/launch/{key}", request.base),
            after: Some(0),
            reason: RetryReason::RESUMING,
            remedy: None,
        };
        let data = match request.line.as_str() {
            "POST /launch" => retry(1),
            "POST /launch/1" => retry(2),
            _ => success(),
        };
        StoreResponse::launch(&data)
    });
    let url = format!("http://{}/launch", store.address());
    let mut waits = Vec::new();
    let ica = client(&store)
        .launch(&url, &launch_params(), |wait| waits.push(wait))
        .await
        .unwrap();
    let wait = NotReady {
        reason: "resuming".into(),
        wait: Duration::ZERO,
    };
    assert_eq!(waits, [wait.clone(), wait]);
    assert_eq!(ica.text.expose_secret(), "[WFClient]\nVersion=2\n");
    assert_eq!(ica.logon_ticket.unwrap().expose_secret(), "0F51C2D9");
    assert_eq!(
        store.lines(),
        ["POST /launch", "POST /launch/1", "POST /launch/2"]
    );
    let bodies: Vec<_> = store
        .requests()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert!(bodies[0].contains("<clientName>kiosk-07</clientName>"));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn launch_is_given_up_after_thirty_attempts() {
    let store = MockStore::start(|request| {
        let data = LaunchData::Retry {
            url: format!("{}/launch", request.base),
            after: Some(0),
            reason: RetryReason::REBOOTING,
            remedy: None,
        };
        StoreResponse::launch(&data)
    });
    let url = format!("http://{}/launch", store.address());
    let error = client(&store)
        .launch(&url, &launch_params(), drop)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session was not ready after 30 attempts: rebooting"
    );
    assert_eq!(store.lines().len(), 30);
}

#[tokio::test]
async fn failed_launch_passes_on_the_store_message() {
    let store = MockStore::start(|_| {
        let data = LaunchData::Failure {
            id: LaunchErrorId::WORKSTATION_IN_MAINTENANCE,
            text: "In maintenance.".into(),
            remedy: None,
        };
        StoreResponse::launch(&data)
    });
    let url = format!("http://{}/launch", store.address());
    let error = client(&store)
        .launch(&url, &launch_params(), drop)
        .await
        .unwrap_err();
    let expected = "the launch failed: In maintenance. (WorkstationInMaintenance)";
    assert_eq!(error.to_string(), expected);
}

/// SS-54, SS-55
#[tokio::test]
async fn ended_session_is_distinguished_from_failure() {
    let launches = AtomicUsize::new(0);
    let store = MockStore::start(move |_| match launches.fetch_add(1, Ordering::Relaxed) {
        0 => StoreResponse::status(404),
        _ => StoreResponse::status(503),
    });
    let url = format!("http://{}/launch", store.address());
    let mut client = client(&store);
    let ended = client
        .launch(&url, &launch_params(), drop)
        .await
        .unwrap_err();
    assert!(matches!(ended, ClientError::NothingToLaunch), "{ended}");
    let failed = client
        .launch(&url, &launch_params(), drop)
        .await
        .unwrap_err();
    assert!(matches!(failed, ClientError::Status { .. }), "{failed}");
}
