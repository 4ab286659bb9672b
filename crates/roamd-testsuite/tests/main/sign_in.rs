//! Sign-in with a form (citrixauth.md §2, §3, §5, §6).

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use roamd_farm::{AccountState, Domain, User, World};
use roamd_store_proto::auth::{
    Form, FormResult, FormStatus, Requirement, RequirementKind, TokenChoices,
};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{
    Conversation, Options, Response, STORE_PATH, SignedIn, TestEnvironment, TokenService,
    challenge_of, path_of, request_token, session_params, sign_in, token_of, token_response,
};
use secrecy::ExposeSecret;

const FORM: &str = "application/vnd.citrix.authenticateresponse-1+xml";
const TOKEN: &str = "application/vnd.citrix.requesttokenresponse+xml";

#[tokio::test]
async fn sign_in_methods_are_listed_without_redirection() {
    // CA-16, CA-24 to CA-26, CA-32, CA-35
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let protocols = path_of(&service.tokens.locations);
    let closed = format!("{protocols}/");
    for (path, realm, accept) in [
        (protocols, &*service.tokens.realm, "*/*"),
        (protocols, &*service.store.realm, TOKEN),
        (
            &closed,
            "any-other",
            "application/vnd.citrix.requesttokenchoices+xml",
        ),
    ] {
        let message = request_token(realm, &service.store.hint, "");
        let headers = [
            ("Content-Type", "application/vnd.citrix.requesttoken+xml"),
            ("Accept", accept),
        ];
        let response = env
            .server
            .send("POST", path, &headers, message.as_bytes())
            .await;
        assert_eq!(response.status, 300, "{}", response.text());
        let header = |name| response.header(name);
        let media_type = "application/vnd.citrix.requesttokenchoices+xml";
        assert_eq!(header("content-type"), Some(media_type));
        assert_eq!(header("location"), None, "libraries would follow it");
        assert_eq!(header("www-authenticate"), None);
        assert!(header("cache-control").unwrap().contains("no-store"));
        let choices = TokenChoices::from_xml(&response.body).unwrap().choices;
        let listed: Vec<_> = choices
            .iter()
            .map(|choice| (&*choice.protocol, &*choice.location))
            .collect();
        let start = env.url("/Citrix/StoreAuth/ExplicitForms/Start");
        assert_eq!(listed, [("ExplicitForms", &*start)]);
        let text = response.text();
        assert!(text.find("<protocol>") < text.find("<location>"), "{text}");
    }
}

#[tokio::test]
async fn first_form_has_the_fields_that_clients_fill_in() {
    // CA-43, CA-46 to CA-48, CA-57, CA-58, CA-61, CA-62
    for (setting, cookie_name) in [
        ("", "ASP.NET_SessionId"),
        ("cookie_name = \"Citrix_AuthSvc\"", "Citrix_AuthSvc"),
    ] {
        let env = TestEnvironment::start(Options {
            authentication: format!(
                "domains = [\"DEMO\", \"LAB\"]\ndefault_domain = \"LAB\"\n{setting}"
            ),
            ..Options::default()
        })
        .await;
        let service = TokenService::discover(env.server).await;
        let conversation = service.begin().await;
        let cookie = format!("^{cookie_name}=[A-Za-z0-9]+; Path=/; HttpOnly; SameSite=Lax$");
        let cookie = Regex::new(&cookie).unwrap();
        assert!(cookie.is_match(&conversation.cookie), "{cookie}");
        let form = conversation.form;
        assert_eq!(form.status, FormStatus::SUCCESS);
        assert_eq!(form.result, FormResult::MORE_INFO);
        let context = &form.state_context;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        assert!(
            context.len() >= 40 && context.chars().all(plain),
            "{context}"
        );
        let forms = "/Citrix/StoreAuth/ExplicitForms";
        let attempt = format!("{forms}/AuthenticateAttempt");
        assert_eq!(form.post_back, Some(attempt));
        let cancel = format!("{forms}/CancelAuthenticate");
        assert_eq!(form.cancel_post_back, Some(cancel));
        let fields: Vec<_> = form
            .requirements
            .iter()
            .filter_map(|line| Some((line.id.as_deref()?, line.save_id.as_deref())))
            .collect();
        assert_eq!(
            fields,
            [
                ("username", Some("ExplicitForms-Username")),
                ("password", Some("ExplicitForms-Password")),
                ("domain", Some("ExplicitForms-Domain")),
                ("saveCredentials", None),
                ("loginBtn", None),
            ]
        );
        let listed = |name: &str| (name.to_owned(), name.to_owned());
        let combo = RequirementKind::Combo {
            initial: Some("LAB".to_owned()),
            values: vec![listed("DEMO"), listed("LAB")],
        };
        assert_eq!(field(&form.requirements, "domain").kind, combo);
        let password = RequirementKind::Text {
            secret: true,
            initial: String::new(),
            assistive: None,
        };
        assert_eq!(field(&form.requirements, "password").kind, password);
        // No two conversations have the same secrets (citrixauth.md §7).
        let other = service.begin().await;
        assert_ne!(other.form.state_context, form.state_context);
        assert_ne!(other.cookie, conversation.cookie);
    }
}

