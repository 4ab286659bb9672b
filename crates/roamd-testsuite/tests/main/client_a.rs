//! A replay of client A: the vendor's own PowerShell module for Store Services API 2.5
//! (client-quirks.md §1, §6). It runs in a strict mode, on .NET's `HttpWebRequest`: a new
//! connection for each request (CQ-21), and a body only after the server said to go on (CQ-20).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use roamd_testsuite::{
    Node, Options, Response, ScriptedFarm, Site, Wire, challenge_expression, request,
};

/// CQ-12: a content type where there is no content.
const ENDPOINTS: &str = "\
GET /Citrix/Store/endpoints/v1 HTTP/1.1
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.endpoints+xml
Host: {host}
Connection: close

";

/// CQ-11: the first request has no `Accept`.
const FIRST: &str = "\
POST /Citrix/Store/sessions/v1/available HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><includeActiveSessions>false</includeActiveSessions><appSessionsOnly>false</appSessionsOnly></sessionParams>";

/// CQ-13: `for-service-url` is the hint.
const REQUEST_TOKEN: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.requesttoken+xml
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.requesttokenchoices+xml{authorization}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>01:00:00</requested-lifetime></requesttoken>";

const FORMS_START: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.requesttoken+xml
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>01:00:00</requested-lifetime></requesttoken>";

/// CQ-31, CQ-34, CQ-35, CQ-38: the state context as found, the button's value with a plus, the whole
/// `Set-Cookie` sent back.
const FORM: &str = "\
POST {path} HTTP/1.1
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml
Cookie: {cookie}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

StateContext={context}&loginBtn=Log+On&{user}&password={password}&saveCredentials=false";

/// CQ-1, CQ-3 to CQ-6: without tickets both booleans are there.
const SESSIONS: &str = "\
POST /Citrix/Store/sessions/v1/{operation} HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Accept: {accept}
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><includeActiveSessions>false</includeActiveSessions><appSessionsOnly>false</appSessionsOnly></sessionParams>";

/// CQ-6: with tickets there are no booleans.
const WITH_TICKET: &str = "\
POST /Citrix/Store/sessions/v1/{operation} HTTP/1.1
Content-Type: application/vnd.citrix.sessionparams+xml;charset=utf-8
Accept: application/vnd.citrix.sessionresults+xml
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-8\"?><sessionParams xmlns=\"http://citrix.com/delivery-services/1-0/sessionparams\"><clientName>{client}</clientName><deviceId>{client}</deviceId><tickets><ticket>{ticket}</ticket></tickets></sessionParams>";

/// CQ-7, CQ-9: UTF-8 that says it is UTF-16, and every parameter at once.
const LAUNCH: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.launchparams+xml
Accept: application/vnd.citrix.launchdata+xml
Authorization: CitrixAuth {token}
Host: {host}
Content-Length: {length}
Expect: 100-continue
Connection: close

<?xml version=\"1.0\" encoding=\"utf-16\"?><launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\"><deviceId>{client}</deviceId><clientName>{client}</clientName><clientAddress>192.0.2.17</clientAddress><audio>high</audio><colourDepth>16</colourDepth><display>seamless</display><displayPercent>80</displayPercent><transparentKeyPassthrough>local</transparentKeyPassthrough><specialFolderRedirection>false</specialFolderRedirection><clearTypeRemoting>true</clearTypeRemoting><showDesktopViewer>true</showDesktopViewer><launcher>Test module</launcher><virtualComPort>false</virtualComPort><comPortMapping>false</comPortMapping><clientPrinter>true</clientPrinter></launchparams>";

const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

/// What the module keeps between commands.
struct ClientA {
    wire: Wire,
    /// `http://host:port` of the store that it was given.
    server: String,
    /// Name of the client, and its device id.
    name: String,
    /// Tokens by service root, with the time until which it uses them (CQ-49, CQ-52).
    tokens: HashMap<String, (String, Timestamp)>,
}

/// What a launch ended with.
#[derive(Debug, PartialEq)]
enum LaunchOutcome {
    Ica(String),
    Retry(String),
    Error(String, String),
}

impl ClientA {
    fn new(site: &Site, name: &str) -> Self {
        Self {
            wire: site.gateway,
            server: format!("http://{}", site.gateway.address()),
            name: name.to_owned(),
            tokens: HashMap::new(),
        }
    }

    async fn play(&self, text: &str, values: &[(&str, &str)]) -> Response {
        let host = self.wire.address().to_string();
        let mut all = vec![("host", host.as_str()), ("client", &self.name)];
        all.extend_from_slice(values);
        let bytes = request(text, &all);
        if text.contains("Expect: 100-continue") {
            self.wire.exchange_in_two(&bytes).await.1
        } else {
            self.wire.exchange(&bytes).await
        }
    }

