//! Tokens and conversations under the gateway's own keys, but of another time, or for somebody
//! else: what a test could otherwise only wait for.

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

use crate::Site;

/// What a token says, and when it was issued.
#[derive(Debug, Clone)]
pub struct Forged<'a> {
    /// Realm that it opens.
    pub realm: &'a str,
    /// URL of the server that it belongs to.
    pub url: String,
    /// Who says that it was issued there.
    pub issuer: &'a str,
    /// Name of a user of the domain `DEMO`.
    pub user: &'a str,
    /// Password of the user.
    pub password: &'a str,
    /// Time of issue; it lives for eight hours.
    pub issued: Timestamp,
}

impl Site {
    /// A token that the gateway's keys have sealed.
    #[must_use]
    pub fn forge(&self, forged: &Forged<'_>) -> String {
        let policy = TokenPolicy {
            issuer: forged.issuer.to_owned(),
            default_lifetime: std::time::Duration::from_hours(8),
            max_lifetime: std::time::Duration::from_hours(8),
            min_lifetime: std::time::Duration::from_mins(5),
        };
        let grant = Grant {
            user: UserIdentity::new("DEMO", forged.user),
            password: forged.password.into(),
            service: service(forged.realm, &forged.url),
        };
        let service = TokenService::new(self.keys(), policy);
        let token = service.issue(&grant, forged.issued, &mut UnwrapErr(SysRng));
        token.unwrap().token.expose_secret().to_owned()
    }

    /// A conversation for a realm that began at another time: its first form and its cookie.
    #[must_use]
    pub fn begun_at(&self, realm: &str, begun: Timestamp) -> (Form, String) {
        let policy = FormPolicy {
            domains: Vec::new(),
            default_domain: None,
            cookie_name: FormPolicy::COOKIE_NAME.to_owned(),
            max_attempts: FormPolicy::MAX_ATTEMPTS,
            lifetime: FormPolicy::LIFETIME,
            post_back: format!("{}/ExplicitForms/AuthenticateAttempt", Self::AUTH),
            cancel_post_back: format!("{}/ExplicitForms/CancelAuthenticate", Self::AUTH),
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
        let text = std::fs::read_to_string(self.gateway_dir().join("keys")).unwrap();
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