#[tokio::test]
async fn form_shows_only_fields_that_its_client_knows() {
    // CA-44, CA-52 to CA-54
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.tokens.realm, &service.tokens.hint, "");
    let types = "X-Citrix-AM-CredentialTypes";
    let ids = |response: &Response| -> Vec<String> {
        let form = Form::from_xml(&response.body).unwrap();
        let ids = form.requirements.into_iter().filter_map(|line| line.id);
        ids.collect()
    };
    let few = [(types, "none,username,password")];
    let response = service.start_with(&few, &message).await;
    assert_eq!(ids(&response), ["username", "password", "loginBtn"]);
    for missing in ["none, username, domain", "password", "none"] {
        let response = service.start_with(&[(types, missing)], &message).await;
        let (status, result, text) = ended(&response);
        assert_eq!((status, result), (FormStatus::SUCCESS, FormResult::FAIL));
        assert!(text.contains("cannot show"), "{text}");
        assert_eq!(response.header("set-cookie"), None);
    }
    for (accept, expected) in [
        ("text/xml", "text/xml"),
        ("text/html, text/xml", "text/xml"),
        ("text/xml, */*;q=0.1", FORM),
        ("*/*", FORM),
    ] {
        let headers = [
            ("Content-Type", "application/vnd.citrix.requesttoken+xml"),
            ("Accept", accept),
        ];
        let response = env
            .server
            .send("POST", &service.start, &headers, message.as_bytes())
            .await;
        assert_eq!(response.header("content-type"), Some(expected), "{accept}");
        assert!(ids(&response).contains(&"domain".to_owned()), "{accept}");
    }
}

#[tokio::test]
async fn forms_and_tokens_are_neither_cached_nor_compressed() {
    // CA-77 to CA-79
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.tokens.realm, &service.tokens.hint, "");
    let compress = [("Accept-Encoding", "gzip, deflate, br, zstd")];
    let form = service.start_with(&compress, &message).await;
    let conversation = service.begin().await;
    let again = conversation.attempt("alice", "wrong", Some("DEMO")).await;
    let token = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    let failure = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    let service_token = service.exchange(&token_of(&token)).await;
    for (case, response) in [
        ("form", form),
        ("form again", again),
        ("primary token", token),
        ("failure", failure),
        ("service token", service_token),
    ] {
        assert_eq!(response.status, 200, "{case}");
        let header = |name| response.header(name);
        let control = "no-cache, no-store, must-revalidate, private, max-age=0";
        assert_eq!(header("cache-control"), Some(control), "{case}");
        assert_eq!(header("pragma"), Some("no-cache"), "{case}");
        let past = "Mon, 26 Jul 1997 05:00:00 GMT";
        assert_eq!(header("expires"), Some(past), "{case}");
        assert_eq!(header("content-encoding"), None, "{case}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{case}");
        assert_eq!(header("access-control-allow-origin"), None, "{case}");
        assert_eq!(header("www-authenticate"), None, "CA-70: {case}");
    }
}

