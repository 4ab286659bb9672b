//! Authentication, account states, lockout and password changes (nfuse.md §2, §7).

use roamd_farm::{AccountChange, Limit};
use roamd_nfuse_proto::{
    ChangePasswordRequest, Credentials, Dialect, Domain, ErrorId, Password, PasswordEncoding,
    ReconnectSessionDataRequest, SessionCriteria, UserIdentity, ValidateCredentialsRequest,
    encode_request,
};

use crate::support::{Folder, PASSWORD, at, of, small_world, typed};

fn validate(credentials: Credentials) -> ValidateCredentialsRequest {
    ValidateCredentialsRequest::new(credentials)
}

#[tokio::test]
async fn account_is_found_by_each_of_its_names_only() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    for (user, domain, is_known) in [
        ("alice", Some("DEMO"), true),
        ("ALICE", Some("demo"), true),
        ("alice", Some("demo.test"), true),
        ("alice", Some("DEMO.TEST"), true),
        (r"DEMO\alice", None, true),
        ("alice@demo.test", None, true),
        ("alice@demo.test", Some(""), true),
        ("bob", None, true),
        // Two domains have a user named alice.
        ("alice", None, false),
        ("alice", Some("OTHER"), false),
        ("alice", Some("ELSE"), false),
        (r"DEMO\alice", Some("DEMO"), false),
        ("alice ", Some("DEMO"), true),
        ("al%ice", Some("DEMO"), false),
    ] {
        let response = controller
            .ask(&validate(typed(user, PASSWORD, domain)))
            .await;
        assert_eq!(response.is_ok(), is_known, "{user:?} {domain:?}");
    }
}

/// The responses are equal byte for byte, so that a client cannot tell which accounts exist.
#[tokio::test]
async fn unknown_user_and_wrong_password_look_the_same() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    let mut responses = Vec::new();
    for credentials in [
        typed("alice", "wrong", Some("DEMO")),
        typed("zoe", "wrong", Some("DEMO")),
        typed("alice", "wrong", Some("NOWHERE")),
        typed("alice", "", Some("DEMO")),
        typed("disabled", "wrong", Some("DEMO")),
        typed("locked", "wrong", Some("DEMO")),
    ] {
        let body = encode_request(Dialect::new(5, 4), &validate(credentials));
        responses.push(controller.post(&body).await);
    }
    assert!(
        responses[0]
            .1
            .contains("<ErrorId>failed-credentials</ErrorId>")
    );
    responses.dedup();
    assert_eq!(responses.len(), 1, "{responses:?}");
}

#[tokio::test]
async fn unusable_account_is_reported_after_correct_password() {
    let folder = Folder::new();
    let controller = folder.serve("xendesktop-5").await;
    for (user, id) in [
        ("disabled", ErrorId::ACCOUNT_DISABLED),
        ("locked", ErrorId::ACCOUNT_LOCKED_OUT),
        ("expired", ErrorId::EXPIRED_CREDENTIALS),
        ("novice", ErrorId::MUST_CHANGE_CREDENTIALS),
    ] {
        let error = controller.ask(&validate(of(user))).await.unwrap_err();
        assert_eq!(error.id, id, "{user}");
    }
}

#[tokio::test]
async fn user_identity_is_returned_on_request() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    let mut request = validate(typed("ALICE", PASSWORD, Some("demo.test")));
    assert_eq!(controller.ask(&request).await.unwrap().identity, None);
    request.identity_wanted = true;
    let identity = controller.ask(&request).await.unwrap().identity.unwrap();
    assert_eq!(identity.sam.as_deref(), Some(r"DEMO\alice"));
    assert_eq!(identity.upn.as_deref(), Some("alice@demo.test"));
    let [user, group] = identity.sids.as_slice() else {
        panic!("{identity:?}");
    };
    assert!(
        user.starts_with("S-1-5-21-") && user.ends_with("-1101"),
        "{user}"
    );
    assert_eq!(
        group.rsplit_once('-').unwrap().0,
        user.rsplit_once('-').unwrap().0
    );
}

fn claims() -> Vec<(Credentials, &'static str)> {
    let identity = |sam: Option<&str>, upn: Option<&str>| Credentials::Identity {
        sam: sam.map(str::to_owned),
        upn: upn.map(str::to_owned),
        sids: Vec::new(),
    };
    let unproven = |user: &str| Credentials::Explicit {
        user_name: user.to_owned(),
        password: None,
        domain: Some(Domain::nt("DEMO")),
    };
    vec![
        (identity(Some(r"DEMO\alice"), None), "known"),
        (identity(None, Some("alice@demo.test")), "known"),
        (unproven("alice"), "known"),
        (identity(Some(r"DEMO\zoe"), None), "unknown"),
        (unproven("zoe"), "unknown"),
        (identity(Some(r"DEMO\disabled"), None), "disabled"),
    ]
}

