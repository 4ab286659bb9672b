//! Signing in as client A does, reading as strictly as it does (client-quirks.md §4).

use regex::Regex;
use roamd_store_proto::auth::{Form, RequestTokenResponse, TokenChoices};
use roamd_store_proto::{DecodeError, SessionState};
use secrecy::ExposeSecret;

use crate::{Response, Site, Wire};

/// A user with a service token for the store.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The gateway.
    pub wire: Wire,
    /// Service token of the store.
    pub token: String,
    /// Primary token, for the token service.
    pub primary: String,
}

/// Client A's expression for a challenge: every separator spelled out, anchored at the end (CQ-45).
#[must_use]
pub fn challenge_expression() -> Regex {
    Regex::new(
        "^CitrixAuth realm=\"([^\"]*)\", reqtokentemplate=\"([^\"]*)\", reason=\"([^\"]*)\", \
         locations=\"([^\"]*)\", serviceroot-hint=\"([^\"]*)\"$",
    )
    .unwrap()
}

/// Signs a user in to the store of a site, step by step (citrixauth.md §2).
pub async fn sign_in(site: &Site, user: &str, password: &str) -> SignedIn {
    let wire = site.gateway;
    let store = format!("{}/sessions/v1/available", Site::STORE);
    let (realm, locations, hint) = challenged(&wire.send("POST", &store, &[], b"").await);
    let ask = |realm: &str, hint: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\">\
             <for-service>{realm}</for-service><for-service-url>{hint}</for-service-url>\
             <reqtokentemplate></reqtokentemplate><requested-lifetime>0.08:00:00\
             </requested-lifetime></requesttoken>"
        )
    };
    let store_message = ask(&realm, &hint);
    let token_url = path_of(&locations).to_owned();
    let first = wire
        .send(
            "POST",
            &token_url,
            &token_headers(),
            store_message.as_bytes(),
        )
        .await;
    let (token_realm, protocols, token_hint) = challenged(&first);
    let message = ask(&token_realm, &token_hint);
    let choices = wire
        .send(
            "POST",
            path_of(&protocols),
            &token_headers(),
            message.as_bytes(),
        )
        .await;
    assert_eq!(choices.status, 300);
    let choices = TokenChoices::from_xml(&choices.body).unwrap();
    let start = path_of(&choices.choices[0].location).to_owned();
    let begun = wire
        .send(
            "POST",
            &start,
            &token_headers_with_forms(),
            message.as_bytes(),
        )
        .await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    let form = Form::from_xml(&begun.body).unwrap();
    let cookie = begun.header("set-cookie").unwrap().to_owned();
    let fields: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("StateContext", form.state_context.as_str()),
            ("loginBtn", "Log On"),
            ("username", user),
            ("password", password),
            ("domain", "DEMO"),
            ("saveCredentials", "false"),
        ])
        .finish();
    let post_back = form.post_back.unwrap();
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Cookie", cookie.as_str()),
        (
            "Accept",
            "application/vnd.citrix.authenticateresponse-1+xml, application/vnd.citrix.requesttokenresponse+xml",
        ),
    ];
    let done = wire
        .send("POST", &post_back, &headers, fields.as_bytes())
        .await;
    let primary = token_of(&done);
    let authorization = format!("CitrixAuth {primary}");
    let mut headers = token_headers().to_vec();
    headers.push(("Authorization", &authorization));
    let done = wire
        .send("POST", &token_url, &headers, store_message.as_bytes())
        .await;
    SignedIn {
        wire,
        token: token_of(&done),
        primary,
    }
}

impl SignedIn {
    /// Posts session parameters to an operation of the store.
    pub async fn post(&self, operation: &str, accept: &str, body: &str) -> Response {
        let path = format!("{}/sessions/v1/{operation}", Site::STORE);
        let authorization = format!("CitrixAuth {}", self.token);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Accept", accept),
            ("Content-Type", "application/vnd.citrix.sessionparams+xml"),
        ];
        self.wire
            .send("POST", &path, &headers, body.as_bytes())
            .await
    }

    /// Lists sessions from an end-point, and gives the whole state.
    pub async fn state(&self, client: &str, extra: &str) -> Result<SessionState, DecodeError> {
        let accept = "application/vnd.citrix.sessionstate+xml";
        let response = self.post("available", accept, &params(client, extra)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        SessionState::from_xml(&response.body)
    }

    /// The resource ids of the sessions listed from an end-point.
    pub async fn resources(&self, client: &str, extra: &str) -> Vec<String> {
        let state = self.state(client, extra).await.unwrap();
        state
            .sessions
            .into_iter()
            .map(|session| session.resource_id)
            .collect()
    }

    /// Disconnects (`disconnect`) or logs off (`logoff`) from an end-point, and gives the status.
    pub async fn end(&self, operation: &str, client: &str, extra: &str) -> String {
        let accept = "application/vnd.citrix.sessionresults+xml";
        let response = self.post(operation, accept, &params(client, extra)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        let text = response.text();
        text.split("status=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }

    /// Launches a session from an end-point. `url` is the absolute launch URL.
    pub async fn launch(&self, url: &str, client: &str) -> Response {
        let body = format!(
            "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
             <clientName>{client}</clientName><deviceId>{client}</deviceId></launchparams>"
        );
        let authorization = format!("CitrixAuth {}", self.token);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Accept", "application/vnd.citrix.launchdata+xml"),
            ("Content-Type", "application/vnd.citrix.launchparams+xml"),
        ];
        self.wire
            .send("POST", path_of(url), &headers, body.as_bytes())
            .await
    }
}

/// Session parameters in the specification's spelling.
fn params(client: &str, extra: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<sessionparams xmlns=\"http://citrix.com/delivery-services/1-0/\
         sessionparams\"><clientName>{client}</clientName>{extra}</sessionparams>"
    )
}

/// Realm, locations and hint of the one challenge of a 401.
fn challenged(response: &Response) -> (String, String, String) {
    assert_eq!(response.status, 401, "{}", response.text());
    let value = response.header("www-authenticate").unwrap();
    let found = challenge_expression()
        .captures(value)
        .unwrap_or_else(|| panic!("{value}"));
    (
        found[1].to_owned(),
        found[4].to_owned(),
        found[5].to_owned(),
    )
}

fn token_of(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.text());
    let token = RequestTokenResponse::from_xml(&response.body)
        .unwrap_or_else(|error| panic!("{error}: {}", response.text()));
    token.token.expose_secret().to_owned()
}

fn token_headers() -> [(&'static str, &'static str); 2] {
    [
        ("Content-Type", "application/vnd.citrix.requesttoken+xml"),
        (
            "Accept",
            "application/vnd.citrix.requesttokenresponse+xml, \
             application/vnd.citrix.requesttokenchoices+xml",
        ),
    ]
}

fn token_headers_with_forms() -> [(&'static str, &'static str); 2] {
    [
        ("Content-Type", "application/vnd.citrix.requesttoken+xml"),
        (
            "Accept",
            "application/vnd.citrix.requesttokenresponse+xml, \
             application/vnd.citrix.authenticateresponse-1+xml",
        ),
    ]
}

/// The path of an absolute URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    &rest[rest.find('/').unwrap()..]
}