#[tokio::test]
async fn bad_credentials_get_the_same_form_for_every_reason() {
    // CA-68, CA-70, CA-71, citrixauth.md §7
    let env = TestEnvironment::start(Options {
        world: world_with(&[
            ("dora", "roam-demo", AccountState::Disabled),
            ("leon", "roam-demo", AccountState::LockedOut),
            ("emil", "roam-demo", AccountState::Expired),
        ]),
        ..Options::default()
    })
    .await;
    let service = TokenService::discover(env.server).await;
    let long = "x".repeat(10_000);
    let mut forms = Vec::new();
    for (case, user, password, domain) in [
        ("wrong password", "alice", "roam-demo ", Some("DEMO")),
        ("other case", "alice", "Roam-Demo", Some("DEMO")),
        ("unknown user", "mallory", "roam-demo", Some("DEMO")),
        ("disabled", "dora", "roam-demo", Some("DEMO")),
        ("locked", "leon", "roam-demo", Some("DEMO")),
        ("expired, wrong password", "emil", "guess", Some("DEMO")),
        ("domain not listed", "alice", "roam-demo", Some("EVIL")),
        ("unknown domain", r"EVIL\alice", "roam-demo", Some("DEMO")),
        ("unknown suffix", "alice@evil.test", "roam-demo", None),
        ("no domain", "alice", "roam-demo", None),
        ("empty domain", "alice", "roam-demo", Some("")),
        ("no name", "", "roam-demo", Some("DEMO")),
        ("domain alone", r"DEMO\", "roam-demo", Some("DEMO")),
        ("two backslashes", r"DEMO\alice\x", "roam-demo", None),
        ("no password", "alice", "", Some("DEMO")),
        ("long password", "alice", &long, Some("DEMO")),
        ("NUL in the password", "alice", "roam-demo\0", Some("DEMO")),
        ("NUL in the name", "alice\0", "roam-demo", Some("DEMO")),
        ("long name", &long, "roam-demo", Some("DEMO")),
        ("look-alike letter", "аlice", "roam-demo", Some("DEMO")),
        ("wildcard", "alic%", "roam-demo", Some("DEMO")),
        ("trailing dot", "alice.", "roam-demo", Some("DEMO")),
        // Not alice: her spellings draw on one budget, which the cases above have used up.
        ("two suffixes", "bob@x@evil.test", "roam-demo", None),
        ("right to left", "\u{202E}bob", "roam-demo", Some("DEMO")),
    ] {
        let conversation = service.begin().await;
        let response = conversation.attempt(user, password, domain).await;
        assert_eq!(response.header("content-type"), Some(FORM), "{case}");
        assert!(!response.text().contains("roam-demo"), "{case}");
        let mut form = again(&response);
        assert_eq!(form.status, FormStatus::SUCCESS, "{case}");
        assert_ne!(
            form.state_context, conversation.form.state_context,
            "{case}"
        );
        form.state_context.clear();
        // The form repeats the user name, if it can be one.
        for line in &mut form.requirements {
            match &mut line.kind {
                RequirementKind::Text {
                    initial, secret, ..
                } => {
                    let is_name = !*secret && !user.is_empty() && user.len() <= 512;
                    let typed = if is_name && !user.contains('\0') {
                        user
                    } else {
                        ""
                    };
                    assert_eq!(initial, typed, "{case}");
                    initial.clear();
                }
                RequirementKind::Combo { initial, .. } => *initial = None,
                _ => {}
            }
        }
        forms.push(form);
        // The conversation continues with the same cookie.
        assert_eq!(response.header("set-cookie"), None, "{case}");
        let next = conversation.next(&response);
        token_of(&next.attempt("alice", "roam-demo", Some("DEMO")).await);
    }
    forms.dedup();
    assert_eq!(forms.len(), 1, "all the same but for what was typed");
    let lines = &forms[0].requirements;
    let mut errors = lines.iter().filter(|line| line.label_type == "error");
    let error = errors.next().unwrap();
    let text = "Incorrect user name or password";
    assert_eq!(error.label.as_deref(), Some(text));
    assert_eq!(error.highlight, ["username", "password"]);
    assert_eq!(errors.next(), None);
}

#[tokio::test]
async fn five_failed_attempts_end_a_conversation() {
    // CA-72. Neither an old form nor another server gives more attempts.
    let mut env = TestEnvironment::start(Options {
        // With fewer, attempts would have to wait.
        authentication: "domains = [\"DEMO\"]\n[login_throttle]\nfree_attempts = 9".to_owned(),
        ..Options::default()
    })
    .await;
    sign_in(&env, "alice", "roam-demo").await;
    let unknown_client = [127, 0, 0, 2];
    let service = TokenService::discover(env.server.from(unknown_client)).await;
    let conversation = service.begin().await;
    let elsewhere = Conversation {
        server: env.second_server().await.from(unknown_client),
        ..conversation.clone()
    };
    for attempt in 1..=4 {
        let conversation = [&conversation, &elsewhere][attempt % 2];
        again(&conversation.attempt("alice", "guess", Some("DEMO")).await);
    }
    let response = conversation.attempt("alice", "guess", Some("DEMO")).await;
    let (status, result, text) = ended(&response);
    assert_eq!((status, result), (FormStatus::SUCCESS, FormResult::FAIL));
    assert_eq!(text, "Too many attempts. Try again later.");
    is_over(&conversation).await;
    is_over(&elsewhere).await;
    // An unknown client has not locked the user out of a known network.
    sign_in(&env, "alice", "roam-demo").await;
}

#[tokio::test]
async fn conversation_gives_only_one_token() {
    // CA-50, CA-69, CA-75
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let post = || conversation.attempt("alice", "roam-demo", Some("DEMO"));
    let responses = [tokio::join!(post(), post(), post())];
    let [(one, two, three)] = responses;
    let is_token = |response: &&Response| response.header("content-type") == Some(TOKEN);
    let responses = [one, two, three];
    assert_eq!(responses.iter().filter(is_token).count(), 1);
    is_over(&conversation).await;
    // This holds for the cookie or the state context alone, too.
    let fields = [("username", r"DEMO\alice"), ("password", "roam-demo")];
    let context = &conversation.form.state_context;
    for (cookie, context) in [(Some(&*conversation.cookie), ""), (None, &**context)] {
        let response = conversation.post(cookie, context, &fields).await;
        assert_eq!(ended(&response).0, FormStatus::SESSION_ID_INVALID);
    }
}

#[tokio::test]
async fn cancelled_sign_in_is_confirmed() {
    // CA-73
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let (status, result, text) = ended(&conversation.cancel().await);
    assert_eq!(
        (status, result, &*text),
        (FormStatus::SUCCESS, FormResult::CANCELLED, "")
    );
    is_over(&conversation).await;
    let (status, _, _) = ended(&conversation.cancel().await);
    assert_eq!(status, FormStatus::SESSION_ID_INVALID);
}

#[tokio::test]
async fn conversation_is_found_by_cookie_or_state_context() {
    // CA-46, CA-49, CA-75
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let other = service.begin().await;
    let (status, context) = (
        FormStatus::SESSION_ID_INVALID,
        FormStatus::STATE_CONTEXT_INVALID,
    );
    type Pick = fn(&Conversation, &Conversation) -> (Option<String>, String);
    let rows: [(&str, Pick, Option<&FormStatus>); 12] = [
        ("both", |it, _| (cookie(it), state(it)), None),
        ("cookie", |it, _| (cookie(it), String::new()), None),
        ("state context", |it, _| (None, state(it)), None),
        (
            "among others",
            |it, _| (cookie(it).map(|own| format!("a=b; {own}, c")), state(it)),
            None,
        ),
        ("nothing", |_, _| (None, String::new()), Some(&status)),
        (
            "a forged cookie",
            |_, _| (Some("ASP.NET_SessionId=AAAA".to_owned()), String::new()),
            Some(&status),
        ),
        (
            "another cookie",
            |_, _| (Some("other=AAAA".to_owned()), String::new()),
            Some(&status),
        ),
        (
            "undefined",
            |it, _| (cookie(it), "undefined".to_owned()),
            Some(&context),
        ),
        ("garbage", |_, _| (None, "AAAA".to_owned()), Some(&context)),
        (
            "two that disagree",
            |it, other| (cookie(it), state(other)),
            Some(&context),
        ),
        (
            "a cookie as state context",
            |it, _| {
                let own = cookie(it).unwrap();
                let value = own.split(['=', ';']).nth(1).unwrap().to_owned();
                (None, value)
            },
            Some(&context),
        ),
        (
            "a state context as cookie",
            |it, _| {
                (
                    Some(format!("ASP.NET_SessionId={}", state(it))),
                    String::new(),
                )
            },
            Some(&status),
        ),
    ];
    for (case, pick, refusal) in rows {
        let conversation = service.begin().await;
        let (cookie, context) = pick(&conversation, &other);
        let fields = [("username", r"DEMO\alice"), ("password", "roam-demo")];
        let response = conversation
            .post(cookie.as_deref(), &context, &fields)
            .await;
        match refusal {
            None => drop(token_of(&response)),
            Some(expected) => {
                let (found, result, text) = ended(&response);
                assert_eq!((&found, result), (expected, FormResult::FAIL), "{case}");
                assert_eq!(text, "This sign-in is over. Sign in again.", "{case}");
            }
        }
    }
}

#[tokio::test]
async fn conversation_expires_after_ten_minutes() {
    // CA-51
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    for (minutes, is_alive) in [(9, true), (11, false), (10_000, false)] {
        let ago = SignedDuration::from_mins(minutes);
        let begun = Timestamp::now().checked_sub(ago).unwrap();
        let (form, cookie) = env.conversation_started_at(&service.tokens.realm, begun);
        let server = env.server;
        let conversation = Conversation {
            server,
            form,
            cookie,
        };
        let response = conversation
            .attempt("alice", "roam-demo", Some("DEMO"))
            .await;
        if is_alive {
            token_of(&response);
        } else {
            let (status, result, _) = ended(&response);
            assert_eq!(status, FormStatus::SESSION_ID_EXPIRED, "{minutes} minutes");
            assert_eq!(result, FormResult::FAIL);
        }
    }
}

#[tokio::test]
async fn user_name_spellings_name_the_same_user() {
    // CA-62, CA-67
    let (listed, default, none) = (
        "domains = [\"DEMO\", \"LAB\"]",
        "default_domain = \"DEMO\"",
        "",
    );
    for (setting, user, domain) in [
        (listed, "alice", Some("DEMO")),
        (listed, "alice", Some("demo")),
        (listed, " alice ", Some("DEMO")),
        (listed, "ALICE", Some("DEMO")),
        (listed, r"DEMO\alice", Some("DEMO")),
        (listed, r"DEMO\alice", None),
        // A domain in the user name takes precedence over the field, even if it is not listed.
        (listed, r"demo\Alice", Some("LAB")),
        (listed, "alice@demo.test", Some("EVIL")),
        (listed, "alice@DEMO", None),
        (listed, r"demo.test\alice", None),
        (default, "alice", None),
        (default, "alice", Some("")),
        (none, "alice", Some("DEMO")),
        (none, r"DEMO\alice", None),
        (none, "alice@demo.test", None),
    ] {
        let env = TestEnvironment::start(Options {
            authentication: setting.to_owned(),
            ..Options::default()
        })
        .await;
        let service = TokenService::discover(env.server).await;
        let conversation = service.begin().await;
        let has_box = conversation
            .form
            .requirements
            .iter()
            .any(|line| line.id.as_deref() == Some("domain"));
        assert_eq!(has_box, setting == listed, "{setting}");
        let response = conversation.attempt(user, "roam-demo", domain).await;
        let server = env.server;
        let primary = token_of(&response);
        let token = token_of(&service.exchange(&primary).await);
        let written = SignedIn {
            store: STORE_PATH,
            server,
            token,
            primary,
        };
        let plain = sign_in(&env, "alice", "roam-demo").await;
        let (written, plain) = (list(&written).await, list(&plain).await);
        assert_eq!(written, plain, "{setting} {user} {domain:?}");
        assert!(String::from_utf8(plain).unwrap().contains("CVAD.Excel"));
    }
}

#[tokio::test]
async fn passwords_arrive_as_typed() {
    // CA-63 to CA-66
    let encoded = "Gr%C3%BC%C3%9Fe+%26%20%3D%2B%25%3C%5C%22";
    let passwords = [
        ("gina", "Grüße & =+%<\\\""),
        ("rolf", "100% sure"),
        ("tim", "%zz%4"),
    ];
    let env = TestEnvironment::start(Options {
        world: world_with(&passwords.map(|(user, word)| (user, word, AccountState::Enabled))),
        ..Options::default()
    })
    .await;
    let service = TokenService::discover(env.server).await;
    for (user, sent) in [
        ("gina", encoded),
        // Without encoding, as one client sends it.
        ("rolf", "100% sure"),
        ("rolf", "100%25+sure"),
        ("tim", "%zz%4"),
    ] {
        let conversation = service.begin().await;
        let context = &conversation.form.state_context;
        let body = format!(
            "password={sent}&loginBtn=Log%2BOn&username={user}&unknown=1&domain=DEMO\
             &StateContext={context}"
        );
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", FORM),
        ];
        let path = conversation.form.post_back.unwrap();
        let response = env
            .server
            .send("POST", &path, &headers, body.as_bytes())
            .await;
        let primary = token_of(&response);
        // Farms check the password with every request, so that it arrived unchanged.
        let token = token_of(&service.exchange(&primary).await);
        let server = env.server;
        let user = SignedIn {
            store: STORE_PATH,
            server,
            token,
            primary,
        };
        assert!(user.resources("DESK-C", "").await.is_empty());
    }
}

