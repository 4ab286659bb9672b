//! No reader of XML takes a document type, so nothing is fetched, opened or unfolded.

use std::time::Duration;

use roamd_testsuite::{Site, TokenService, path_of, request_token, sign_in};
use tokio::net::TcpListener;

use crate::refusals::refused;

/// What is said of each.
pub(crate) const DOCTYPE_REFUSED: &str = "document type declaration is not allowed";

/// What may stand before a document with this root: a name, the declaration, and a text of the
/// document that makes use of it. `trap` is a URL that nobody must ask for.
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
async fn no_launch_and_no_token_message_has_a_document_type() {
    // The three operations on sessions are in `refusals`.
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let before = site.sessions("alice");
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trapped = format!("http://{}/secret", trap.local_addr().unwrap());
    let service = TokenService::discover(site.gateway).await;
    let session = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let resources = alice.get("/Citrix/Store/resources/v2").await;
    let above = site.url("/Citrix/Store/resources/v2/");
    let (_, resource) = resources.text().split_once(&above).unwrap();
    let resource = resource.split(['/', '"', '<']).next().unwrap();
    let resource = format!("/Citrix/Store/resources/v2/{resource}/launch/ica");

    // Documents that are good with a word in place of `TEXT`, and that change something.
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
        site.gateway.send("POST", path, &headers, body).await
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
            refused(&response, 400, &case);
            let told = response.text();
            assert!(told.contains(DOCTYPE_REFUSED), "{case}: {told}");
        }
    }
    assert_eq!(site.sessions("alice"), before);
    let caught = tokio::time::timeout(Duration::from_millis(20), trap.accept()).await;
    assert!(caught.is_err(), "somebody fetched an entity");
    // What is good but for the document type is read, so the table can fail.
    for (path, token, root, document) in rows {
        let response = post(path, token, root, &document.replace("TEXT", "x")).await;
        let told = response.text();
        assert!(!told.contains("document type"), "{path} {root}: {told}");
        if root == "launchparams" {
            assert_eq!(response.status, 200, "{told}");
        }
    }
}
