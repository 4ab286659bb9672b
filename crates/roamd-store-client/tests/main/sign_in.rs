//! Sign-in (citrixauth.md §2), and audiences of tokens.

use std::sync::atomic::{AtomicUsize, Ordering};

use roamd_store_client::{ClientError, Credentials, EnumerationStatus, LaunchParams, StoreClient};
use roamd_store_proto::auth::{Form, FormResult, FormStatus, Requirement, RequirementKind};
use roamd_store_proto::media_type;
use roamd_testkit::{MockStore, StoreResponse, form_field, healthy_store, sign_in_form};

use crate::support::{client, session_params};

fn error_label(text: &str) -> Requirement {
    Requirement {
        id: None,
        credential_type: "none".into(),
        label: Some(text.into()),
        label_type: "error".into(),
        kind: RequirementKind::Nothing,
        ..form_field("none")
    }
}

#[tokio::test]
async fn challenge_is_followed_step_by_step() {
    let store = MockStore::start(healthy_store);
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    let requests = store.requests();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| request.line.as_str())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /Store/endpoints/v1",
            "POST /list",
            "POST /token",
            "POST /protocols",
            "POST /forms",
            "POST /attempt",
            "POST /token",
            "POST /list",
        ]
    );
    let tokens: Vec<_> = requests
        .iter()
        .map(|request| request.header("authorization"))
        .collect();
    let (primary, service) = ("CitrixAuth cHJpbWFyeQ==", "CitrixAuth c2VydmljZQ==");
    assert_eq!(tokens, ["", "", "", "", "", "", primary, service]);
    // Steps 2 to 4 and 6 send the same message, for the realm of the challenge (CA-16, CA-17).
    let hint = |path: &str| format!("<for-service-url>http://{}{path}<", store.address());
    for (step, realm, path) in [
        (2, "store", "/list"),
        (3, "tokens", "/token"),
        (4, "tokens", "/token"),
        (6, "store", "/list"),
    ] {
        assert_eq!(
            requests[step].header("content-type"),
            media_type::REQUEST_TOKEN
        );
        assert!(
            requests[step]
                .body
                .contains(&format!("<for-service>{realm}<")),
            "step {step}"
        );
        assert!(
            requests[step].body.contains(&hint(path)),
            "step {step}: {}",
            requests[step].body
        );
    }
    // Cookie and context come back, the cookie without its attributes (CA-46).
    assert_eq!(requests[5].header("cookie"), "ASP.NET_SessionId=c00k1e");
    assert_eq!(requests[5].header("content-type"), media_type::URL_ENCODED);
    assert!(
        requests[5].body.contains("StateContext=q7Zk2mN4-xv1"),
        "{}",
        requests[5].body
    );

    // The next request uses the same token.
    client.list(&session_params()).await.unwrap();
    assert_eq!(store.lines().len(), 9);
}

/// CA-62, CA-67: the domain goes into its own field if the form has one.
#[tokio::test]
async fn domain_is_split_off_only_if_the_form_has_a_field() {
    for (fields, expected) in [
        (
            &["username", "password", "domain"][..],
            "username=ada&password=s3cret%21&domain=LAB",
        ),
        (
            &["username", "password"],
            "username=LAB%5Cada&password=s3cret%21",
        ),
    ] {
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /forms" => StoreResponse::form(&Form {
                requirements: fields.iter().map(|id| form_field(id)).collect(),
                ..sign_in_form()
            }),
            _ => healthy_store(request),
        });
        client(&store).list(&session_params()).await.unwrap();
        assert!(
            store.requests()[5].body.contains(expected),
            "{}",
            store.requests()[5].body
        );
    }
}

#[tokio::test]
async fn refused_sign_in_is_reported_and_not_retried() {
    let again = Form {
        requirements: vec![
            form_field("username"),
            form_field("password"),
            error_label("Not\ncorrect."),
        ],
        ..sign_in_form()
    };
    let failed = Form {
        result: FormResult::FAIL,
        log_message: Some("Too many attempts.".into()),
        post_back: None,
        requirements: Vec::new(),
        ..sign_in_form()
    };
    let silent = Form {
        status: FormStatus::SESSION_ID_EXPIRED,
        log_message: None,
        ..failed.clone()
    };
    let change = Form {
        result: FormResult::UPDATE_CREDENTIALS,
        requirements: vec![form_field("oldPassword"), form_field("newPassword")],
        ..sign_in_form()
    };
    for (response, expected) in [
        (
            change,
            "the password has expired or must be changed: choose a new one in another client first",
        ),
        (again, "the store refused the sign-in: Not correct."),
        (failed, "the store refused the sign-in: Too many attempts."),
        (
            silent,
            "the store refused the sign-in: error-sessionid-expired",
        ),
    ] {
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /attempt" => StoreResponse::form(&response),
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_refusal());
        let attempts = store
            .lines()
            .iter()
            .filter(|line| *line == "POST /attempt")
            .count();
        assert_eq!(attempts, 1);
    }
}