    /// Signs in, and says what the error labels of each refused attempt told (CQ-54).
    async fn sign_in(&mut self, user: &str, passwords: &[&str]) -> Vec<String> {
        let store = Challenge::of(&self.play(FIRST, &[]).await);
        let token_service = self.path(&store.locations[0]).to_owned();
        let message = |path: &str, challenge: &Challenge| {
            [
                ("path", path.to_owned()),
                ("realm", challenge.realm.clone()),
                ("hint", challenge.hint.clone()),
            ]
        };
        let values = message(&token_service, &store);
        let answer = self.play_token(REQUEST_TOKEN, &values, "").await;
        let tokens = Challenge::of(&answer);
        assert_eq!(tokens.reason, "notoken");
        // CQ-48: locations are tried in order.
        let protocols = self.path(&tokens.locations[0]).to_owned();
        let answer = self
            .play_token(REQUEST_TOKEN, &message(&protocols, &tokens), "")
            .await;
        assert_eq!(answer.status, 300);
        let choices = document(
            &answer,
            "http://citrix.com/delivery-services/1-0/auth/requesttokenchoices",
        );
        // CQ-44: every protocol in turn; the first that gives a form is taken.
        let mut begun = None;
        for choice in choices.child("choices").elements() {
            let location = choice.child("location").text();
            let values = message(self.path(location), &tokens);
            let answer = self.play_token(FORMS_START, &values, "").await;
            assert_eq!(answer.status, 200, "a protocol that does not work");
            begun = begun.or(Some(answer));
        }
        let mut answer = begun.unwrap();
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        let mut errors = Vec::new();
        for password in passwords {
            let text = answer.text();
            let form = document(&answer, "http://citrix.com/authentication/response/1");
            // CQ-53: all four are there.
            assert_eq!(form.child("Status").text(), "success");
            assert_eq!(form.child("Result").text(), "more-info");
            let context = form.child("StateContext").text();
            let requirements = form.child("AuthenticationRequirements");
            // CQ-42: scheme, host and port of the protocol's location, and the path.
            let path = requirements.child("PostBack").text();
            let user = if text.contains("<ID>domain</ID>") {
                format!("username={user}&domain=DEMO")
            } else {
                format!("username=DEMO%5C{user}")
            };
            let values = [
                ("path", path),
                ("cookie", &cookie),
                ("context", context),
                ("user", &user),
                ("password", password),
            ];
            answer = self.play(FORM, &values).await;
            assert_eq!(answer.status, 200);
            errors.extend(error_labels(&answer));
        }
        let (primary, _) = token(&answer);
        let values = message(&token_service, &store);
        let authorization = format!("\nAuthorization: CitrixAuth {primary}");
        let answer = self
            .play_token(REQUEST_TOKEN, &values, &authorization)
            .await;
        self.tokens.insert(store.hint, token(&answer));
        errors
    }

    async fn play_token(
        &self,
        text: &str,
        values: &[(&str, String)],
        authorization: &str,
    ) -> Response {
        let mut values: Vec<_> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        values.push(("authorization", authorization));
        self.play(text, &values).await
    }

    /// The token that was kept for the sessions service, not for anything else (CQ-49).
    fn token(&self) -> &str {
        let (token, until) = &self.tokens[&format!("{}/Citrix/Store/sessions/v1", self.server)];
        assert!(*until > Timestamp::now());
        token
    }

    /// Application and launch URL of each session (CQ-57).
    async fn sessions(&self) -> Vec<(String, String)> {
        let values = [
            ("operation", "available"),
            ("accept", STATE),
            ("token", self.token()),
        ];
        let answer = self.play(SESSIONS, &values).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some(STATE));
        let state = document(
            &answer,
            "http://citrix.com/delivery-services/1-0/sessionstate",
        );
        assert_eq!(state.name, "sessionState");
        state
            .child("sessions")
            .elements()
            .map(|session| {
                let url = session.child("launchica").child("url").text();
                (
                    session.child("initialapp").text().to_owned(),
                    url.to_owned(),
                )
            })
            .collect()
    }

    /// Launches at a URL, and tells what the document says (CQ-61).
    async fn launch(&self, url: &str) -> LaunchOutcome {
        let values = [("path", self.path(url)), ("token", self.token())];
        let answer = self.play(LAUNCH, &values).await;
        assert_eq!(answer.status, 200);
        let launch = document(&answer, "http://citrix.com/delivery-services/1-0/launch");
        let result = launch.child("result");
        let kind = result.attribute("type");
        let content = result.child(kind);
        match launch.attribute("status") {
            "success" => LaunchOutcome::Ica(content.text().to_owned()),
            "retry" => {
                // CQ-64
                content.child("after").text().parse::<u32>().unwrap();
                assert!(!content.child("reason").text().is_empty());
                LaunchOutcome::Retry(content.child("url").text().to_owned())
            }
            status => {
                assert_eq!(status, "failure");
                // CQ-65
                let [id, text] = ["id", "text"].map(|name| content.child(name).text().to_owned());
                LaunchOutcome::Error(id, text)
            }
        }
    }

    /// Disconnects or logs off, with a ticket to cancel or without, and says what the result is
    /// (CQ-59).
    async fn end(&self, operation: &str, ticket: Option<&str>) -> String {
        let token = self.token();
        let mut values = vec![("operation", operation), ("token", token)];
        let answer = match ticket {
            Some(ticket) => {
                values.push(("ticket", ticket));
                self.play(WITH_TICKET, &values).await
            }
            None => {
                values.push(("accept", RESULTS));
                self.play(SESSIONS, &values).await
            }
        };
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some(RESULTS));
        let result = document(
            &answer,
            "http://citrix.com/delivery-services/1-0/sessionresult",
        );
        assert_eq!(result.name, "sessionResult");
        result.attribute("status").to_owned()
    }

    /// The path of a URL, which has to be on the server that the client was given.
    fn path<'u>(&self, url: &'u str) -> &'u str {
        url.strip_prefix(&self.server).unwrap_or_else(|| {
            panic!("{url} is on another server");
        })
    }
}