fn list(credentials: Credentials) -> ReconnectSessionDataRequest {
    let criteria = SessionCriteria {
        client_types: vec!["all".to_owned()],
        ..SessionCriteria::new(credentials)
    };
    ReconnectSessionDataRequest::new(criteria, [])
}

#[tokio::test]
async fn identity_without_password_needs_trusting_farm() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    for (credentials, _) in claims() {
        let error = controller.ask(&list(credentials)).await.unwrap_err();
        assert_eq!(error.id, ErrorId::NOT_TRUSTED);
    }

    let mut world = small_world();
    for farm in &mut world.farms {
        farm.trust_requests = true;
    }
    let folder = Folder::of(&world);
    folder.start("cvad-7", "alice", "Waiting", None);
    let controller = folder.serve("cvad-7").await;
    for (credentials, kind) in claims() {
        let response = controller.ask(&list(credentials.clone())).await;
        let expected = match kind {
            "known" => Ok(1),
            "disabled" => Err(ErrorId::ACCOUNT_DISABLED),
            _ => Err(ErrorId::FAILED_CREDENTIALS),
        };
        let found = response
            .map(|it| it.sessions.len())
            .map_err(|error| error.id);
        assert_eq!(found, expected, "{credentials:?}");
    }
}

/// The first SID is the user's own.
#[tokio::test]
async fn sid_alone_is_accepted_by_trusting_farm() {
    let mut world = small_world();
    world.farms[2].trust_requests = true;
    let folder = Folder::of(&world);
    let controller = folder.serve("cvad-7").await;
    let mut request = validate(of("bob"));
    request.identity_wanted = true;
    let UserIdentity { sids, .. } = controller.ask(&request).await.unwrap().identity.unwrap();
    let alone = |sids| Credentials::Identity {
        sam: None,
        upn: None,
        sids,
    };
    request.credentials = alone(sids.clone());
    let identity = controller.ask(&request).await.unwrap().identity.unwrap();
    assert_eq!(identity.sam.as_deref(), Some(r"DEMO\bob"));
    request.credentials = alone(vec![sids[1].clone()]);
    let error = controller.ask(&request).await.unwrap_err();
    assert_eq!(
        error.id,
        ErrorId::FAILED_CREDENTIALS,
        "a group is not a user"
    );
}

#[tokio::test]
async fn anonymous_and_group_credentials_are_rejected() {
    let folder = Folder::new();
    let controller = folder.serve("xenapp-6").await;
    for credentials in [
        Credentials::Anonymous,
        Credentials::Groups {
            names: vec!["Domain Users".to_owned()],
            domain: None,
        },
    ] {
        let error = controller.ask(&list(credentials)).await.unwrap_err();
        assert_eq!(error.id, ErrorId::FAILED_CREDENTIALS);
    }
}

/// A cached password does not override the current account state.
#[tokio::test]
async fn disabled_account_is_rejected_despite_cached_password() {
    let folder = Folder::new();
    let controller = folder.serve("cvad-7").await;
    assert!(controller.ask(&validate(of("bob"))).await.is_ok());
    let connection = rusqlite::Connection::open(folder.path().join("farm.db")).unwrap();
    connection
        .execute(
            "UPDATE users SET account = 'disabled' WHERE name = 'bob'",
            [],
        )
        .unwrap();
    let error = controller.ask(&validate(of("bob"))).await.unwrap_err();
    assert_eq!(error.id, ErrorId::ACCOUNT_DISABLED);
    connection
        .execute(
            "UPDATE users SET account = 'enabled', password_hash = (SELECT u.password_hash FROM \
             users u JOIN domains d ON d.id = u.domain_id WHERE d.name = 'OTHER') \
             WHERE name = 'bob'",
            [],
        )
        .unwrap();
    let error = controller.ask(&validate(of("bob"))).await.unwrap_err();
    assert_eq!(
        error.id,
        ErrorId::FAILED_CREDENTIALS,
        "the password was changed"
    );
}

/// Sends these passwords at intervals of one second and returns the errors.
async fn try_all(folder: &Folder, passwords: &[&str], from: i64) -> Vec<Option<ErrorId>> {
    let mut errors = Vec::new();
    for (second, password) in (from..).zip(passwords) {
        let request = validate(typed("alice", password, Some("DEMO")));
        let response = folder.ask_at("cvad-7", &request, second).await;
        errors.push(response.err().map(|error| error.id));
    }
    errors
}

