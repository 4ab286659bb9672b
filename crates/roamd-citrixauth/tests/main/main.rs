//! Tests of the public interface: tokens and conversations.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

mod audience;
mod conversation;
mod form;
mod login_throttle;
mod named_sids;
mod password_change;
mod posted_credentials;
mod token_check;
mod token_exchange;
mod token_issue;
mod token_refresh_and_destroy;

use std::sync::Arc;
use std::time::Duration;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::Timestamp;
use roamd_citrixauth::{
    Audience, Conversations, Domain, FormPolicy, Grant, PresentedToken, Realm, Service,
    TokenPolicy, TokenService, UserIdentity, token_in,
};
use roamd_seal::{Key, KeyId, KeyRing};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{Reason, RequestToken};

const BASE: &str = "https://sf.example.net";
const PASSWORD: &str = "roam-demo-Pa$$w0rd";

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A time, in seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn key(id: u32) -> Key {
    let byte = u8::try_from(id).unwrap();
    Key::new(KeyId(id), 0, [byte; Key::LEN].into())
}

fn keys() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(key(1), vec![]))
}

fn store_realm() -> Realm {
    Realm::new("a3d1c9e0-58b7-4a6e-9f0e-2f6d41c7b902")
}

fn token_realm() -> Realm {
    Realm::new("5e0b7f44-1d92-4c3b-8a57-cc1e90f3d6a1")
}

fn audience(url: &str) -> Audience {
    url.parse().unwrap()
}

fn request(realm: &Realm, lifetime: Option<u64>) -> RequestToken {
    RequestToken {
        for_service: realm.to_string(),
        for_service_url: format!("{BASE}/Citrix/Store/sessions/v1"),
        template: String::new(),
        requested_lifetime: lifetime.map(|seconds| Lifetime(Duration::from_secs(seconds))),
    }
}

fn service(realm: &Realm, lifetime: Option<u64>) -> Service {
    let known = [store_realm(), token_realm()];
    Service::of(&request(realm, lifetime), &known, &[audience(BASE)]).unwrap()
}

const HOUR: u64 = 3600;

fn token_policy() -> TokenPolicy {
    TokenPolicy {
        issuer: "roamd".to_owned(),
        default_lifetime: Duration::from_secs(8 * HOUR),
        max_lifetime: Duration::from_secs(20 * HOUR),
        min_lifetime: Duration::from_secs(300),
    }
}

fn tokens() -> TokenService {
    TokenService::new(keys(), token_policy())
}

/// Opens and checks the token in an `Authorization` header.
fn present(
    service: &TokenService,
    authorization: Option<&str>,
    realm: &Realm,
    audience: &Audience,
    now: Timestamp,
) -> Result<PresentedToken, Reason> {
    let token = service.open(token_in(authorization)?)?;
    token.check(realm, audience, now)
}

fn alice(realm: &Realm, lifetime: Option<u64>) -> Grant {
    Grant {
        user: UserIdentity::new("DEMO", "Alice"),
        password: PASSWORD.into(),
        service: service(realm, lifetime),
    }
}

fn form_policy() -> FormPolicy {
    let domain = |display: &str, value: &str| Domain {
        display: display.to_owned(),
        value: value.to_owned(),
    };
    FormPolicy {
        hide_domain_field: false,
        domains: vec![domain("Lab", "LAB"), domain("Guests", "GUEST")],
        default_domain: Some("LAB".to_owned()),
        cookie_name: FormPolicy::COOKIE_NAME.to_owned(),
        max_attempts: FormPolicy::MAX_ATTEMPTS,
        lifetime: FormPolicy::LIFETIME,
        post_back: "/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt".to_owned(),
        cancel_post_back: "/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate".to_owned(),
    }
}

fn conversations() -> Conversations {
    Conversations::new(keys(), form_policy())
}
