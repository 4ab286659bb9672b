//! Starting and resuming conversations (CA-45 to CA-51, CA-75, CQ-31 to CQ-40).

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use roamd_citrixauth::{
    ConversationRefusal, Conversations, CredentialRefusal, FormPolicy, Negotiation,
    ResumedConversation, StartedConversation,
};
use roamd_seal::KeyRing;
use roamd_store_proto::Language;
use roamd_store_proto::auth::FormPost;

use crate::{at, conversations, form_policy, key, keys, rng, service, token_realm};

const COOKIE: &str = FormPolicy::COOKIE_NAME;

pub(crate) fn everything() -> Negotiation {
    Negotiation::from_headers(None, None).unwrap()
}

pub(crate) fn start() -> StartedConversation {
    let service = service(&token_realm(), Some(600));
    conversations().start(service, everything(), Language::English, at(0), &mut rng())
}

/// Resumes with the cookie and the state context of the post, if any.
pub(crate) fn resume(started: &StartedConversation, post: &FormPost) -> ResumedConversation {
    conversations()
        .resume(Some(&cookie(started)), post, at(1))
        .unwrap()
}

fn cookie(started: &StartedConversation) -> String {
    format!("{COOKIE}={}", started.cookie_value)
}

fn with_context(text: &str) -> FormPost {
    FormPost {
        state_context: text.to_owned(),
        ..FormPost::default()
    }
}

fn refusal(cookie: Option<&str>, context: &str, seconds: i64) -> Option<ConversationRefusal> {
    conversations()
        .resume(cookie, &with_context(context), at(seconds))
        .err()
}