#[tokio::test]
async fn too_many_wrong_passwords_lock_account_temporarily() {
    let mut world = small_world();
    world.accounts.lockout_attempts = Limit::AtMost(3);
    world.accounts.lockout_seconds = 60;
    let folder = Folder::of(&world);
    let (wrong, locked) = (
        Some(ErrorId::FAILED_CREDENTIALS),
        Some(ErrorId::ACCOUNT_LOCKED_OUT),
    );
    // A correct password resets the count, also when it comes from the cache.
    let tried = try_all(&folder, &["no", "no", PASSWORD, "no", "no", PASSWORD], 0).await;
    let expected = [&wrong, &wrong, &None, &wrong, &wrong, &None].map(Clone::clone);
    assert_eq!(tried, expected);
    let tried = try_all(&folder, &["no", "no", "no", PASSWORD, "no"], 10).await;
    let expected = [&wrong, &wrong, &wrong, &locked, &locked].map(Clone::clone);
    assert_eq!(tried, expected);
    let records = folder.farms.accounts(at(20)).unwrap();
    assert_eq!(records[0].locked_until, Some(at(72)));
    assert_eq!(
        records[1].locked_until, None,
        "other accounts are not locked"
    );
    // Attempts during the lock do not extend it.
    assert_eq!(
        try_all(&folder, &["no"; 20], 40).await,
        vec![locked.clone(); 20]
    );
    assert_eq!(try_all(&folder, &[PASSWORD], 72).await, [None]);
    // An operator ends the lock.
    try_all(&folder, &["no", "no", "no"], 80).await;
    assert_eq!(try_all(&folder, &[PASSWORD], 83).await, [locked]);
    let unlock = AccountChange {
        unlock: true,
        ..AccountChange::default()
    };
    folder
        .farms
        .set_account("DEMO\\alice", &unlock, at(84))
        .unwrap();
    assert_eq!(try_all(&folder, &[PASSWORD], 84).await, [None]);
}

#[tokio::test]
async fn concurrent_guesses_are_limited_by_lockout() {
    let mut world = small_world();
    world.accounts.lockout_attempts = Limit::AtMost(3);
    let folder = Folder::of(&world);
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let farm = folder.farms.farm("cvad-7").unwrap();
        let password = format!("guess {number}");
        let request = validate(typed("alice", &password, Some("DEMO")));
        let body = encode_request(Dialect::new(5, 4), &request);
        guesses.spawn(async move {
            let options = roamd_farm::ServeOptions::default();
            let response = farm.respond(options, &body, at(0)).await.unwrap();
            String::from_utf8(response).unwrap()
        });
    }
    let mut looked_at = 0;
    while let Some(response) = guesses.join_next().await {
        looked_at += usize::from(response.unwrap().contains("failed-credentials"));
    }
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    // Some hashes finish while the last failure is written.
    assert!((3..=3 + 4 * at_once).contains(&looked_at), "{looked_at}");
    assert_eq!(
        try_all(&folder, &[PASSWORD], 1).await,
        [Some(ErrorId::ACCOUNT_LOCKED_OUT)]
    );
}

/// Passwords from thousands of networks, and the failures that they write, do not hold up a client
/// that has presented a right password.
#[tokio::test]
async fn password_flood_of_strangers_leaves_known_clients_served() {
    let folder = Folder::new();
    let farm = folder.farms.farm("cvad-7").unwrap();
    let ask = |client: u32, user: &str, password: &str| {
        let farm = farm.clone();
        let request = validate(typed(user, password, Some("DEMO")));
        let body = encode_request(Dialect::new(5, 4), &request);
        let client = Some(std::net::Ipv4Addr::from_bits(client << 8).into());
        async move {
            let options = roamd_farm::ServeOptions::default();
            let response = farm.respond_to(client, options, &body, at(0)).await;
            String::from_utf8(response.unwrap()).unwrap()
        }
    };
    let server = 0xFF_FFFF;
    let is_success = |response: &str| !response.contains("ErrorId");
    assert!(is_success(&ask(server, "alice", PASSWORD).await));
    let mut flood = tokio::task::JoinSet::new();
    for network in 0..3000 {
        flood.spawn(ask(network, "stranger", "guess"));
    }
    tokio::task::yield_now().await;
    for user in ["bob", "carol"] {
        assert!(is_success(&ask(server, user, PASSWORD).await), "{user}");
    }
    // Most of the others still wait, or were refused at once.
    let mut checked = 0;
    while let Some(response) = flood.try_join_next() {
        checked += usize::from(response.unwrap().contains("failed-credentials"));
    }
    assert!(checked < 100, "{checked}");
}

