//! Replay of client B: `SFRestAPI.ps1`, which signs in and launches with `Invoke-WebRequest` and
//! the headers of Citrix Workspace app (client-quirks.md §1). It keeps its connection, assumes that
//! the server listens on port 80 (CQ-41), and derives the token URL from the URL of the store
//! (CQ-43).

use jiff::Timestamp;
use roamd_testkit::StrictElement;
use roamd_testsuite::{HttpConnection, Options, Response, TestEnvironment, request};

const STORE: &str = "http://sf.example.net/Citrix/Store";

/// CQ-23, CQ-29
const FIRST: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: */*
Accept-Encoding: gzip, deflate
Content-Type: application/vnd.citrix.sessionparams+xml
Host: sf.example.net
Content-Length: 0
Connection: Keep-Alive

";

/// CQ-16: a declaration with every permitted part, and empty elements as pairs of tags.
const REQUEST_TOKEN: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.requesttokenchoices+xml
Accept-Encoding: gzip, deflate
Content-Type: application/vnd.citrix.requesttoken+xml{authorization}
Host: sf.example.net
Content-Length: {length}

<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>0.20:00:00</requested-lifetime></requesttoken>";

const FORMS_START: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml, text/xml
Accept-Encoding: gzip, deflate
Content-Type: application/vnd.citrix.requesttoken+xml
Host: sf.example.net
Content-Length: {length}

<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate></reqtokentemplate><requested-lifetime>0.20:00:00</requested-lifetime></requesttoken>";

/// CQ-32, CQ-34, CQ-36: no state context, the cookie without attributes, the password without
/// encoding.
const FORM: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml, text/xml
Accept-Encoding: gzip, deflate
Content-Type: application/x-www-form-urlencoded
Cookie: {cookie}
Host: sf.example.net
Content-Length: {length}

StateContext=&loginBtn=Log%20On&username=DEMO%5C{user}&password={password}&saveCredentials=true";

const LIST: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: */*
Accept-Encoding: gzip, deflate
Authorization: CitrixAuth {token}
Content-Type: application/vnd.citrix.sessionparams+xml
Host: sf.example.net
Content-Length: {length}

<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><q1:sessionParams xmlns:q1=\"http://citrix.com/delivery-services/1-0/sessionparams\"><q1:clientName>WS-115</q1:clientName></q1:sessionParams>";

