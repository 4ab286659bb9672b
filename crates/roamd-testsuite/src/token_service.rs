//! The steps of a sign-in (citrixauth.md §2).

use regex::Regex;
use roamd_store_proto::auth::{Form, RequestTokenResponse, TokenChoices};
use secrecy::ExposeSecret;

use crate::http_peer::{HttpPeer, Response};
use crate::paths::{STORE_PATH, path_of};
use crate::secret_scan;

/// Media type of a request token message.
const REQUEST_TOKEN: &str = "application/vnd.citrix.requesttoken+xml";

/// The challenge of a `401`, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Sent back as `for-service`.
    pub realm: String,
    /// Reason for which the token was refused.
    pub reason: String,
    /// URL of the service that issues a token.
    pub locations: String,
    /// Sent back as `for-service-url`.
    pub hint: String,
}

/// The services that a client has discovered before the sign-in form.
#[derive(Debug, Clone)]
pub struct TokenService {
    /// The server.
    pub server: HttpPeer,
    /// The store's challenge.
    pub store: Challenge,
    /// The token service's challenge.
    pub tokens: Challenge,
    /// Path of the first form.
    pub start: String,
}

/// A sign-in in progress.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The server, or another one with the same keys.
    pub server: HttpPeer,
    /// The last form.
    pub form: Form,
    /// The whole `Set-Cookie` value, which is sent back unchanged (CQ-40).
    pub cookie: String,
}

/// Returns the expression by which client A parses a challenge, with every separator and anchored
/// at both ends (CQ-45).
#[must_use]
pub fn challenge_expression() -> Regex {
    Regex::new(
        "^CitrixAuth realm=\"([^\"]*)\", reqtokentemplate=\"([^\"]*)\", reason=\"([^\"]*)\", \
         locations=\"([^\"]*)\", serviceroot-hint=\"([^\"]*)\"$",
    )
    .unwrap()
}

/// Parses the only challenge of a `401`.
#[must_use]
pub fn challenge_of(response: &Response) -> Challenge {
    assert_eq!(response.status, 401, "{}", response.text());
    let value = response.header("www-authenticate").unwrap();
    let found = challenge_expression()
        .captures(value)
        .unwrap_or_else(|| panic!("{value}"));
    Challenge {
        realm: found[1].to_owned(),
        reason: found[3].to_owned(),
        locations: found[4].to_owned(),
        hint: found[5].to_owned(),
    }
}

/// Returns a request token message.
#[must_use]
pub fn request_token(realm: &str, url: &str, lifetime: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <requesttoken xmlns=\"http://citrix.com/delivery-services/1-0/auth/requesttoken\">\
         <for-service>{realm}</for-service><for-service-url>{url}</for-service-url>\
         <reqtokentemplate></reqtokentemplate><requested-lifetime>{lifetime}\
         </requested-lifetime></requesttoken>"
    )
}