fn change(user: &str, old: &str, new: &str) -> ChangePasswordRequest {
    let new_password = Password {
        value: new.into(),
        encoding: PasswordEncoding::Ctx1,
    };
    ChangePasswordRequest::new(typed(user, old, Some("DEMO")), new_password)
}

#[tokio::test]
async fn password_change_requires_old_password_and_policy() {
    let folder = Folder::new();
    for (user, old, new, expected) in [
        (
            "alice",
            "wrong",
            "another-one",
            Some(ErrorId::FAILED_CREDENTIALS),
        ),
        (
            "zoe",
            PASSWORD,
            "another-one",
            Some(ErrorId::FAILED_CREDENTIALS),
        ),
        (
            "disabled",
            PASSWORD,
            "another-one",
            Some(ErrorId::ACCOUNT_DISABLED),
        ),
        (
            "locked",
            PASSWORD,
            "another-one",
            Some(ErrorId::ACCOUNT_LOCKED_OUT),
        ),
        (
            "expired",
            PASSWORD,
            "seven-7",
            Some(ErrorId::NEW_PASSWORD_TOO_SHORT),
        ),
        (
            "expired",
            PASSWORD,
            "äöüäöü",
            Some(ErrorId::NEW_PASSWORD_TOO_SHORT),
        ),
        (
            "expired",
            PASSWORD,
            PASSWORD,
            Some(ErrorId::NEW_PASSWORD_USED_BEFORE),
        ),
        ("expired", PASSWORD, " spaced out ", None),
        ("novice", PASSWORD, "eight-8!", None),
        ("alice", PASSWORD, "äöüäöüäö", None),
    ] {
        let response = folder.ask_at("cvad-7", &change(user, old, new), 0).await;
        assert_eq!(
            response.err().map(|error| error.id),
            expected,
            "{user} {new}"
        );
        let signs_in = async |password| {
            let request = validate(typed(user, password, Some("DEMO")));
            folder.ask_at("cvad-7", &request, 0).await.is_ok()
        };
        assert_eq!(signs_in(new).await, expected.is_none(), "{user} {new}");
        if expected.is_none() {
            assert!(!signs_in(old).await, "{user}: the old one is wrong");
        }
    }
}

#[tokio::test]
async fn former_passwords_are_rejected() {
    let folder = Folder::new();
    let used = Some(ErrorId::NEW_PASSWORD_USED_BEFORE);
    let passwords: Vec<_> = (0..6).map(|number| format!("password-{number}")).collect();
    let mut old = PASSWORD;
    for new in &passwords {
        let asked = change("bob", old, new);
        assert!(folder.ask_at("xenapp-6", &asked, 0).await.is_ok(), "{new}");
        old = new;
    }
    for (new, expected) in [
        (&*passwords[5], used.clone()),
        (&*passwords[4], used.clone()),
        (&*passwords[1], used),
        (&*passwords[0], None),
    ] {
        let response = folder.ask_at("xenapp-6", &change("bob", old, new), 0).await;
        assert_eq!(response.err().map(|error| error.id), expected, "{new}");
    }
}

#[tokio::test]
async fn concurrent_password_changes_apply_only_one() {
    let folder = Folder::new();
    let (one, other) = (
        change("bob", PASSWORD, "the-first-new-one"),
        change("bob", PASSWORD, "the-other-new-one"),
    );
    let (one, other) = tokio::join!(
        folder.ask_at("cvad-7", &one, 0),
        folder.ask_at("cvad-7", &other, 0)
    );
    assert_ne!(one.is_ok(), other.is_ok());
}

#[tokio::test]
async fn wrong_password_in_change_request_counts_for_lockout() {
    let mut world = small_world();
    world.accounts.lockout_attempts = Limit::AtMost(3);
    let folder = Folder::of(&world);
    for old in ["a", "b", "c"] {
        let asked = change("alice", old, "another-one");
        folder.ask_at("cvad-7", &asked, 0).await.unwrap_err();
    }
    let asked = change("alice", PASSWORD, "another-one");
    let error = folder.ask_at("cvad-7", &asked, 1).await.unwrap_err();
    assert_eq!(error.id, ErrorId::ACCOUNT_LOCKED_OUT);
}