/// CQ-10: prefixed elements, and any media type is accepted.
const LAUNCH: &str = "\
POST {path} HTTP/1.1
User-Agent: CitrixReceiver/19.3.0.65534 Windows/10.0 SelfService/19.3.0.4 (Release) X1Class CWACapable
Accept: */*
Accept-Encoding: gzip, deflate
Authorization: CitrixAuth {token}
Content-Type: application/vnd.citrix.launchparams+xml
Host: sf.example.net
Content-Length: {length}

<?xml version=\"1.0\" encoding=\"utf-16\"?><q1:launchparams xmlns:q1=\"http://citrix.com/delivery-services/1-0/launchparams\"><q1:deviceId>WS-115</q1:deviceId><q1:clientName>WS-115</q1:clientName><q1:clientAddress></q1:clientAddress><q1:display>percent</q1:display><q1:displayPercent>90</q1:displayPercent></q1:launchparams>";

/// A challenge as the script parses it: split at commas, each part split at equals signs, names
/// with their leading space (CQ-46).
struct Challenge {
    realm: String,
    locations: String,
    hint: String,
}

impl Challenge {
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 401);
        let value = response.header("www-authenticate").unwrap();
        let parts: Vec<Vec<&str>> = value
            .split(',')
            .map(|part| part.split('=').collect())
            .collect();
        let part = |name: &str| {
            let found = parts.iter().find(|part| part[0] == name).unwrap();
            assert_eq!(found.len(), 2, "a value with an equals sign in {value}");
            found[1].trim_matches('"').to_owned()
        };
        Self {
            realm: part("CitrixAuth realm"),
            locations: part(" locations"),
            hint: part(" serviceroot-hint"),
        }
    }
}

/// Signs in, and returns the connection and the service token. `cookie_name` is the name that the
/// script looks for.
async fn sign_in(
    env: &TestEnvironment,
    user: &str,
    password: &str,
    cookie_name: &str,
) -> (HttpConnection, String) {
    let mut connection = env.server.connect().await;
    let first = request(FIRST, &[("path", "/Citrix/Store/sessions/v1/available")]);
    let store = Challenge::of(&connection.exchange(&first).await);
    assert_eq!(store.hint, format!("{STORE}/sessions/v1"));

    let ask = |template: &str, url: &str, challenge: &Challenge, authorization: &str| {
        let values = [
            ("path", path(url)),
            ("realm", &challenge.realm),
            ("hint", &challenge.hint),
            ("authorization", authorization),
        ];
        request(template, &values)
    };
    let message = ask(REQUEST_TOKEN, &store.locations, &store, "");
    let tokens = Challenge::of(&connection.exchange(&message).await);

    // CQ-15: first the message with the store's realm, then one with the token service's.
    let mut choices = Vec::new();
    for challenge in [&store, &tokens] {
        let message = ask(REQUEST_TOKEN, &tokens.locations, challenge, "");
        let response = connection.exchange(&message).await;
        // CQ-55: `Invoke-WebRequest` treats it as an error, whose body the script reads.
        assert_eq!(response.status, 300);
        assert_eq!(response.header("location"), None);
        choices.push(response);
    }
    let choices = StrictElement::last(&choices[1].body);
    let forms = choices
        .child("choices")
        .elements()
        .find(|choice| choice.child("protocol").text().contains("ExplicitForms"))
        .unwrap();
    let start = forms.child("location").text();
    let response = connection
        .exchange(&ask(FORMS_START, start, &tokens, ""))
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-encoding"), None);
    let set_cookie = response.header("set-cookie").unwrap();
    let cookie = set_cookie.split(';').next().unwrap();
    assert!(cookie.starts_with(&format!("{cookie_name}=")), "{cookie}");
    let form = StrictElement::last(&response.body);
    let post_back = form
        .child("AuthenticationRequirements")
        .child("PostBack")
        .text();
    let url = format!("http://sf.example.net{post_back}");
    let values = [
        ("path", path(&url)),
        ("cookie", cookie),
        ("user", user),
        ("password", password),
    ];
    let response = connection.exchange(&request(FORM, &values)).await;
    let primary = token(&response);
    let authorization = format!("\nAuthorization: CitrixAuth {primary}");
    let url = format!("{STORE}Auth/auth/v1/token");
    let response = connection
        .exchange(&ask(REQUEST_TOKEN, &url, &store, &authorization))
        .await;
    let token = token(&response);
    (connection, token)
}

fn token(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("content-encoding"), None);
    let root = StrictElement::last(&response.body);
    assert_eq!(root.name, "requesttokenresponse");
    root.child("token").text().to_owned()
}

/// Returns the path of a URL without a port, as the script sees it.
fn path(url: &str) -> &str {
    url.strip_prefix("http://sf.example.net").unwrap()
}

async fn env(authentication: &str, password: &str) -> TestEnvironment {
    let mut options = Options {
        base_url: Some("http://sf.example.net".to_owned()),
        authentication: authentication.to_owned(),
        ..Options::default()
    };
    options.world.domains[0].users[0].password = password.into();
    TestEnvironment::start(options).await
}

#[tokio::test]
async fn client_b_signs_in_and_launches() {
    let password = "100% roam-demo!";
    // The form has a domain field, and the user name contains the domain all the same (CQ-36).
    let env = env("domains = [\"OTHER\", \"DEMO\"]", password).await;
    let (mut connection, token) = sign_in(&env, "alice", password, "ASP.NET_SessionId").await;

    let values = [
        ("path", "/Citrix/Store/sessions/v1/available"),
        ("token", &token),
    ];
    let response = connection.exchange(&request(LIST, &values)).await;
    assert_eq!(response.status, 200);
    let state = StrictElement::last(&response.body);
    let session = state
        .child("sessions")
        .elements()
        .find(|session| session.child("initialapp").text() == "Excel")
        .unwrap();
    let url = session.child("launchica").child("url").text();

    let values = [("path", path(url)), ("token", &token)];
    let response = connection.exchange(&request(LAUNCH, &values)).await;
    assert_eq!(response.status, 200);
    // CQ-61, CQ-63
    let launch = StrictElement::last(&response.body);
    assert_eq!(launch.attribute("status"), "success");
    let result = launch.child("result");
    let ica = result.child(result.attribute("type")).text();
    let address = ica
        .lines()
        .find(|line| line.starts_with("Address="))
        .unwrap();
    let parts: Vec<_> = address["Address=".len()..].split(':').collect();
    let [host, "1494"] = parts.as_slice() else {
        panic!("{address}");
    };
    assert!(host.starts_with("cvad-host"), "{address}");
    let session = env.farms.connect(ica, Timestamp::now()).unwrap();
    assert_eq!(session.device_id.as_deref(), Some("WS-115"));
}

#[tokio::test]
async fn client_b_finds_its_cookie_by_the_configured_name() {
    // CQ-39
    let env = env("cookie_name = \"Citrix_AuthSvc\"", "roam-demo").await;
    let (_, token) = sign_in(&env, "alice", "roam-demo", "Citrix_AuthSvc").await;
    assert!(!token.is_empty());
}
