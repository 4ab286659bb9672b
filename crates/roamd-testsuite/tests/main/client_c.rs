//! Replay of client C: a Java sample on Apache HttpClient and dom4j, which makes steps 1 to 5 of a
//! sign-in and prints the responses (client-quirks.md §1).

use roamd_testkit::StrictElement;
use roamd_testsuite::{Response, TestEnvironment, request};

/// CQ-11: no `Accept`.
const FIRST: &str = "\
POST /Citrix/Store/sessions/v1/available HTTP/1.1
Content-Length: 0
Host: {host}
Connection: Keep-Alive
User-Agent: Apache-HttpClient/4.5.13 (Java/1.8.0_281)
Accept-Encoding: gzip,deflate

";

/// CQ-13, CQ-17
const REQUEST_TOKEN: &str = "\
POST {path} HTTP/1.1
Content-Type: application/vnd.citrix.requesttoken+xml
Accept: {accept}
Content-Length: {length}
Host: {host}
Connection: Keep-Alive
User-Agent: Apache-HttpClient/4.5.13 (Java/1.8.0_281)
Accept-Encoding: gzip,deflate

<?xml version=\"1.0\" encoding=\"utf-8\"?><requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\"><for-service>{realm}</for-service><for-service-url>{hint}</for-service-url><reqtokentemplate/><requested-lifetime>0.08:00:00</requested-lifetime>{more}</requesttoken>";

/// CQ-40: by mistake the fields are headers, and there is no cookie.
const FORM_AS_HEADERS: &str = "\
POST {path} HTTP/1.1
StateContext: 
loginBtn: Log%2BOn
username: DEMO%5Calice
password: roam-demo
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml, text/xml
Content-Length: 0
Host: {host}
Connection: Keep-Alive
User-Agent: Apache-HttpClient/4.5.13 (Java/1.8.0_281)
Accept-Encoding: gzip,deflate

";

/// The form that the sample intends to send (CQ-32, CQ-34, CQ-37).
const FORM: &str = "\
POST {path} HTTP/1.1
Content-Type: application/x-www-form-urlencoded
Accept: application/vnd.citrix.requesttokenresponse+xml, application/vnd.citrix.authenticateresponse-1+xml, text/xml{cookie}
Content-Length: {length}
Host: {host}
Connection: Keep-Alive
User-Agent: Apache-HttpClient/4.5.13 (Java/1.8.0_281)
Accept-Encoding: gzip,deflate

StateContext=&loginBtn=Log%2BOn&username=DEMO%5Calice&password=roam-demo";

const TOKENS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                      application/vnd.citrix.requesttokenchoices+xml";
const FORMS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                     application/vnd.citrix.authenticateresponse-1+xml, text/xml";

/// Parses a header as Apache HttpClient does: commas outside of quotes separate elements, and
/// spaces around names and values are removed (CQ-47).
fn header_elements(value: &str) -> Vec<(String, String)> {
    let mut quoted = false;
    value
        .split(|character| {
            quoted ^= character == '"';
            character == ',' && !quoted
        })
        .map(|element| {
            let (name, value) = element.split_once('=').unwrap();
            let value = value.trim().trim_matches('"');
            (name.trim().to_owned(), value.to_owned())
        })
        .collect()
}

/// Returns the realm, the location and the hint of a challenge.
fn challenge_of(response: &Response) -> [String; 3] {
    assert_eq!(response.status, 401);
    let elements = header_elements(response.header("www-authenticate").unwrap());
    ["CitrixAuth realm", "locations", "serviceroot-hint"].map(|wanted| {
        let found = elements.iter().find(|(name, _)| name == wanted);
        found.unwrap().1.clone()
    })
}

#[tokio::test]
async fn client_c_completes_the_steps_that_it_supports() {
    let env = TestEnvironment::demo().await;
    let server = env.url("");
    let host = env.server.address().to_string();
    let path = |url: &str| url.strip_prefix(&server).unwrap().to_owned();
    let mut connection = env.server.connect().await;
    let first = request(FIRST, &[("host", &host)]);
    let [realm, location, hint] = challenge_of(&connection.exchange(&first).await);
    let ask = |url: &str, accept: &str, realm: &str, hint: &str, more: &str| {
        let values = [
            ("path", path(url).as_str()),
            ("accept", accept),
            ("host", &host),
            ("realm", realm),
            ("hint", hint),
            ("more", more),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let values: Vec<_> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        request(REQUEST_TOKEN, &values)
    };
    let message = ask(&location, TOKENS, &realm, &hint, "");
    let [realm, location, hint] = challenge_of(&connection.exchange(&message).await);

    // CQ-22: one byte of ISO-8859-1 in a document that is declared as UTF-8.
    let placeholder = "<device>B@ro</device>";
    let mut latin = ask(&location, TOKENS, &realm, &hint, placeholder);
    let at = latin.iter().rposition(|byte| *byte == b'@').unwrap();
    latin[at] = 0xFC;
    let response = connection.exchange(&latin).await;
    assert_eq!(response.status, 400);
    assert!(response.text().contains("UTF-8"), "{}", response.text());

    let message = ask(&location, TOKENS, &realm, &hint, "");
    let choices = connection.exchange(&message).await;
    assert_eq!(choices.status, 300);
    // CQ-56: the client keeps the last `protocol` and assigns the next `location` to it.
    let (mut protocol, mut forms) = ("", "");
    let choices = StrictElement::last(&choices.body);
    for element in choices.walk() {
        match element.name.as_str() {
            "protocol" => protocol = element.text(),
            "location" if protocol == "ExplicitForms" => forms = element.text(),
            _ => {}
        }
    }
    let message = ask(forms, FORMS, &realm, &hint, "");
    let response = connection.exchange(&message).await;
    assert_eq!(response.status, 200);
    // CQ-40: the client looks for this name.
    let cookie = response.header("set-cookie").unwrap().split(';').next();
    let cookie = cookie.unwrap();
    assert!(cookie.starts_with("ASP.NET_SessionId="));
    let form = StrictElement::last(&response.body);
    let requirements = form.child("AuthenticationRequirements");
    let post_back = requirements.child("PostBack").text();

    for text in [FORM_AS_HEADERS, FORM] {
        let values = [("path", post_back), ("host", &host), ("cookie", "")];
        let response = connection.exchange(&request(text, &values)).await;
        assert_eq!(response.status, 200);
        let form = StrictElement::last(&response.body);
        assert_eq!(form.name, "AuthenticateResponse");
        assert_eq!(form.child("Result").text(), "fail");
        assert_eq!(form.child("Status").text(), "error-sessionid-invalid");
    }

    // With the cookie, which its HTTP library would send, the client is signed in.
    let cookie = format!("\nCookie: {cookie}");
    let values = [("path", post_back), ("host", &host), ("cookie", &cookie)];
    let response = connection.exchange(&request(FORM, &values)).await;
    assert_eq!(response.status, 200);
    assert_eq!(
        StrictElement::last(&response.body).name,
        "requesttokenresponse"
    );
}