#[tokio::test]
async fn password_of_odd_bytes_is_a_wrong_password() {
    // bad-inputs 58: bytes that are not UTF-8 are replaced by a character that no password has.
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let huge = "x".repeat(1 << 20);
    for (case, user, password, expected) in [
        ("no UTF-8", "alice", "%FF%FE", 200),
        ("half a character", "alice", "%C3", 200),
        ("NUL", "alice", "roam-demo%00", 200),
        ("empty", "alice", "", 200),
        ("a megabyte", "alice", &huge, 413),
    ] {
        let conversation = service.begin().await;
        let context = &conversation.form.state_context;
        let body =
            format!("StateContext={context}&username={user}&domain=DEMO&password={password}");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let path = conversation.form.post_back.as_deref().unwrap();
        let response = env
            .server
            .send("POST", path, &headers, body.as_bytes())
            .await;
        assert_eq!(response.status, expected, "{case}");
        if expected == 200 {
            again(&response);
        }
        let next = service.begin().await;
        token_of(&next.attempt("alice", "roam-demo", Some("DEMO")).await);
    }
}

#[tokio::test]
async fn cross_site_form_post_has_no_effect() {
    // bad-inputs 61. A browser sends no cookie with such a post (`SameSite=Lax`), and the other
    // test environment does not have the state context. The response sets no cookie, and the other
    // test environment cannot read it. The server has no page with a form that could be imitated.
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    assert!(conversation.cookie.contains("; HttpOnly; SameSite=Lax"));
    let fields = [("username", r"DEMO\alice"), ("password", "roam-demo")];
    let posted = conversation.post(None, "", &fields).await;
    assert_eq!(ended(&posted).0, FormStatus::SESSION_ID_INVALID);
    // With an attacker's own conversation, only the body of the response has the token.
    let own = conversation.form.state_context.clone();
    let posted = conversation.post(None, &own, &fields).await;
    token_of(&posted);
    assert_eq!(posted.header("set-cookie"), None);
    assert_eq!(posted.header("access-control-allow-origin"), None);
    let page = env.server.send("GET", "/", &[], b"").await;
    assert!(!page.text().contains("<form"), "{}", page.text());
}

