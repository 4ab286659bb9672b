//! The sign-in: tokens, and the conversation with a form.

use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use roamd_citrixauth::{
    Conversations, FormPolicy, Grant, IssuedToken, Negotiation, Realm, Service, TokenPolicy,
    TokenService, UserIdentity,
};
use roamd_store_proto::Language;
use roamd_store_proto::auth::{FormPost, RequestToken};
use secrecy::ExposeSecret as _;

use crate::keys::{Counter, ring};
use crate::parts::Parts;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The value of an `Authorization` header: it opens if it is the one token that was issued, and never
/// else. And a token for any account and any password opens to the same, until one bit is changed.
pub fn token(bytes: &[u8]) {
    let tokens = tokens();
    let Some(service) = service() else { return };
    let issue = |user: UserIdentity, password: String| {
        let grant = Grant {
            user,
            password: password.into(),
            service: service.clone(),
        };
        tokens.issue(&grant, NOW, &mut Counter::new()).ok()
    };
    let check = |header: &str| {
        tokens
            .check(Some(header), service.realm(), service.audience(), NOW)
            .and_then(|presented| presented.unless_revoked(false))
            .ok()
    };
    let header = String::from_utf8_lossy(bytes);
    if check(&header).is_some() {
        let own = issue(UserIdentity::new("LAB", "alice"), "password".to_owned());
        assert!(
            own.is_some_and(|own| header.trim().ends_with(own.token.expose_secret())),
            "a token opens that was not issued"
        );
    }

    let mut parts = Parts::new(bytes);
    let (domain, name, password) = (parts.text(), parts.text(), parts.text());
    let Some(own) = issue(UserIdentity::new(&*domain, &*name), password.clone()) else {
        return;
    };
    let Some(claims) = check(&authorization(&own)) else {
        panic!("an own token does not open");
    };
    assert_eq!(
        (claims.user.domain(), claims.user.name()),
        (&*domain, &*name)
    );
    assert!(
        claims.password.expose_secret() == password,
        "another password than the one that was sealed"
    );
    let bit = parts.rest().iter().fold(bytes.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    if let Some(forged) = with_bit_changed(&own, bit) {
        assert!(check(&forged).is_none(), "a forged token opens");
    }
}

/// A post to the form, with the cookie that it came with: it goes on with the one conversation that
/// was begun, and with no other; what it says of an account can be written in XML.
pub fn conversation(bytes: &[u8]) {
    let mut parts = Parts::new(bytes);
    let cookie = parts.optional();
    let body = parts.rest();
    let post = FormPost::from_url_encoded(body);
    assert_post_is_stable(&post);
    let conversations = conversations();
    if let Ok(credentials) = conversations.credentials(&post) {
        for name in [&credentials.user_name, &credentials.domain] {
            assert!(!name.is_empty(), "a name is empty");
            assert!(
                !name.contains(char::is_control),
                "a name has a control character"
            );
        }
        assert!(!credentials.user_name.contains('\\'), "two domains");
        assert!(!credentials.password.expose_secret().is_empty());
    }
    let Some(begun) = begun(&conversations, &post) else {
        return;
    };
    let Ok(own) = conversations.resume(None, &begun, NOW) else {
        panic!("an own conversation does not go on");
    };
    if let Ok(resumed) = conversations.resume(cookie.as_deref(), &post, NOW) {
        assert_eq!(resumed.id(), own.id(), "a conversation that nobody began");
    }
}

fn assert_post_is_stable(post: &FormPost) {
    let written = post.to_url_encoded();
    let again = FormPost::from_url_encoded(written.expose_secret().as_bytes()).to_url_encoded();
    assert!(
        written.expose_secret() == again.expose_secret(),
        "a post changes when it is written and read"
    );
}

/// The same post to the conversation that the oracle begins, which is the same each time.
fn begun(conversations: &Conversations, post: &FormPost) -> Option<FormPost> {
    let negotiation = Negotiation::from_headers(None, None).ok()?;
    let mut rng = Counter::new();
    let started = conversations.start(service()?, negotiation, Language::English, NOW, &mut rng);
    Some(FormPost {
        state_context: started.form.state_context,
        ..post.clone()
    })
}

fn tokens() -> TokenService {
    let hour = Duration::from_secs(3600);
    TokenService::new(
        ring(),
        TokenPolicy {
            issuer: "fuzzing".to_owned(),
            default_lifetime: hour,
            max_lifetime: hour,
            min_lifetime: hour,
        },
    )
}

fn conversations() -> Conversations {
    Conversations::new(
        ring(),
        FormPolicy {
            domains: Vec::new(),
            default_domain: Some("LAB".to_owned()),
            cookie_name: FormPolicy::COOKIE_NAME.to_owned(),
            max_attempts: FormPolicy::MAX_ATTEMPTS,
            lifetime: FormPolicy::LIFETIME,
            post_back: "/attempt".to_owned(),
            cancel_post_back: "/cancel".to_owned(),
        },
    )
}

fn service() -> Option<Service> {
    let request = RequestToken {
        for_service: "store".to_owned(),
        for_service_url: "https://sf.example.net/Citrix/Store".to_owned(),
        template: String::new(),
        requested_lifetime: None,
    };
    let audience = "https://sf.example.net".parse().ok()?;
    Service::of(&request, &[Realm::new("store")], &[audience]).ok()
}

fn authorization(token: &IssuedToken) -> String {
    format!("CitrixAuth {}", token.token.expose_secret())
}

fn with_bit_changed(token: &IssuedToken, bit: usize) -> Option<String> {
    let mut sealed = BASE64.decode(token.token.expose_secret().as_bytes()).ok()?;
    let bit = bit % (8 * sealed.len());
    *sealed.get_mut(bit / 8)? ^= 1 << (bit % 8);
    Some(format!("CitrixAuth {}", BASE64.encode(&sealed)))
}
