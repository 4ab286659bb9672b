//! Every route: the token that it requires, and no reflection of markup that a browser would run.
//!
//! The names of the routes come from the source of the server, so that a route without an entry
//! here fails the test.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use roamd_farm::World;
use roamd_store_proto::Resources;
use roamd_testkit::{FarmConfig, ScriptedController, StoreConfig};
use roamd_testsuite::{
    Options, Response, SignedIn, TestEnvironment, TokenContents, TokenService, challenge_of,
    path_of, request_token, session_params, sign_in,
};

const ROUTES: &str = include_str!("../../../roamd-server/src/http/route.rs");

const OTHER: &str = "/Citrix/Other";

/// Access to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// No token is required.
    All,
    /// A ticket in the URL is required, and a token is not enough.
    Ticket,
    /// A service token of the store.
    Store,
    /// A primary token.
    Tokens,
    /// A token for the validation service.
    Validation,
}

/// A route with a request that succeeds with a good token.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    method: &'static str,
    path: String,
    access: Access,
    media_type: &'static str,
    body: String,
    /// The path names something of one user, which does not exist for others.
    private: bool,
}

/// Starts a test environment with two stores, an application that only alice may see, and one whose
/// launch has to be retried.
async fn env() -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let mut world = World::demo();
    world.farms[0].applications[0].users = Some(vec![r"DEMO\alice".to_owned()]);
    let other = StoreConfig::new(OTHER, [FarmConfig::new("ELSE", farm.url())]);
    let more_sections = farm.farm_section("SCRIPTED", "Scripted") + &other.to_string();
    let options = Options {
        world,
        more_sections,
        // Validation services need one farm that checks passwords.
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        ..Options::default()
    };
    (TestEnvironment::start(options).await, farm)
}

async fn entries(env: &TestEnvironment, alice: &SignedIn) -> Vec<Entry> {
    let session = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let not_ready = alice.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    let retry = alice.launch(&not_ready, "DESK-C").await;
    let retry = retry.text().split(['<', '>']);
    let retry = retry.clone().find(|text| text.starts_with("http")).unwrap();
    let listed = alice.get("/Citrix/Store/resources/v2").await;
    let listed = Resources::from_xml(&listed.body).unwrap().resources;
    let own = listed.iter().find(|it| it.id == "XA1.MSPaint").unwrap();
    let resource = path_of(own.link.as_ref().unwrap());
    let realm = "store:/Citrix/Store";
    let token_message = request_token(realm, &env.url("/Citrix/Store"), "0.08:00:00");
    let (params, launch) = (
        session_params("DESK-C", ""),
        "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
         <clientName>DESK-C</clientName></launchparams>"
            .to_owned(),
    );
    let session_type = "application/vnd.citrix.sessionparams+xml";
    let launch_type = "application/vnd.citrix.launchparams+xml";
    let token_type = "application/vnd.citrix.requesttoken+xml";
    let form_type = "application/x-www-form-urlencoded";
    let entry = |name, method, path: &str, access| Entry {
        name,
        method,
        path: path.to_owned(),
        access,
        media_type: "",
        body: String::new(),
        private: false,
    };
    let posted = |name, path: &str, access, media_type, body: &str| Entry {
        media_type,
        body: body.to_owned(),
        ..entry(name, "POST", path, access)
    };
    let store = |name, path: &str| entry(name, "GET", path, Access::Store);
    let open = |name, path: &str| entry(name, "GET", path, Access::All);
    let ticket = |name, operation: &str| {
        let path = format!("/Citrix/Store/clientAssistant/{operation}/x");
        entry(name, "GET", &path, Access::Ticket)
    };
    let private = |entry: Entry| Entry {
        private: true,
        ..entry
    };
    let sessions = "/Citrix/Store/sessions/v1";
    let launched =
        |name, path: &str| private(posted(name, path, Access::Store, launch_type, &launch));
    let auth = "/Citrix/StoreAuth";
    vec![
        posted(
            "available",
            &format!("{sessions}/available"),
            Access::Store,
            session_type,
            &params,
        ),
        store("explain", &format!("{sessions}/explain?clientName=DESK-C")),
        posted(
            "disconnect",
            &format!("{sessions}/disconnect"),
            Access::Store,
            session_type,
            &params,
        ),
        posted(
            "logoff",
            &format!("{sessions}/logoff"),
            Access::Store,
            session_type,
            &params,
        ),
        launched("launch", path_of(&session)),
        launched("launch", path_of(retry)),
        store("resources", "/Citrix/Store/resources/v2"),
        store(
            "resources",
            "/Citrix/Store/resources/v2/withoutautoprovision",
        ),
        private(store("resource", resource)),
        private(store("icon", &format!("{resource}/image"))),
        private(store("icon", &format!("{resource}/icon/32"))),
        launched("launch-resource", &format!("{resource}/launch/ica")),
        open("endpoints", "/Citrix/Store/endpoints/v1"),
        open("discovery", "/Citrix/Store/discovery"),
        ticket("ica-file", "getIcaFile"),
        ticket("detection-report", "reportDetectionStatus"),
        open("accounts", "/Citrix/Roaming/accounts"),
        posted(
            "token",
            &format!("{auth}/auth/v1/token"),
            Access::Tokens,
            token_type,
            &token_message,
        ),
        entry(
            "validate",
            "GET",
            &format!("{auth}/auth/v1/token/validate"),
            Access::Validation,
        ),
        posted(
            "protocols",
            &format!("{auth}/auth/v1/protocols"),
            Access::All,
            token_type,
            &token_message,
        ),
        posted(
            "forms-start",
            &format!("{auth}/ExplicitForms/Start"),
            Access::All,
            token_type,
            &token_message,
        ),
        posted(
            "forms-attempt",
            &format!("{auth}/ExplicitForms/AuthenticateAttempt"),
            Access::All,
            form_type,
            "StateContext=x&username=alice&password=roam-demo",
        ),
        posted(
            "forms-cancel",
            &format!("{auth}/ExplicitForms/CancelAuthenticate"),
            Access::All,
            form_type,
            "StateContext=x",
        ),
        open("authentication-endpoints", &format!("{auth}/endpoints/v1")),
        open("schemas", "/Schemas/"),
        open("schema", "/Schemas/SessionState.xsd"),
        open("health", "/healthz"),
        open("ready", "/readyz"),
        open("metrics", "/metrics"),
        open("page", "/"),
        open("store-page", "/Citrix/Store"),
        open("style-sheet", "/roamd.css"),
    ]
}