#[tokio::test]
async fn lifetimes_are_bounded_by_the_configuration() {
    // CA-22, CA-27 to CA-31
    let env = TestEnvironment::start(Options {
        authentication: "domains = [\"DEMO\"]\ntoken_lifetime = \"0.01:00:00\"\n\
                         token_lifetime_max = \"0.02:00:00\""
            .to_owned(),
        ..Options::default()
    })
    .await;
    let service = TokenService::discover(env.server).await;
    for (wanted, expected) in [
        ("", "0.01:00:00"),
        ("00:30:00", "0.00:30:00"),
        ("0.01:30", "0.01:30:00"),
        ("01:00:30.5", "0.01:00:30"),
        ("0.08:00:00", "0.02:00:00"),
        ("1", "0.02:00:00"),
        ("10675199.02:48:05.4775807", "0.02:00:00"),
        ("00:00:01", "0.00:05:00"),
        ("0", "0.01:00:00"),
        ("00:00:00", "0.01:00:00"),
        ("-01:00:00", "0.01:00:00"),
        ("99999999.00:00:00", "0.01:00:00"),
        ("1.25:61:61", "0.01:00:00"),
        (".1.00:00:00", "0.01:00:00"),
        ("soon", "0.01:00:00"),
    ] {
        let conversation = service.begin_for(wanted).await;
        let response = conversation
            .attempt("alice", "roam-demo", Some("DEMO"))
            .await;
        let (primary, lifetime) = lifetime(&response);
        assert_eq!(lifetime, expected, "{wanted}");
        // A service token has the same bounds, and expires with its primary token: it loses no more
        // than the seconds that have passed.
        let exchanged = service
            .exchange_for(primary.token.expose_secret(), wanted)
            .await;
        let (token, _) = self::lifetime(&exchanged);
        assert!(token.expiry <= primary.expiry, "{wanted}");
        let lost = primary.expiry.duration_since(token.expiry);
        assert!(lost < SignedDuration::from_secs(30), "{wanted}: {lost}");
    }
    // CA-29: it does not outlive the sign-in.
    let conversation = service.begin_for("00:10:00").await;
    let response = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    let primary = token_response(&response);
    let exchanged = service
        .exchange_for(primary.token.expose_secret(), "0.02:00:00")
        .await;
    assert_eq!(token_response(&exchanged).expiry, primary.expiry);
}