/// CA-57: the status decides, not the language of the message.
#[tokio::test]
async fn unavailable_sign_in_is_not_a_refusal() {
    for (log_message, message) in [
        (Some("Connexion impossible."), "Connexion impossible."),
        (None, "error-service-unavailable"),
    ] {
        let response = Form {
            status: FormStatus::SERVICE_UNAVAILABLE,
            result: FormResult::FAIL,
            log_message: log_message.map(Into::into),
            post_back: None,
            requirements: Vec::new(),
            ..sign_in_form()
        };
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /attempt" => StoreResponse::form(&response),
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        let expected = format!("the store cannot sign in any user now: {message}");
        assert_eq!(error.to_string(), expected);
        assert!(!error.is_refusal());
    }
}

#[tokio::test]
async fn form_with_unknown_fields_is_not_filled() {
    for fields in [
        &["username", "password", "passcode"][..],
        &["username"],
        &[],
    ] {
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /forms" => StoreResponse::form(&Form {
                requirements: fields.iter().map(|id| form_field(id)).collect(),
                ..sign_in_form()
            }),
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::MoreAsked),
            "{fields:?}: {error}"
        );
        assert!(!store.lines().contains(&"POST /attempt".into()));
    }
}

/// A path with two slashes at the start would name another host.
#[tokio::test]
async fn password_goes_only_to_the_server_of_the_form() {
    let other_store = MockStore::start(|_| StoreResponse::token("cHJpbWFyeQ=="));
    let elsewhere = other_store.address();
    for post_back in [
        format!("//{elsewhere}/attempt"),
        format!("http://{elsewhere}/attempt"),
    ] {
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /forms" => StoreResponse::form(&Form {
                post_back: Some(post_back.clone()),
                ..sign_in_form()
            }),
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::OtherAudience { .. }),
            "{error}"
        );
    }
    assert_eq!(other_store.lines(), [""; 0]);
}

/// CA-8: a token is for the URLs below the root of its service.
#[tokio::test]
async fn token_is_sent_only_below_its_root() {
    let store = MockStore::start(healthy_store);
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    let params = LaunchParams::default();
    for (path, expected) in [
        ("/list/1/launch", "CitrixAuth c2VydmljZQ=="),
        ("/listing", ""),
        ("/token", ""),
    ] {
        let url = format!("http://{}{path}", store.address());
        let before = store.requests().len();
        client.launch(&url, &params, drop).await.unwrap_err();
        assert_eq!(
            store.requests()[before].header("authorization"),
            expected,
            "{url}"
        );
    }
}

#[tokio::test]
async fn https_store_is_never_left_for_http() {
    let store = MockStore::start(healthy_store);
    let store_url = format!("https://{}/Store", store.address())
        .parse()
        .unwrap();
    let credentials = Credentials {
        user_name: "ada".into(),
        password: "s3cret!".to_owned().into(),
    };
    let mut client = StoreClient::new(store_url, credentials);
    let url = format!("http://{}/list", store.address());
    let error = client
        .launch(&url, &LaunchParams::default(), drop)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Unencrypted(_)), "{error}");
    assert_eq!(store.lines(), [""; 0]);
}