struct Challenge {
    realm: String,
    reason: String,
    locations: Vec<String>,
    hint: String,
}

impl Challenge {
    /// CQ-45: by the expression, on the one header there is.
    fn of(answer: &Response) -> Self {
        assert_eq!(answer.status, 401);
        let value = answer.header("www-authenticate").unwrap();
        let found = challenge_expression().captures(value).unwrap();
        let text = |index: usize| found[index].to_owned();
        Self {
            realm: text(1),
            reason: text(3),
            locations: found[4].split('|').map(str::to_owned).collect(),
            hint: text(5),
        }
    }
}

/// CQ-50: the message is known by `xmlns` of the last node.
fn document(answer: &Response, namespace: &str) -> Node {
    let root = Node::last(&answer.body);
    assert_eq!(root.attribute("xmlns"), namespace);
    root
}

/// CQ-51, CQ-52: a token, and the time until which the client uses it.
fn token(answer: &Response) -> (String, Timestamp) {
    assert_eq!(answer.status, 200);
    let namespace = "http://citrix.com/delivery-services/1-0/auth/requesttokenresponse";
    let response = document(answer, namespace);
    let [issued, expiry, lifetime, token, service] =
        ["issued", "expiry", "lifetime", "token", "for-service"]
            .map(|name| response.child(name).text());
    assert!(expiry.ends_with('Z') && issued.ends_with('Z') && !service.is_empty());
    let [issued, expiry]: [Timestamp; 2] = [issued, expiry].map(|time| time.parse().unwrap());
    // A service token ends with its primary token, a moment before its own hour is over (CA-29).
    let hour = SignedDuration::from_hours(1);
    let lasts = expiry.duration_since(issued);
    assert!(lasts <= hour && lasts > hour - SignedDuration::from_mins(1));
    assert!(lifetime.starts_with("0.01:00:00") || lifetime.starts_with("0.00:59:"));
    (token.to_owned(), expiry - SignedDuration::from_mins(1))
}

/// CQ-54: the texts of the error labels, when the answer is a form again.
fn error_labels(answer: &Response) -> Vec<String> {
    let root = Node::last(&answer.body);
    if root.name != "AuthenticateResponse" {
        return Vec::new();
    }
    let requirements = root.child("AuthenticationRequirements");
    requirements
        .child("Requirements")
        .elements()
        .map(|requirement| requirement.child("Label"))
        .filter(|label| label.child("Type").text() == "error")
        .map(|label| label.child("Text").text().to_owned())
        .collect()
}

/// CQ-62: the value of the line that begins so; cut at every `=`, it has to have two parts.
fn line<'i>(ica: &'i str, key: &str) -> &'i str {
    let line = ica
        .lines()
        .find(|line| line.starts_with(&format!("{key}=")))
        .unwrap();
    let parts: Vec<_> = line.split('=').collect();
    assert_eq!(parts.len(), 2, "{key} cannot be cut at its equals sign");
    parts[1]
}