#[tokio::test]
async fn token_responses_name_their_service() {
    // CA-16, CA-22, CA-23
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let response = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    assert_eq!(response.header("content-type"), Some(TOKEN));
    assert_eq!(response.header("set-cookie"), None);
    let primary = token_response(&response);
    assert_eq!(primary.for_service, service.tokens.realm);
    assert_eq!(primary.credential_display_name.as_deref(), Some("DEMO"));
    let response = service.exchange(primary.token.expose_secret()).await;
    let token = token_response(&response);
    assert_eq!(token.for_service, service.store.realm);
    assert_eq!(token.credential_display_name, None);
    let dates = Regex::new(
        r"<issued>[0-9-]{10}T[0-9:]{8}\.[0-9]{7}Z</issued><expiry>[0-9-]{10}T[0-9:]{8}\.[0-9]{7}Z<",
    )
    .unwrap();
    assert!(dates.is_match(response.text()), "{}", response.text());
    assert!(
        token.token.expose_secret().len() <= 4096,
        "§7: headers stay small"
    );
    // If a client requests the form for the realm of the store, the token opens the store.
    let message = request_token(&service.store.realm, &service.store.hint, "0.01:00:00");
    let begun = service.start_with(&[], &message).await;
    let conversation = Conversation {
        cookie: begun.header("set-cookie").unwrap().to_owned(),
        ..conversation.next(&begun)
    };
    let response = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    let token = token_response(&response);
    assert_eq!(token.for_service, service.store.realm);
    let opens = SignedIn {
        store: STORE_PATH,
        server: env.server,
        token: token.token.expose_secret().to_owned(),
        primary: String::new(),
    };
    let listed = opens.resources("DESK-C", "").await;
    assert_eq!(listed, ["XA1.MSPaint", "CVAD.Excel"]);
}

