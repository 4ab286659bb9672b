//! Document type declarations are rejected in every message, so that no entity is fetched, opened
//! or expanded.

use std::time::Duration;

use roamd_testsuite::{TestEnvironment, TokenService, path_of, request_token, sign_in};
use tokio::net::TcpListener;

use crate::support::assert_rejected;

/// The words of the rejection.
pub(crate) const DOCTYPE_REJECTED: &str = "document type declaration is not allowed";

/// Returns document type declarations for a root: the name of the case, the declaration, and a text
/// that uses it. `trap` is a URL that the server must not request.
pub(crate) fn document_types(root: &str, trap: &str) -> Vec<(&'static str, String, String)> {
    let tower: String = (1..9)
        .map(|level| {
            let below = format!("&e{};", level - 1).repeat(10);
            format!("<!ENTITY e{level} \"{below}\">")
        })
        .collect();
    let large = "x".repeat(50_000);
    [
        (
            "an entity from a file",
            "[<!ENTITY e SYSTEM \"file:///etc/passwd\">]".to_owned(),
        ),
        (
            "an entity from a server",
            format!("[<!ENTITY e SYSTEM \"{trap}\">]"),
        ),
        (
            "a document type from a file",
            "SYSTEM \"file:///etc/passwd\"".to_owned(),
        ),
        (
            "a document type from a server",
            format!("SYSTEM \"{trap}\""),
        ),
        (
            "a public document type from a server",
            format!("PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"{trap}\""),
        ),
        (
            "a parameter entity",
            format!("[<!ENTITY % p SYSTEM \"{trap}\"> %p;]"),
        ),
        (
            "a tower of entities",
            format!("[<!ENTITY e0 \"x\">{tower}<!ENTITY e \"&e8;\">]"),
        ),
        (
            "a large entity used often",
            format!("[<!ENTITY e \"{large}\">]"),
        ),
        ("a document type that is empty", String::new()),
    ]
    .map(|(case, declared)| {
        let times = if case.ends_with("often") { 4_000 } else { 1 };
        let declared = format!("<!DOCTYPE {root} {declared}>");
        (case, declared, "&e;".repeat(times))
    })
    .into_iter()
    .chain([(
        "a document type of another root",
        "<!DOCTYPE other>".to_owned(),
        "x".to_owned(),
    )])
    .collect()
}

#[tokio::test]
async fn document_types_are_rejected_in_launch_and_token_messages() {
    // The three operations on sessions are in `rejected_requests`.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trapped = format!("http://{}/secret", trap.local_addr().unwrap());
    let service = TokenService::discover(env.server).await;
    let session = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let resources = alice.get("/Citrix/Store/resources/v2").await;
    let above = env.url("/Citrix/Store/resources/v2/");
    let (_, resource) = resources.text().split_once(&above).unwrap();
    let resource = resource.split(['/', '"', '<']).next().unwrap();
    let resource = format!("/Citrix/Store/resources/v2/{resource}/launch/ica");

    // Valid documents with a word in place of `TEXT`, which have an effect.
    let launch = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                  <clientName>TEXT</clientName></launchparams>";
    let request = request_token("TEXT", &service.store.hint, TokenService::LIFETIME);
    let request = request.split_once("?>").unwrap().1;
    let of_token = |root: &str| {
        format!(
            "<{root} xmlns=\"http://citrix.com/delivery-services/1-0/auth/{root}\">\
             <token>TEXT</token></{root}>"
        )
    };
    let (refresh, destroy) = (of_token("refreshtoken"), of_token("destroytoken"));
    let tokens = "/Citrix/StoreAuth/auth/v1/token";
    let protocols = "/Citrix/StoreAuth/auth/v1/protocols";
    let store_token = alice.authorization();
    let primary = format!("CitrixAuth {}", alice.primary);
    let post = async |path: &str, token: &str, root: &str, body: &str| {
        let media_type = format!("application/vnd.citrix.{root}+xml");
        let headers = [("Authorization", token), ("Content-Type", &*media_type)];
        let body = body.as_bytes();
        env.server.send("POST", path, &headers, body).await
    };
    let rows = [
        (path_of(&session), &*store_token, "launchparams", launch),
        (&*resource, &store_token, "launchparams", launch),
        (tokens, &primary, "requesttoken", request),
        (protocols, &primary, "requesttoken", request),
        (&*service.start, &primary, "requesttoken", request),
        (tokens, &primary, "refreshtoken", &*refresh),
        (tokens, &primary, "destroytoken", &*destroy),
    ];
    for (path, token, root, document) in rows {
        for (case, declared, text) in document_types(root, &trapped) {
            let body = declared + &document.replace("TEXT", &text);
            let response = post(path, token, root, &body).await;
            let case = format!("{path} {root}: {case}");
            assert_rejected(&response, 400, &case);
            let text = response.text();
            assert!(text.contains(DOCTYPE_REJECTED), "{case}: {text}");
        }
    }
    assert_eq!(env.sessions("alice"), before);
    let caught = tokio::time::timeout(Duration::from_millis(20), trap.accept()).await;
    assert!(caught.is_err(), "the server fetched an entity");
    // Without the document type they are read, so that the table can fail.
    for (path, token, root, document) in rows {
        let response = post(path, token, root, &document.replace("TEXT", "x")).await;
        let text = response.text();
        assert!(!text.contains("document type"), "{path} {root}: {text}");
        if root == "launchparams" {
            assert_eq!(response.status, 200, "{text}");
        }
    }
}
