//! Tokens and conversations that are sealed with the server's keys, with any content and time. A
//! test could otherwise only wait for them.

use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::Timestamp;
use roamd_citrixauth::{
    Conversations, FormPolicy, Grant, Negotiation, Realm, Service, TokenPolicy, TokenService,
    UserIdentity,
};
use roamd_seal::KeyRing;
use roamd_store_proto::Language;
use roamd_store_proto::auth::{Form, RequestToken};
use secrecy::ExposeSecret;

use crate::paths::AUTH_PATH;
use crate::test_environment::TestEnvironment;

/// The content of a token and the time of its issue.
#[derive(Debug, Clone)]
pub struct TokenContents<'a> {
    /// Realm that it opens.
    pub realm: &'a str,
    /// URL of the server, which is the audience.
    pub url: String,
    /// Realm of the token service that issued it.
    pub issuer: &'a str,
    /// Name of a user of the domain `DEMO`.
    pub user: &'a str,
    /// Password of the user.
    pub password: &'a str,
    /// Time of issue. The token is valid for eight hours.
    pub issued: Timestamp,
}

impl TestEnvironment {
    /// Seals a token with the server's keys.
    #[must_use]
    pub fn seal_token(&self, contents: &TokenContents<'_>) -> String {
        let policy = TokenPolicy {
            issuer: contents.issuer.to_owned(),
            default_lifetime: std::time::Duration::from_hours(8),
            max_lifetime: std::time::Duration::from_hours(8),
            min_lifetime: std::time::Duration::from_mins(5),
        };
        let grant = Grant {
            user: UserIdentity::new("DEMO", contents.user),
            password: contents.password.into(),
            service: service(contents.realm, &contents.url),
        };
        let service = TokenService::new(self.keys(), policy);
        let token = service.issue(&grant, contents.issued, &mut UnwrapErr(SysRng));
        token.unwrap().token.expose_secret().to_owned()
    }

    /// Returns the first form and the cookie of a conversation that began at this time.
    #[must_use]
    pub fn conversation_started_at(&self, realm: &str, begun: Timestamp) -> (Form, String) {
        let policy = FormPolicy {
            hide_domain_field: false,
            domains: Vec::new(),
            default_domain: None,
            cookie_name: FormPolicy::COOKIE_NAME.to_owned(),
            max_attempts: FormPolicy::MAX_ATTEMPTS,
            lifetime: FormPolicy::LIFETIME,
            post_back: format!("{AUTH_PATH}/ExplicitForms/AuthenticateAttempt"),
            cancel_post_back: format!("{AUTH_PATH}/ExplicitForms/CancelAuthenticate"),
        };
        let conversations = Conversations::new(self.keys(), policy);
        let service = service(realm, &self.url("/"));
        let negotiation = Negotiation::from_headers(None, None).unwrap();
        let language = Language::English;
        let rng = &mut UnwrapErr(SysRng);
        let started = conversations.start(service, negotiation, language, begun, rng);
        let cookie = conversations.set_cookie(&started, false);
        (started.form, cookie)
    }

    fn keys(&self) -> Arc<KeyRing> {
        let text = std::fs::read_to_string(self.server_dir().join("keys")).unwrap();
        Arc::new(KeyRing::from_text(&text).unwrap())
    }
}

fn service(realm: &str, url: &str) -> Service {
    let request = RequestToken {
        for_service: realm.to_owned(),
        for_service_url: url.to_owned(),
        template: String::new(),
        requested_lifetime: None,
    };
    Service::of(&request, &[Realm::new(realm)], &[url.parse().unwrap()]).unwrap()
}