#[test]
fn conversation_is_found_by_cookie_or_state_context() {
    // CA-46, CQ-31, CQ-32.
    let started = start();
    let (cookie, context) = (cookie(&started), started.form.state_context.as_str());
    let ids = [
        (Some(&*cookie), context),
        (Some(&*cookie), ""),
        (None, context),
    ]
    .map(|(cookie, context)| conversations().resume(cookie, &with_context(context), at(1)))
    .map(|resumed| resumed.unwrap().id());
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[test]
fn cookie_and_state_context_both_carry_the_whole_state() {
    let started = start();
    for (cookie, context) in [
        (cookie(&started), ""),
        (String::new(), &*started.form.state_context),
    ] {
        let resumed = conversations().resume(Some(&cookie), &with_context(context), at(1));
        let conversation = resumed.unwrap().unless_spent(false).unwrap();
        assert_eq!(conversation.service(), &service(&token_realm(), Some(600)));
        assert_eq!(conversation.expiry(), at(600));
    }
}

#[test]
fn any_server_with_the_keys_resumes_a_conversation() {
    let started = start();
    let rotated = Arc::new(KeyRing::new(key(2), vec![key(1)]));
    let other_server = Conversations::new(rotated, form_policy());
    let cookie = cookie(&started);
    assert!(
        other_server
            .resume(Some(&cookie), &with_context(""), at(1))
            .is_ok()
    );
}

#[test]
fn contradictory_cookie_and_state_context_are_refused() {
    // CA-46.
    let (one, other) = (start(), start());
    let refused = refusal(Some(&cookie(&one)), &other.form.state_context, 1);
    assert_eq!(refused, Some(ConversationRefusal::StateContextInvalid));
}

#[test]
fn malformed_state_context_is_refused_despite_the_cookie() {
    let started = start();
    let context = &started.form.state_context;
    let spoilt = [
        // CQ-33: scripts that send a missing value.
        "undefined",
        "null",
        " ",
        "%20",
        &context[1..],
        &format!("{context}="),
        &format!("{context}A"),
        // The value of the cookie, and a state context sealed with other keys.
        &started.cookie_value,
        &"A".repeat(1 << 16),
    ];
    for context in spoilt {
        for cookie in [None, Some(&*cookie(&started))] {
            let refused = refusal(cookie, context, 1);
            assert_eq!(
                refused,
                Some(ConversationRefusal::StateContextInvalid),
                "{context}"
            );
        }
    }
}

#[test]
fn post_without_conversation_is_refused() {
    // CA-75; CQ-40: a client that sends neither.
    let context = start().form.state_context;
    let foreign = Conversations::new(Arc::new(KeyRing::new(key(9), vec![])), form_policy());
    let service = service(&token_realm(), None);
    let foreign =
        cookie(&foreign.start(service, everything(), Language::English, at(0), &mut rng()));
    for cookie in [
        None,
        Some(""),
        Some("other=1"),
        // An unknown cookie, for example of another server.
        Some("ASP.NET_SessionId="),
        Some("ASP.NET_SessionId=lcoekqyg0rjgjq2umsmbvl2e"),
        Some(&format!("{COOKIE}={context}")),
        Some(&foreign),
    ] {
        let refused = refusal(cookie, "", 1);
        assert_eq!(
            refused,
            Some(ConversationRefusal::SessionIdInvalid),
            "{cookie:?}"
        );
    }
}

#[test]
fn conversation_expires_after_its_lifetime() {
    // CA-51.
    let started = start();
    let (cookie, context) = (cookie(&started), &started.form.state_context);
    assert_eq!(refusal(Some(&cookie), context, 599), None);
    for seconds in [600, 601, 100_000] {
        for (cookie, context) in [(Some(&*cookie), ""), (None, &**context)] {
            let refused = refusal(cookie, context, seconds);
            assert_eq!(
                refused,
                Some(ConversationRefusal::SessionIdExpired),
                "{seconds}"
            );
        }
    }
}

#[test]
fn conversation_lifetime_is_capped_at_ten_minutes() {
    let lifetime = Duration::MAX;
    let policy = FormPolicy {
        lifetime,
        ..form_policy()
    };
    let conversations = Conversations::new(keys(), policy);
    let service = service(&token_realm(), None);
    let started = conversations.start(service, everything(), Language::English, at(0), &mut rng());
    assert_eq!(
        refusal(Some(&cookie(&started)), "", 600),
        Some(ConversationRefusal::SessionIdExpired)
    );
}

#[test]
fn spent_conversation_is_refused() {
    // CA-50.
    let spent = resume(&start(), &with_context("")).unless_spent(true);
    assert_eq!(spent.unwrap_err(), ConversationRefusal::SessionIdInvalid);
}

#[test]
fn repeated_form_has_a_new_state_context() {
    // CA-71.
    let started = start();
    let resumed = resume(&started, &with_context(""));
    let id = resumed.id();
    let conversation = resumed.unless_spent(false).unwrap();
    let post = FormPost::default();
    let refusal = CredentialRefusal::BadCredentials;
    let reply = conversations().refuse(
        &conversation,
        &post,
        refusal,
        1,
        Language::English,
        &mut rng(),
    );
    let again = &reply.form().state_context;
    assert_ne!(*again, started.form.state_context);
    let cookie = cookie(&started);
    let resumed = conversations()
        .resume(Some(&cookie), &with_context(again), at(1))
        .unwrap();
    assert_eq!(resumed.id(), id);
}

#[test]
fn each_start_creates_a_new_conversation() {
    let ids = [start(), start()].map(|started| resume(&started, &with_context("")).id());
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn state_context_and_cookie_need_no_url_encoding() {
    // CA-47, CA-48, CQ-31. Repeated, because the texts are random.
    for _ in 0..20 {
        let started = start();
        let context = started.form.state_context;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        assert!(context.chars().all(plain), "{context}");
        assert!(
            started
                .cookie_value
                .chars()
                .all(|c| c.is_ascii_alphanumeric())
        );
        assert!(started.cookie_value.len() < 1024);
    }
}

#[test]
fn set_cookie_has_no_expires_and_no_comma() {
    // CA-48: no `Expires`, no comma.
    let started = start();
    let value = &started.cookie_value;
    assert_eq!(
        conversations().set_cookie(&started, true),
        format!("ASP.NET_SessionId={value}; Path=/; HttpOnly; SameSite=Lax; Secure")
    );
    assert_eq!(
        conversations().set_cookie(&started, false),
        format!("ASP.NET_SessionId={value}; Path=/; HttpOnly; SameSite=Lax")
    );
}

#[test]
fn cookie_header_is_parsed_leniently() {
    // CA-49, CQ-38, CQ-39.
    let started = start();
    let (mine, set) = (cookie(&started), conversations().set_cookie(&started, true));
    let value = &started.cookie_value;
    for header in [
        &set,
        &format!("{set},CtxsAuthId=abc; path=/; HttpOnly"),
        &format!("CtxsAuthId=abc; path=/; HttpOnly,{set}"),
        &format!("a=b;{mine};c=d"),
        &format!("  HttpOnly ;; = ; {COOKIE} = {value} ; SameSite=Lax"),
        &format!("{COOKIE}=\"{value}\""),
        // Added twice by the client.
        &format!("{mine}; {mine}"),
        // The cookie of another server comes first.
        &format!("{COOKIE}=lcoekqyg0rjgjq2umsmbvl2e; {mine}"),
    ] {
        assert_eq!(refusal(Some(header), "", 1), None, "{header}");
    }
}

#[test]
fn cookie_name_is_configurable() {
    // CQ-39, CQ-40.
    let cookie_name = "Citrix_AuthSvc".to_owned();
    let policy = FormPolicy {
        cookie_name,
        ..form_policy()
    };
    let conversations = Conversations::new(keys(), policy);
    let service = service(&token_realm(), None);
    let started = conversations.start(service, everything(), Language::English, at(0), &mut rng());
    let set = conversations.set_cookie(&started, true);
    assert!(set.starts_with("Citrix_AuthSvc="));
    assert!(
        conversations
            .resume(Some(&set), &with_context(""), at(1))
            .is_ok()
    );
    let usual = cookie(&started);
    assert!(
        conversations
            .resume(Some(&usual), &with_context(""), at(1))
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn arbitrary_cookie_and_state_context_do_not_panic(cookie in any::<String>(), context in any::<String>()) {
        let cookie = format!("{COOKIE}={cookie}");
        prop_assert!(refusal(Some(&cookie), &context, 1).is_some());
    }
}