impl Entry {
    async fn ask(
        &self,
        env: &TestEnvironment,
        token: Option<&str>,
        more: &[(&str, &str)],
    ) -> Response {
        let authorization = token.map(|token| format!("CitrixAuth {token}"));
        let mut headers = vec![("Content-Type", self.media_type)];
        headers.extend(
            authorization
                .iter()
                .map(|it| ("Authorization", it.as_str())),
        );
        headers.extend_from_slice(more);
        let server = env.server;
        server
            .send(self.method, &self.path, &headers, self.body.as_bytes())
            .await
    }
}

#[tokio::test]
async fn every_route_accepts_only_its_own_token() {
    // SS-4, SS-54, CA-2 to CA-15
    let (env, _farm) = env().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let entries = entries(&env, &alice).await;
    let names: BTreeSet<_> = entries.iter().map(|entry| entry.name).collect();
    assert_eq!(names, names_in_the_source());

    let before = env.sessions("alice");
    let validation = validation_realm(&env, &entries).await;
    let forge = |realm: &str, hours: i64| forged(&env, &service, realm, hours);
    for entry in &entries {
        let case = format!("{} {}", entry.method, entry.path);
        let (realm, swapped, of_bob) = match entry.access {
            Access::All => {
                let plain = entry.ask(&env, None, &[]).await;
                let with = entry.ask(&env, Some("AAAA"), &[]).await;
                assert!([200, 300].contains(&plain.status), "{case}: {plain:?}");
                assert_eq!(with.status, plain.status, "a token means nothing: {case}");
                continue;
            }
            Access::Ticket => {
                for token in [None, Some(alice.token.as_str()), Some(&alice.primary)] {
                    assert_eq!(entry.ask(&env, token, &[]).await.status, 403, "{case}");
                }
                continue;
            }
            Access::Store => (&service.store.realm, &alice.primary, &bob.token),
            Access::Tokens => (&service.tokens.realm, &alice.token, &bob.primary),
            Access::Validation => (&validation, &alice.primary, &bob.token),
        };
        let other_store = forge(&format!("store:{OTHER}"), 0);
        let mut rows = vec![
            (None, "notoken"),
            (Some("AAAA"), "invalidtoken"),
            (Some(swapped.as_str()), "notforthisservice"),
            (Some(other_store.as_str()), "notforthisservice"),
        ];
        let expired = forge(realm, 9);
        rows.push((Some(expired.as_str()), "expired"));
        for (token, reason) in rows {
            let response = entry.ask(&env, token, &[]).await;
            assert_eq!(response.status, 401, "{case} {reason}");
            assert_eq!(challenge_of(&response).reason, reason, "{case}");
        }
        if entry.private {
            let response = entry.ask(&env, Some(of_bob), &[]).await;
            assert_eq!(response.status, 404, "{case}: it is alice's");
        }
    }
    assert_eq!(env.sessions("alice"), before);
    // A good token is accepted, so that the table can fail. This comes last, because some requests
    // end sessions.
    for entry in entries
        .iter()
        .filter(|entry| !matches!(entry.access, Access::All | Access::Ticket))
        .rev()
    {
        let token = match entry.access {
            Access::Tokens => alice.primary.clone(),
            Access::Validation => forge(&validation, 0),
            Access::Store | Access::All | Access::Ticket => alice.token.clone(),
        };
        let response = entry.ask(&env, Some(&token), &[]).await;
        assert_eq!(response.status, 200, "{} {}", entry.method, entry.path);
        let metrics = env.server.send("GET", "/metrics", &[], b"").await;
        let served = format!("route=\"{}\",status=\"200\"", entry.name);
        assert!(metrics.text().contains(&served), "{served}");
    }
}