#[tokio::test]
async fn conversation_continues_on_any_server() {
    // Tokens and conversations are sealed, and the servers share their state.
    let mut env = TestEnvironment::demo().await;
    let first = TokenService::discover(env.server).await;
    let early = sign_in(&env, "alice", "roam-demo").await;
    let waiting = first.begin().await;
    let second = TokenService {
        server: env.second_server().await,
        ..first.clone()
    };
    let moved = Conversation {
        server: second.server,
        ..first.begin().await
    };
    let primary = token_of(&moved.attempt("alice", "roam-demo", Some("DEMO")).await);
    is_over(&Conversation {
        server: first.server,
        ..moved
    })
    .await;
    let token = token_of(&first.exchange(&primary).await);
    let roamer = SignedIn {
        store: STORE_PATH,
        server: second.server,
        token,
        primary,
    };
    let before = list(&early).await;
    assert_eq!(list(&roamer).await, before);

    env.restart_server().await;
    assert_eq!(list(&early).await, before, "tokens survive");
    token_of(&first.exchange(&early.primary).await);
    token_of(&waiting.attempt("alice", "roam-demo", Some("DEMO")).await);
    is_over(&waiting).await;
}

#[tokio::test]
async fn sign_in_needs_a_farm_that_responds() {
    // CA-42, §5.3: `error-service-unavailable`
    for (setting, stopped, is_possible) in [
        ("credentials = \"farm\"", &["XA1", "XD5"][..], true),
        ("credentials = \"farm\"", &["XA1", "XD5", "CVAD"], false),
        ("credentials = \"CVAD\"", &["XA1", "XD5"], true),
        ("credentials = \"XA1\"", &["XA1"], false),
    ] {
        let mut env = TestEnvironment::start(Options {
            authentication: format!("domains = [\"DEMO\"]\n{setting}"),
            ..Options::default()
        })
        .await;
        for farm in stopped {
            env.stop_farm(farm).await;
        }
        let service = TokenService::discover(env.server).await;
        let conversation = service.begin().await;
        let response = conversation
            .attempt("alice", "roam-demo", Some("DEMO"))
            .await;
        if is_possible {
            token_of(&response);
            continue;
        }
        let (status, result, text) = ended(&response);
        assert_eq!(
            status,
            FormStatus::SERVICE_UNAVAILABLE,
            "{setting} {stopped:?}"
        );
        assert_eq!(result, FormResult::FAIL);
        assert_eq!(text, "You cannot be signed in now. Try again later.");
    }
}

#[tokio::test]
async fn malformed_form_post_has_no_effect() {
    // CA-75, and the limit of bodies
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let path = conversation.form.post_back.clone().unwrap();
    let limit = 64 * 1024;
    for (case, body, expected) in [
        ("nothing", Vec::new(), 200),
        ("not text", vec![0xFF, 0x00, b'&', b'=', b'%'], 200),
        ("at the limit", vec![b'&'; limit], 200),
        ("above the limit", vec![b'&'; limit + 1], 413),
    ] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let response = env.server.send("POST", &path, &headers, &body).await;
        assert_eq!(response.status, expected, "{case}");
        if expected == 200 {
            assert_eq!(ended(&response).0, FormStatus::SESSION_ID_INVALID, "{case}");
        }
    }
    token_of(
        &conversation
            .attempt("alice", "roam-demo", Some("DEMO"))
            .await,
    );
    // A client without a token still gets none.
    assert_eq!(
        challenge_of(&service.post(None, "").await).reason,
        "notoken"
    );
}