/// Parses a response with a token. Panics if it has another status or content.
#[must_use]
pub fn token_response(response: &Response) -> RequestTokenResponse {
    assert_eq!(response.status, 200, "{}", response.text());
    RequestTokenResponse::from_xml(&response.body)
        .unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

/// Returns the token of a response.
pub fn token_of(response: &Response) -> String {
    token_response(response).token.expose_secret().to_owned()
}

impl TokenService {
    /// Lifetime that clients ask for.
    pub const LIFETIME: &str = "0.08:00:00";

    /// Follows the challenges from the store to the form (steps 1 to 3).
    pub async fn discover(server: HttpPeer) -> Self {
        Self::discover_from(server, STORE_PATH).await
    }

    /// Like [`discover`](Self::discover), from the store with this path.
    pub async fn discover_from(server: HttpPeer, store_path: &str) -> Self {
        let path = format!("{store_path}/sessions/v1/available");
        let store = challenge_of(&server.send("POST", &path, &[], b"").await);
        let message = request_token(&store.realm, &store.hint, Self::LIFETIME);
        let url = path_of(&store.locations);
        let tokens = challenge_of(&message_to(server, url, None, &message).await);
        let message = request_token(&tokens.realm, &tokens.hint, Self::LIFETIME);
        let choices = message_to(server, path_of(&tokens.locations), None, &message).await;
        assert_eq!(choices.status, 300, "{}", choices.text());
        let choices = TokenChoices::from_xml(&choices.body).unwrap();
        let start = path_of(&choices.choices[0].location).to_owned();
        Self {
            server,
            store,
            tokens,
            start,
        }
    }

    /// Begins a sign-in (step 4).
    pub async fn begin(&self) -> Conversation {
        self.begin_for(Self::LIFETIME).await
    }

    /// Begins a sign-in and asks for tokens with this lifetime.
    pub async fn begin_for(&self, lifetime: &str) -> Conversation {
        let message = request_token(&self.tokens.realm, &self.tokens.hint, lifetime);
        let begun = self.start_with(&[], &message).await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        Conversation {
            server: self.server,
            form: Form::from_xml(&begun.body).unwrap(),
            cookie: begun.header("set-cookie").unwrap().to_owned(),
        }
    }

    /// Posts a message to the URL of the first form, with more headers.
    pub async fn start_with(&self, more: &[(&str, &str)], message: &str) -> Response {
        let mut headers = vec![
            ("Content-Type", REQUEST_TOKEN),
            (
                "Accept",
                "application/vnd.citrix.requesttokenresponse+xml, \
                 application/vnd.citrix.authenticateresponse-1+xml",
            ),
        ];
        headers.extend_from_slice(more);
        let body = message.as_bytes();
        self.server.send("POST", &self.start, &headers, body).await
    }

    /// Exchanges a primary token for a service token of the store (step 6).
    pub async fn exchange(&self, primary: &str) -> Response {
        self.exchange_for(primary, Self::LIFETIME).await
    }

    /// Like [`exchange`](Self::exchange), with this requested lifetime.
    pub async fn exchange_for(&self, primary: &str, lifetime: &str) -> Response {
        let message = request_token(&self.store.realm, &self.store.hint, lifetime);
        self.post(Some(primary), &message).await
    }

    /// Posts a message to the token service, with or without a token.
    pub async fn post(&self, token: Option<&str>, message: &str) -> Response {
        let path = path_of(&self.store.locations);
        message_to(self.server, path, token, message).await
    }
}

impl Conversation {
    /// Completes the form and posts it (step 5).
    pub async fn attempt(&self, user: &str, password: &str, domain: Option<&str>) -> Response {
        secret_scan::record_password(password);
        let mut fields = vec![("username", user), ("password", password)];
        fields.extend(domain.map(|domain| ("domain", domain)));
        self.post(Some(&self.cookie), &self.form.state_context, &fields)
            .await
    }

    /// Posts these fields with this cookie and state context.
    pub async fn post(
        &self,
        cookie: Option<&str>,
        state_context: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let path = self.form.post_back.as_deref().unwrap();
        self.post_to(path, cookie, state_context, fields).await
    }

    /// Cancels the sign-in (CA-73).
    pub async fn cancel(&self) -> Response {
        let path = self.form.cancel_post_back.as_deref().unwrap();
        self.post_to(path, Some(&self.cookie), &self.form.state_context, &[])
            .await
    }

    /// Continues with the form of a response.
    #[must_use]
    pub fn next(self, response: &Response) -> Self {
        assert_eq!(response.status, 200, "{}", response.text());
        let form = Form::from_xml(&response.body).unwrap();
        Self { form, ..self }
    }

    async fn post_to(
        &self,
        path: &str,
        cookie: Option<&str>,
        state_context: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("StateContext", state_context)
            .append_pair("loginBtn", "Log On")
            .extend_pairs(fields)
            .finish();
        let mut headers = vec![
            ("Content-Type", "application/x-www-form-urlencoded"),
            (
                "Accept",
                "application/vnd.citrix.authenticateresponse-1+xml, \
                 application/vnd.citrix.requesttokenresponse+xml",
            ),
        ];
        headers.extend(cookie.map(|cookie| ("Cookie", cookie)));
        self.server
            .send("POST", path, &headers, body.as_bytes())
            .await
    }
}

async fn message_to(server: HttpPeer, path: &str, token: Option<&str>, message: &str) -> Response {
    let authorization = token.map(|token| format!("CitrixAuth {token}"));
    let mut headers = vec![
        ("Content-Type", REQUEST_TOKEN),
        (
            "Accept",
            "application/vnd.citrix.requesttokenresponse+xml, \
             application/vnd.citrix.requesttokenchoices+xml",
        ),
    ];
    headers.extend(
        authorization
            .as_deref()
            .map(|value| ("Authorization", value)),
    );
    server
        .send("POST", path, &headers, message.as_bytes())
        .await
}