/// A store behind an unconfigured proxy would refuse the token.
#[tokio::test]
async fn store_with_other_base_url_is_named() {
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => {
            StoreResponse::challenge("https://store.example.net", "store", "token", "/list")
        }
        _ => healthy_store(request),
    });
    let error = client(&store).list(&session_params()).await.unwrap_err();
    let called = format!("http://{}", store.address());
    let expected = format!(
        "the store at {called} leads to https://store.example.net, but passwords and tokens go to \
         {called} only; use the other address if it is that of the store"
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn expired_token_is_replaced_once() {
    let lists = AtomicUsize::new(0);
    let store = MockStore::start(move |request| {
        let token = !request.header("authorization").is_empty();
        match request.line.as_str() {
            // The second request with a token finds it expired.
            "POST /list" if token && lists.fetch_add(1, Ordering::Relaxed) == 1 => {
                StoreResponse::challenge(&request.base, "store", "token", "/list")
            }
            _ => healthy_store(request),
        }
    });
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    client.list(&session_params()).await.unwrap();
    let attempts = store
        .lines()
        .iter()
        .filter(|line| *line == "POST /attempt")
        .count();
    assert_eq!(attempts, 2);
}

#[tokio::test]
async fn clone_reuses_the_token() {
    let store = MockStore::start(healthy_store);
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    client.clone().list(&session_params()).await.unwrap();
    let lines = store.lines();
    assert_eq!(
        lines.iter().filter(|line| *line == "POST /attempt").count(),
        1
    );
    assert_eq!(lines.last().unwrap(), "POST /list");
}

#[tokio::test]
async fn sign_out_ends_sign_ins_of_all_clones_once() {
    // CA-39
    let store = MockStore::start(healthy_store);
    let mut client = client(&store);
    client.sign_out().await;
    assert!(store.lines().is_empty(), "there is no sign-in to end");
    // The sign-in of the clone is sufficient for both.
    client.clone().list(&session_params()).await.unwrap();
    client.list(&session_params()).await.unwrap();
    let before = store.requests().len();
    client.sign_out().await;
    client.clone().sign_out().await;
    let requests = store.requests();
    assert_eq!(requests.len(), before + 1);
    for request in &requests[before..] {
        assert_eq!(request.line, "POST /token");
        assert_eq!(request.header("content-type"), media_type::DESTROY_TOKEN);
        assert_eq!(request.header("authorization"), "CitrixAuth cHJpbWFyeQ==");
        assert!(request.body.contains(">cHJpbWFyeQ==<"), "{}", request.body);
    }
    // The next request signs in again.
    client.list(&session_params()).await.unwrap();
    let attempts = store.lines();
    let attempts = attempts.iter().filter(|line| *line == "POST /attempt");
    assert_eq!(attempts.count(), 2);
}

/// The first sign-in of a long watch has expired at its end.
#[tokio::test]
async fn sign_out_ends_latest_sign_in_first() {
    let (first, second) = ("Zmlyc3Q=", "c2Vjb25k");
    let (attempts, lists) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let store = MockStore::start(move |request| {
        let token = request.header("authorization");
        match request.line.as_str() {
            "POST /list" if token.ends_with("ZXhwaXJlcw==") => {
                match lists.fetch_add(1, Ordering::Relaxed) {
                    0 => StoreResponse::list(&request.base, EnumerationStatus::Full, &[]),
                    _ => StoreResponse::challenge(&request.base, "store", "token", "/list"),
                }
            }
            "POST /attempt" if attempts.fetch_add(1, Ordering::Relaxed) == 0 => {
                StoreResponse::token(first)
            }
            "POST /attempt" => StoreResponse::token(second),
            "POST /token" if token.ends_with(first) => StoreResponse::token("ZXhwaXJlcw=="),
            "POST /token" if token.ends_with(second) => StoreResponse::token("c2VydmljZQ=="),
            _ => healthy_store(request),
        }
    });
    let mut client = client(&store);
    client.list(&session_params()).await.unwrap();
    client.list(&session_params()).await.unwrap();
    let before = store.requests().len();
    client.sign_out().await;
    let requests = store.requests().into_iter().skip(before);
    let ended: Vec<_> = requests
        .map(|it| it.header("authorization").to_owned())
        .collect();
    assert_eq!(ended, [second, first].map(|it| format!("CitrixAuth {it}")));
}

#[tokio::test]
async fn refused_new_token_is_not_replaced_again() {
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => StoreResponse::challenge(&request.base, "store", "token", "/list"),
        _ => healthy_store(request),
    });
    let error = client(&store).list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::TokenRefused(_)), "{error}");
    assert!(error.is_refusal());
    let attempts = store
        .lines()
        .iter()
        .filter(|line| *line == "POST /attempt")
        .count();
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn unsupported_sign_in_is_reported() {
    let cases = [
        ("POST /list", "requires a sign-in that is not CitrixAuth"),
        (
            "POST /protocols",
            "the store offers no sign-in with user name and password",
        ),
    ];
    for (line, expected) in cases {
        let store = MockStore::start(move |request| match request.line.as_str() {
            "POST /list" if line == "POST /list" => StoreResponse::status(401),
            "POST /protocols" => {
                let body = r#"<requesttokenchoices xmlns="http://citrix.com/delivery-services/1-0/auth/requesttokenchoices"><choices><choice><protocol>Certificate</protocol><location>http://192.0.2.1/</location></choice></choices></requesttokenchoices>"#;
                StoreResponse::choices("http://192.0.2.1/").with_body(body)
            }
            _ => healthy_store(request),
        });
        let error = client(&store).list(&session_params()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn forbidden_operation_is_a_refusal() {
    let store = MockStore::start(|request| match request.line.as_str() {
        "POST /list" => StoreResponse::status(403),
        _ => healthy_store(request),
    });
    let error = client(&store).list(&session_params()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotAllowed), "{error}");
    assert!(error.is_refusal());
}

/// CA-8: each service has a token of its own. One sign-in is sufficient for all of them, since each
/// check of a password counts at the farms.
#[tokio::test]
async fn second_service_gets_a_token_without_a_password() {
    let store = MockStore::start(|request| {
        let base = &request.base;
        let has_token = request.header("authorization") == "CitrixAuth c2VydmljZQ==";
        match request.line.as_str() {
            "GET /Store/endpoints/v1" => StoreResponse::all_endpoints(base),
            "GET /resources?clientName=kiosk-07" if has_token => StoreResponse::resources(vec![]),
            "GET /resources?clientName=kiosk-07" => {
                StoreResponse::challenge(base, "store", "token", "/resources")
            }
            _ => healthy_store(request),
        }
    });
    let mut client = client(&store);
    for _ in 0..2 {
        client.list(&session_params()).await.unwrap();
        client.resources("kiosk-07").await.unwrap();
    }
    let count = |line: &str| store.lines().iter().filter(|it| *it == line).count();
    assert_eq!(count("POST /attempt"), 1);
    // Both tokens are kept: a challenge, and one request for each after that.
    assert_eq!(count("POST /list"), 3);
    assert_eq!(count("GET /resources?clientName=kiosk-07"), 3);
}