/// Returns a token of alice for a realm that was issued this many hours ago.
fn forged(env: &TestEnvironment, service: &TokenService, realm: &str, hours: i64) -> String {
    env.seal_token(&TokenContents {
        realm,
        url: env.url("/"),
        issuer: &service.tokens.realm,
        user: "alice",
        password: "roam-demo",
        issued: Timestamp::now() - SignedDuration::from_hours(hours),
    })
}

async fn validation_realm(env: &TestEnvironment, entries: &[Entry]) -> String {
    let entry = entries
        .iter()
        .find(|entry| entry.access == Access::Validation);
    challenge_of(&entry.unwrap().ask(env, None, &[]).await).realm
}

/// Returns the names of all routes in the source of the server.
fn names_in_the_source() -> BTreeSet<&'static str> {
    let start = ROUTES.find("fn name(self)").unwrap();
    let end = start + ROUTES[start..].find("\n    }\n").unwrap();
    let name = Regex::new("=> \"([a-z-]+)\"").unwrap();
    let found = name.captures_iter(&ROUTES[start..end]);
    let names: BTreeSet<_> = found.map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

const MARKER: &str = "PLANT-5914";

/// Markup that a browser would run if a page or an XML document contained it unescaped.
const MARKUP: &str = "\"'><script>alert('PLANT-5914')</script>";

/// `MARKUP` as escaped XML text.
const ESCAPED: &str = "&quot;&apos;&gt;&lt;script&gt;alert(&apos;PLANT-5914&apos;)&lt;/script&gt;";