fn ica(launched: LaunchOutcome) -> String {
    match launched {
        LaunchOutcome::Ica(ica) => ica,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn client_a_finds_the_session_services_among_the_endpoints() {
    // CQ-12, CQ-68
    let site = Site::demo().await;
    let client = ClientA::new(&site, "WS-114");
    let answer = client.play(ENDPOINTS, &[]).await;
    let namespace = "http://citrix.com/dazzleservices/2-0/endpoints";
    let endpoints = document(&answer, namespace);
    for (id, capability, path) in [
        ("ListSessions", "listSessions", "available"),
        ("DisconnectSessions", "disconnectSessions", "disconnect"),
        ("LogOffSessions", "logOffSessions", "logoff"),
    ] {
        let endpoint = endpoints
            .elements()
            .find(|endpoint| endpoint.attribute("id") == id)
            .unwrap();
        let url = site.url(&format!("/Citrix/Store/sessions/v1/{path}"));
        assert_eq!(endpoint.child("url").text(), url);
        let found = endpoint.child("capabilities").child("capability");
        assert_eq!(found.text(), capability);
    }
}

#[tokio::test]
async fn client_a_holds_its_whole_conversation() {
    let site = Site::demo().await;
    let mut client = ClientA::new(&site, "WS-114");
    let errors = client.sign_in("alice", &["wrong", "roam-demo"]).await;
    assert_eq!(errors, ["The user name or password is not correct."]);

    let listed = client.sessions().await;
    let names: Vec<_> = listed.iter().map(|(app, _)| app.as_str()).collect();
    assert_eq!(names, ["MSPaint", "Excel"]);

    let excel = ica(client.launch(&listed[1].1).await);
    assert_eq!(line(&excel, "Title"), "Excel");
    site.farms.connect(&excel, Timestamp::now()).unwrap();
    assert!(
        site.sessions("alice")
            .contains(&"CVAD Excel active WS-114".to_owned())
    );
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 1, "what is connected from here is not listed");

    assert_eq!(client.end("disconnect", None).await, "success");
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 2, "it runs on, disconnected");

    // A launch that is not used is cancelled by its ticket.
    for operation in ["disconnect", "logoff"] {
        let paint = ica(client.launch(&listed[0].1).await);
        let ticket = line(&paint, "LogonTicket");
        assert_eq!(client.end(operation, Some(ticket)).await, "success");
        site.farms.connect(&paint, Timestamp::now()).unwrap_err();
    }

    let excel = ica(client.launch(&listed[1].1).await);
    site.farms.connect(&excel, Timestamp::now()).unwrap();
    assert_eq!(client.end("logoff", None).await, "success");
    let left = site.sessions("alice");
    assert!(!left.iter().any(|session| session.contains("Excel")));
    assert_eq!(left.len(), 5, "nothing else has ended: {left:?}");
}

#[tokio::test]
async fn client_a_puts_the_domain_before_the_name_where_there_is_no_domain_box() {
    // CQ-35
    let options = Options {
        authentication: String::new(),
        ..Options::default()
    };
    let site = Site::start(options).await;
    let mut client = ClientA::new(&site, "WS-114");
    client.sign_in("bob", &["roam-demo"]).await;
    let listed = client.sessions().await;
    assert_eq!(listed.len(), 1);
    let word = ica(client.launch(&listed[0].1).await);
    assert_eq!(line(&word, "Title"), "Word");
}

#[tokio::test]
async fn client_a_retries_a_launch_with_the_same_token_until_it_is_ready_or_fails() {
    // CQ-64, CQ-65
    let farm = ScriptedFarm::start().await;
    farm.answer(
        "ReconnectSessionData",
        "<AppDataSet><AppData type=\"session\"><InName>CAD</InName><DataType value=\"session\"/>\
         <ServerType>win32</ServerType><ClientType>ica30</ClientType><HostId>7</HostId>\
         <SessionId>2</SessionId></AppData></AppDataSet>",
    );
    farm.answer("Address", "<ErrorId>retry-required</ErrorId>");
    let options = Options {
        authentication: "credentials = \"CVAD\"".to_owned(),
        more_farms: farm.section("LAB", "Lab"),
        ..Options::default()
    };
    let site = Site::start(options).await;
    let mut client = ClientA::new(&site, "WS-114");
    client.sign_in("carol", &["roam-demo"]).await;
    let first = client.sessions().await.remove(0).1;
    let mut url = first.clone();
    for _ in 0..30 {
        match client.launch(&url).await {
            LaunchOutcome::Retry(next) => url = next,
            other => panic!("{other:?}"),
        }
    }
    farm.answer("Address", "<ErrorId>no-server</ErrorId>");
    let LaunchOutcome::Error(id, text) = client.launch(&url).await else {
        panic!("a launch without a host has to fail");
    };
    assert_eq!(id, "UnavailableDesktop");
    assert_eq!(text, "No machine is free. Try again later.");
    farm.answer(
        "Address",
        "<ServerAddress addresstype=\"dns-port\">cad7.demo.test:1494</ServerAddress>\
         <ServerType>win32</ServerType><ConnectionType>tcp</ConnectionType>\
         <ClientType>ica30</ClientType><TicketTag>tag</TicketTag><Ticket>0F1E2D3C</Ticket>",
    );
    // ST-46: that launch has ended, so a new one begins.
    let file = ica(client.launch(&first).await);
    assert_eq!(line(&file, "LogonTicket"), "0F1E2D3C");
}
