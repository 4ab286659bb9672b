//! The vendor's own samples, which sign in without a form.

use std::collections::BTreeMap;

use super::super::browser::{SITE, assert_challenge, json, set_cookies};
use super::{HTTPS, NO_HTTPS, cookie_line, env_with_post_credentials, find};

/// W13: the vendor's Android sample. Its first request is the list, without a token. It splits the
/// challenge at `,` and `=`, sends the names of cookies in lower case and without blanks, and
/// launches with a token in the header.
#[tokio::test]
async fn w13_signs_in_and_launches() {
    let env = env_with_post_credentials().await;
    let list = format!("{SITE}/Resources/List");
    let first = env.server.send("POST", &list, &[NO_HTTPS], b"").await;
    assert_challenge(&first, "the first request");
    let header = first.header("CitrixWebReceiver-Authenticate").unwrap();
    let parts: Vec<_> = header.split(',').map(|part| part.split('=')).collect();
    assert_eq!(parts.len(), 2);
    let location = parts[1].clone().nth(1).unwrap().trim_matches('"');
    let session = cookie_line(&first, "ASP.NET_SessionId");
    let token = cookie_line(&first, "CsrfToken");
    let token = token.split_once('=').unwrap().1;
    let session = session.split_once('=').unwrap().1;
    let cookies = format!("csrftoken={token};asp.net_sessionid={session}");
    let headers = [("Csrf-Token", token), NO_HTTPS, ("Cookie", &cookies)];
    let methods = format!("{SITE}/{location}");
    let methods = env.server.send("POST", &methods, &headers, b"").await;
    let login = find(
        methods.text(),
        "<method name=\"PostCredentials\" url=\"([^\"]+)\"/>",
    );
    let login = format!("{SITE}/{login}");
    let raw = b"username=DEMO\\alice&password=roam-demo";
    let signed_in = env.server.send("POST", &login, &headers, raw).await;
    let auth = cookie_line(&signed_in, "CtxsAuthId");
    let cookies = format!("{cookies};{auth}");
    let headers = [("Csrf-Token", token), NO_HTTPS, ("Cookie", &cookies)];
    let listed = json(&env.server.send("POST", &list, &headers, b"").await);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Excel").unwrap();
    let icon = format!("{SITE}/{}", resource["iconurl"].as_str().unwrap());
    let icon = env.server.send("POST", &icon, &headers, b"").await;
    assert!(icon.body.starts_with(b"\x89PNG"), "icons by POST");
    let launch = format!("{SITE}/{}", resource["launchurl"].as_str().unwrap());
    let octets = ("Content-Type", "application/octet-stream");
    let headers = [headers[0], headers[2], octets];
    let ica = env.server.send("GET", &launch, &headers, b"").await;
    env.farms
        .connect(ica.text(), jiff::Timestamp::now())
        .unwrap();
}

/// W15: the vendor's .NET samples. They sign in with their first request, with a random GUID as the
/// token, put cookies into a dictionary, and build URLs with `//`.
#[tokio::test]
async fn w15_signs_in_with_its_first_request() {
    let env = env_with_post_credentials().await;
    let random = ("Csrf-Token", "0f8fad5b-d9cb-469f-a165-70867728950e");
    let login = format!("{SITE}/PostCredentialsAuth/Login");
    let form = (
        "Content-Type",
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    let body = b"username=DEMO%5Calice&password=roam-demo";
    let headers = [random, HTTPS, form];
    let signed_in = env.server.send("POST", &login, &headers, body).await;
    assert_eq!(
        signed_in.text(),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <AuthenticationStatus xmlns=\"http://citrix.com/delivery-services/webAPI/2-6/authStatus\">\
         <Result>success</Result><AuthType>PostCredentials</AuthType>\
         <IsChangePasswordEnabled>true</IsChangePasswordEnabled></AuthenticationStatus>"
    );
    let mut cookies = BTreeMap::new();
    for line in set_cookies(&signed_in) {
        let pair = line.split(';').next().unwrap();
        let mut halves = pair.split('=');
        let (name, value) = (halves.next().unwrap(), halves.next().unwrap());
        assert_eq!(halves.next(), None, "{line}");
        assert_eq!(cookies.insert(name, value), None, "{line}");
    }
    let names: Vec<_> = set_cookies(&signed_in)
        .into_iter()
        .map(|line| line.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["ASP.NET_SessionId", "CsrfToken", "CtxsAuthId"]);
    let pairs: Vec<_> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let pairs = pairs.join("; ");
    let headers = [
        ("Csrf-Token", cookies["CsrfToken"]),
        HTTPS,
        ("Cookie", &pairs),
        ("Content-Type", "text/plain; charset=utf-8"),
    ];
    let list = format!("{SITE}//Resources/List");
    let listed = json(&env.server.send("POST", &list, &headers, b"").await);
    let mut resources = listed["resources"].as_array().unwrap().iter();
    let resource = resources.find(|it| it["name"] == "Excel").unwrap();
    for field in ["id", "name", "launchurl", "iconurl", "description"] {
        assert!(resource[field].is_string(), "{field}");
    }
    assert_eq!(resource["clienttypes"], serde_json::json!(["ica30"]));
    assert!(resource["content"].is_null());
    let icon = format!("{SITE}/{}", resource["iconurl"].as_str().unwrap());
    let icon = env.server.send("GET", &icon, &headers[..3], b"").await;
    assert!(icon.body.starts_with(b"\x89PNG"));
    let launch = format!("{SITE}//{}", resource["launchurl"].as_str().unwrap());
    let ica = env.server.send("GET", &launch, &headers[..3], b"").await;
    assert!(ica.text().contains("[WFClient]"));
}