/// Panics if a header contains the markup, or if the body contains it other than as text of an XML
/// or JSON document.
fn assert_harmless(response: &Response, case: &str) {
    for (name, value) in &response.headers {
        assert!(!value.contains(MARKER), "{case}: {name}: {value}");
        assert!(!name.contains(MARKER), "{case}: {name}");
    }
    assert_eq!(
        response.header("x-content-type-options"),
        Some("nosniff"),
        "{case}"
    );
    let text = String::from_utf8_lossy(&response.body);
    assert!(!text.contains("<script"), "{case}: {text}");
    let media_type = response.header("content-type").unwrap();
    if media_type == "text/html; charset=utf-8" {
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    let is_data = media_type.contains("xml") || media_type == "application/json";
    if !is_data {
        assert!(!text.contains(MARKER), "{case}: {text}");
    }
}

#[tokio::test]
async fn markup_in_request_fields_is_never_reflected_unescaped() {
    let (env, _farm) = env().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let entries = entries(&env, &alice).await;
    let validation = validation_realm(&env, &entries).await;
    let token = |entry: &Entry| match entry.access {
        Access::All | Access::Ticket => None,
        Access::Store => Some(alice.token.clone()),
        Access::Tokens => Some(alice.primary.clone()),
        Access::Validation => Some(forged(&env, &service, &validation, 0)),
    };
    // The path in every form, and the query.
    let raw = MARKUP.replace(' ', "");
    let encoded: String = MARKUP.bytes().map(|b| format!("%{b:02x}")).collect();
    for entry in &entries {
        for path in [
            format!("{}/{encoded}", entry.path),
            format!("{}/{MARKER}", entry.path),
            format!("{}?{encoded}={encoded}", entry.path),
            format!("{}?group={encoded}&scope={encoded}", entry.path),
            format!("/{encoded}{}", entry.path),
            entry.path.replace("/v1", &format!("/{encoded}")),
        ] {
            let asked = Entry {
                path,
                body: entry.body.clone(),
                ..*entry
            };
            let response = asked.ask(&env, token(entry).as_deref(), &[]).await;
            assert_harmless(&response, &asked.path);
        }
        // A malformed request line, which the HTTP parser refuses.
        let line = format!(
            "GET {}?{raw} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            entry.path
        );
        let response = env.server.raw(line.as_bytes()).await;
        assert!(!String::from_utf8_lossy(&response).contains("<script"));
        for name in [
            "Accept",
            "Accept-Charset",
            "Accept-Encoding",
            "Accept-Language",
            "Content-Language",
            "Cookie",
            "Expect-CT",
            "Forwarded",
            "From",
            "If-None-Match",
            "Origin",
            "Referer",
            "User-Agent",
            "X-Citrix-AM-CredentialTypes",
            "X-Citrix-AM-LabelTypes",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Request-Id",
        ] {
            let response = entry
                .ask(&env, token(entry).as_deref(), &[(name, MARKUP)])
                .await;
            assert_harmless(&response, &format!("{name} {}", entry.path));
        }
        for (token, media_type) in [(MARKUP, entry.media_type), (MARKER, MARKUP)] {
            let headers = [
                ("Authorization", format!("CitrixAuth {token}")),
                ("Content-Type", media_type.to_owned()),
            ];
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let body = entry.body.as_bytes();
            let server = env.server;
            let response = server.send(entry.method, &entry.path, &headers, body).await;
            assert_harmless(&response, &format!("{token} {}", entry.path));
        }
        // Every value of a body, as markup and as escaped text.
        for planted in bodies(&entry.body) {
            let asked = Entry {
                path: entry.path.clone(),
                body: planted,
                ..*entry
            };
            let response = asked.ask(&env, token(entry).as_deref(), &[]).await;
            assert_harmless(&response, &asked.body);
        }
    }
    check_form(&env).await;
}

/// Returns the body with markup in place of each of its texts, names and values.
fn bodies(body: &str) -> Vec<String> {
    let values = Regex::new("(?:[>=\"])([^<>\"=&?]+)(?:[<\"&])").unwrap();
    let values: Vec<_> = values
        .captures_iter(body)
        .map(|found| found.get(1).unwrap().range())
        .collect();
    let plants = [
        MARKUP,
        ESCAPED,
        "%3Cscript%3Ealert(PLANT-5914)%3C/script%3E",
    ];
    values
        .iter()
        .flat_map(|value| {
            plants.map(|plant| format!("{}{plant}{}", &body[..value.start], &body[value.end..]))
        })
        .collect()
}

/// The form repeats the user name as text of its XML.
async fn check_form(env: &TestEnvironment) {
    let service = TokenService::discover(env.server).await;
    for (field, shown) in [
        ("username", true),
        ("password", false),
        ("domain", false),
        ("loginBtn", false),
        ("StateContext", false),
        ("saveCredentials", false),
        (MARKUP, false),
    ] {
        let conversation = service.begin().await;
        let mut fields = vec![
            ("username", "alice"),
            ("password", "wrong"),
            ("domain", "DEMO"),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, MARKUP));
        let context = &conversation.form.state_context;
        let response = conversation
            .post(Some(&conversation.cookie), context, &fields)
            .await;
        assert_eq!(response.status, 200, "{field}");
        assert_harmless(&response, field);
        assert_eq!(
            response.text().contains(MARKER),
            shown,
            "{field}: {}",
            response.text()
        );
    }
}