/// Returns the demo world with more users of the domain `DEMO`.
fn world_with(users: &[(&str, &str, AccountState)]) -> World {
    let mut world = World::demo();
    let domain: &mut Domain = &mut world.domains[0];
    for (name, password, account) in users {
        domain.users.push(User {
            name: (*name).to_owned(),
            password: (*password).into(),
            account: *account,
        });
    }
    world
}

/// Returns the bytes of a list.
async fn list(user: &SignedIn) -> Vec<u8> {
    let accept = "application/vnd.citrix.sessionstate+xml";
    let body = session_params("DESK-C", "");
    let response = user.post("available", accept, &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.body
}

/// Returns the form that requests the credentials again.
fn again(response: &Response) -> Form {
    assert_eq!(response.status, 200, "{}", response.text());
    let form = Form::from_xml(&response.body).unwrap();
    assert_eq!(form.result, FormResult::MORE_INFO, "{}", response.text());
    form
}

/// Returns the status, the result and the message of a form that ends the conversation.
fn ended(response: &Response) -> (FormStatus, FormResult, String) {
    assert_eq!(response.status, 200, "{}", response.text());
    let form = Form::from_xml(&response.body).unwrap();
    assert_eq!(form.state_context, "", "{}", response.text());
    assert_eq!(form.post_back, None, "{}", response.text());
    (
        form.status,
        form.result,
        form.log_message.unwrap_or_default(),
    )
}

/// Panics unless the conversation has ended, even for the right password (CA-50).
async fn is_over(conversation: &Conversation) {
    let response = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    let (status, result, _) = ended(&response);
    assert_eq!(status, FormStatus::SESSION_ID_INVALID);
    assert_eq!(result, FormResult::FAIL);
}

/// Returns a token and its lifetime as text, which matches its dates (CA-22).
fn lifetime(response: &Response) -> (roamd_store_proto::auth::RequestTokenResponse, String) {
    let token = token_response(response);
    let text = response.text();
    let mut shown = text
        .split(['<', '>'])
        .skip_while(|part| *part != "lifetime");
    let shown = shown.nth(1).unwrap().to_owned();
    let seconds = token.expiry.duration_since(token.issued).as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    assert_eq!(shown, format!("0.{hours:02}:{minutes:02}:{seconds:02}"));
    (token, shown)
}

fn field<'f>(lines: &'f [Requirement], id: &str) -> &'f Requirement {
    let mut found = lines.iter().filter(|line| line.id.as_deref() == Some(id));
    found.next().unwrap()
}

fn cookie(conversation: &Conversation) -> Option<String> {
    Some(conversation.cookie.clone())
}

fn state(conversation: &Conversation) -> String {
    conversation.form.state_context.clone()
}

#[tokio::test]
async fn farm_cannot_sign_a_user_in_as_another() {
    // CA-66: a farm that says for everybody that the password is good, and names another account.
    let hostile = ScriptedController::healthy().await;
    hostile.set_content(
        "ValidateCredentials",
        "<UserIdentityInfo><ID type=\"SAM\">DEMO\\alice</ID></UserIdentityInfo>",
    );
    let mut env = TestEnvironment::start(Options {
        more_sections: hostile.farm_section("EVIL", "EVIL"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let response = alice.get("/Citrix/Store/resources/v2").await;
    let resources = response.text();
    let image = Regex::new("/Citrix/Store/resources/v2/[^/\"]+/image").unwrap();
    let image = image.find(resources).unwrap().as_str();
    assert_eq!(alice.get(image).await.status, 200);
    for farm in ["XA1", "XD5", "CVAD"] {
        env.stop_farm(farm).await;
    }
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let response = conversation
        .attempt(r"MALLORY\mallory", "guess", None)
        .await;
    token_of(&response);
    let lines = env.audit().lines_until(&response).await;
    let users: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "sign-in")
        .map(|line| line["user"].as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(users, [r"demo\alice", r"mallory\mallory"]);
    // The farm can say of the typed account that its password is good, but what is cached of the
    // other farms is for the password that they have accepted.
    let conversation = service.begin().await;
    let response = conversation.attempt(r"DEMO\alice", "guess", None).await;
    let primary = token_of(&response);
    let token = token_of(&service.exchange(&primary).await);
    let forged = SignedIn {
        token,
        primary,
        ..alice.clone()
    };
    assert_eq!(alice.get(image).await.status, 200);
    assert_eq!(forged.get(image).await.status, 503);
}
