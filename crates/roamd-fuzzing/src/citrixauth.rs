//! Oracles of CitrixAuth: tokens and conversations.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use roamd_citrixauth::{
    Claims, Conversations, FormPolicy, Grant, IssuedToken, Negotiation, Realm, Service,
    TokenPolicy, TokenService, UserIdentity, token_in,
};
use roamd_store_proto::Language;
use roamd_store_proto::auth::{FormPost, RequestToken};
use secrecy::ExposeSecret as _;

use crate::fixed_keys::{CountingRng, ring};
use crate::split_input::SplitInput;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Checks an `Authorization` header. It must be accepted only if it has the issued token. A token
/// for any account and password must return these, and must be rejected with one bit changed.
pub fn token(bytes: &[u8]) {
    let header = String::from_utf8_lossy(bytes);
    if check(&header).is_some() {
        let own = issue(UserIdentity::new("LAB", "alice"), "password".to_owned());
        assert!(
            own.is_some_and(|own| header.trim().ends_with(own.token.expose_secret())),
            "a token is accepted that was not issued"
        );
    }

    let mut input = SplitInput::new(bytes);
    let (domain, name, password) = (input.text(), input.text(), input.text());
    let Some((own, claims)) = issued(UserIdentity::new(&*domain, &*name), password.clone()) else {
        return;
    };
    assert_eq!(
        (claims.user.domain(), claims.user.name()),
        (&*domain, &*name)
    );
    assert!(
        claims.password.expose_secret() == password,
        "another password than the one that was sealed"
    );
    let bit = input.rest().iter().fold(bytes.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    if let Some(forged) = with_bit_flipped(&own, bit) {
        assert!(check(&forged).is_none(), "a forged token is accepted");
    }
}

/// Asserts that a token of an account, which a farm has named, is a token of this account.
pub(crate) fn assert_token_names(user: &UserIdentity) {
    let claims = issued(user.clone(), "password".to_owned()).map(|(_, claims)| claims.user);
    assert!(
        claims.is_some_and(|claimed| claimed.to_string() == user.to_string()),
        "a token of another account"
    );
}

/// Issues a token, and opens it.
fn issued(user: UserIdentity, password: String) -> Option<(IssuedToken, Claims)> {
    let own = issue(user, password)?;
    let Some(claims) = check(&authorization(&own)) else {
        panic!("an issued token is rejected");
    };
    Some((own, claims))
}

fn issue(user: UserIdentity, password: String) -> Option<IssuedToken> {
    let grant = Grant {
        user,
        password: password.into(),
        service: service()?,
    };
    tokens().issue(&grant, NOW, &mut CountingRng::new()).ok()
}

fn check(header: &str) -> Option<Claims> {
    let service = service()?;
    let token = tokens().open(token_in(Some(header)).ok()?).ok()?;
    let presented = token.check(service.realm(), service.audience(), NOW);
    let claims = presented.and_then(|presented| presented.unless_revoked(false));
    claims.ok().map(Arc::unwrap_or_clone)
}

/// Resumes a conversation from a posted form and a cookie. Only the started conversation may be
/// resumed, and parsed credentials must be valid in XML.
pub fn conversation(bytes: &[u8]) {
    let mut input = SplitInput::new(bytes);
    let cookie = input.optional();
    let body = input.rest();
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
    let Some(started) = post_to_started(&conversations, &post) else {
        return;
    };
    let Ok(own) = conversations.resume(None, &started, NOW) else {
        panic!("a started conversation cannot be resumed");
    };
    if let Ok(resumed) = conversations.resume(cookie.as_deref(), &post, NOW) {
        assert_eq!(
            resumed.id(),
            own.id(),
            "a conversation that was not started"
        );
    }
}

fn assert_post_is_stable(post: &FormPost) {
    let written = post.to_url_encoded();
    let again = FormPost::from_url_encoded(written.expose_secret().as_bytes()).to_url_encoded();
    assert!(
        written.expose_secret() == again.expose_secret(),
        "a post changes when it is encoded and decoded"
    );
}

/// Returns the same post to a conversation that the oracle starts, always the same one.
fn post_to_started(conversations: &Conversations, post: &FormPost) -> Option<FormPost> {
    let negotiation = Negotiation::from_headers(None, None).ok()?;
    let mut rng = CountingRng::new();
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
            hide_domain_field: false,
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

fn with_bit_flipped(token: &IssuedToken, bit: usize) -> Option<String> {
    let mut sealed = BASE64.decode(token.token.expose_secret().as_bytes()).ok()?;
    let bit = bit % (8 * sealed.len());
    *sealed.get_mut(bit / 8)? ^= 1 << (bit % 8);
    Some(format!("CitrixAuth {}", BASE64.encode(&sealed)))
}
