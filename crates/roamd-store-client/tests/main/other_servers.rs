//! Hostile stores, which lead to another server to get the password or a token there.

use roamd_store_client::{ClientError, LaunchParams, SignIn, StoreClient};
use roamd_store_proto::auth::{Challenge, Form, Reason};
use roamd_store_proto::{LaunchData, RetryReason};
use roamd_testkit::{MockStore, StoreRequest, StoreResponse, healthy_store, sign_in_form};

use crate::support::{client, session_params};

/// Creates the response of a hostile store. The second argument is the base URL of the other
/// server.
type Lure = fn(&StoreRequest, &str) -> StoreResponse;

/// Starts a store that works, except for one response. Returns also the other server, which would
/// sign any user in.
fn hostile_store(line: &'static str, lure: Lure) -> (MockStore, MockStore) {
    let other = MockStore::start(healthy_store);
    let base = format!("http://{}", other.address());
    let store = MockStore::start(move |request| match request.line == line {
        true => lure(request, &base),
        false => healthy_store(request),
    });
    (store, other)
}

/// Returns a challenge whose location is below one base URL, and whose root is below another one.
fn challenge(realm: &str, location: String, root: String) -> StoreResponse {
    let challenge = Challenge {
        realm: realm.into(),
        reason: Some(Reason::NoToken),
        locations: vec![location],
        service_root_hint: root,
    };
    StoreResponse::status(401).with_header("WWW-Authenticate", challenge.to_string())
}

fn form_to(post_back: String) -> StoreResponse {
    StoreResponse::form(&Form {
        post_back: Some(post_back),
        ..sign_in_form()
    })
}

/// Checks that an operation has failed because of the other server, which got nothing.
fn assert_refused<T>(result: Result<T, ClientError>, store: &MockStore, other: &MockStore) {
    let lines = store.lines();
    let Err(error) = result else {
        panic!("not refused: {lines:?}");
    };
    let (called, named) = (store.address(), other.address());
    let expected = format!(
        "the store at http://{called} leads to http://{named}, but passwords and tokens go to \
         http://{called} only; use the other address if it is that of the store"
    );
    assert_eq!(error.to_string(), expected, "{lines:?}");
    assert_eq!(other.lines(), [""; 0], "{lines:?}");
}

/// CA-13, CA-58: every URL that a sign-in follows.
#[tokio::test]
async fn sign_in_at_another_server_is_refused() {
    let lures: [(&str, Lure); 8] = [
        ("GET /Store/endpoints/v1", |_, other| {
            StoreResponse::endpoints(other)
        }),
        ("POST /list", |_, other| {
            StoreResponse::challenge(other, "store", "token", "/list")
        }),
        ("POST /list", |request, other| {
            challenge(
                "store",
                format!("{other}/token"),
                format!("{}/list", request.base),
            )
        }),
        ("POST /list", |request, other| {
            challenge(
                "store",
                format!("{}/token", request.base),
                format!("{other}/list"),
            )
        }),
        ("POST /token", |request, other| {
            challenge(
                "tokens",
                format!("{other}/protocols"),
                format!("{}/token", request.base),
            )
        }),
        ("POST /protocols", |_, other| {
            StoreResponse::choices(&format!("{other}/forms"))
        }),
        ("POST /forms", |_, other| {
            form_to(format!("{other}/attempt"))
        }),
        ("POST /forms", |_, other| {
            form_to(format!("{}/attempt", other.trim_start_matches("http:")))
        }),
    ];
    for (line, lure) in lures {
        let (store, other) = hostile_store(line, lure);
        let result = client(&store).list(&session_params()).await;
        assert_refused(result, &store, &other);
        assert!(!store.lines().contains(&"POST /attempt".to_owned()));
    }
}

/// A launch that gets a challenge signs the user in.
#[tokio::test]
async fn launch_at_another_server_is_refused() {
    let (store, other) = hostile_store("POST /list/1/launch", |_, other| {
        StoreResponse::launch(&LaunchData::Retry {
            url: format!("{other}/list/1/launch"),
            after: Some(0),
            reason: RetryReason::RESUMING,
            remedy: None,
        })
    });
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    for server in [&store, &other] {
        let url = format!("http://{}/list/1/launch", server.address());
        let result = client.launch(&url, &LaunchParams::default(), drop).await;
        assert_refused(result, &store, &other);
    }
}

/// The file of a sign-in may come from another machine.
#[tokio::test]
async fn token_of_a_sign_in_elsewhere_is_not_sent() {
    let store = MockStore::start(healthy_store);
    let other = MockStore::start(healthy_store);
    let sign_in = SignIn {
        token_service: format!("http://{}/token", other.address()).parse().unwrap(),
        token: "cHJpbWFyeQ==".to_owned().into(),
        expiry: "2026-03-02T15:15:00Z".parse().unwrap(),
    };
    let mut client = StoreClient::resume(store.url().parse().unwrap(), sign_in);
    let error = client.list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::SignInEnded), "{error}");
    assert_refused(client.refresh().await, &store, &other);
    assert_refused(client.end_sign_ins().await, &store, &other);
    let tokens = store.requests();
    let mut tokens = tokens.iter().map(|it| it.header("authorization"));
    assert!(tokens.all(str::is_empty));
}

/// A store may list several token services, the preferred one first.
#[tokio::test]
async fn token_service_at_another_server_is_skipped() {
    let (store, other) = hostile_store("POST /token", |request, other| {
        match request.header("authorization") {
            "" => challenge(
                "tokens",
                format!("{other}/protocols|{}/protocols", request.base),
                format!("{}/token", request.base),
            ),
            _ => healthy_store(request),
        }
    });
    client(&store).list(&session_params()).await.unwrap();
    assert_eq!(other.lines(), [""; 0]);
}
