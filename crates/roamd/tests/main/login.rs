//! `roamd login`, `logout` and `token`, and commands that need no password after a sign-in.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use roamd_store_client::EnumerationStatus;
use roamd_testkit::{
    CertificateAuthority, MockStore, StoreRequest, StoreResponse, TlsProxy, healthy_store,
};

use crate::citrixauth_client::Client;
use crate::home::Home;
use crate::support::{CommandOutput, Server, World, entries, eventually, on_a_terminal_of};

const REQUEST_TOKEN: &str = "application/vnd.citrix.requesttoken+xml";
const REFRESH_TOKEN: &str = "application/vnd.citrix.refreshtoken+xml";
const DESTROY_TOKEN: &str = "application/vnd.citrix.destroytoken+xml";

/// Returns how often a line was requested.
fn count(store: &MockStore, line: &str) -> usize {
    store.lines().iter().filter(|it| *it == line).count()
}

/// Returns how often a message of this media type was sent.
fn count_messages(store: &MockStore, media_type: &str) -> usize {
    let requests = store.requests().into_iter();
    let requests = requests.filter(|it| it.header("content-type") == media_type);
    requests.count()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn assert_not_signed_in(ran: &CommandOutput, parts: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    for part in [&["roamd login"], parts].concat() {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn commands_after_login_need_no_store_user_or_password() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    let ran = home.sign_in(demo.url(), r"DEMO\alice", "roam-demo", &[]);
    let name = demo.address().replace(':', "-");
    let expected = format!(
        "Signed in to {} as DEMO\\alice, with the profile {name}. The token is valid until ",
        demo.url()
    );
    assert!(ran.err.starts_with(&expected), "{}", ran.err);

    let ica = world.path("ica");
    let output = ["--output", ica.to_str().unwrap()];
    for args in [
        &["sessions", "list", "--active"][..],
        &["sessions", "list", "--store", demo.url()],
        &[
            "sessions",
            "list",
            "--store",
            demo.url(),
            "--user",
            r"demo\ALICE",
        ],
        &["sessions", "list", "--profile", &name],
        &[&["sessions", "roam"], &output[..]].concat(),
        &["apps", "list"],
        &[&["apps", "launch", "Notepad"], &output[..]].concat(),
        &["sessions", "disconnect", "--client-name", "DESK-A"],
        &["sessions", "logoff", "--client-name", "DESK-B"],
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    }

    // The file has no password, and only its owner can read it.
    let file = home.sign_in_file();
    assert_eq!((mode(&file), mode(&home.sign_ins())), (0o600, 0o700));
    for path in [&file, &home.path().join("config/roamd/profiles.json")] {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("roam-demo"), "{text}");
    }

    let client = Client(demo.address().to_owned());
    let token = home.run(&["token"]);
    assert_eq!((token.code, token.err.as_str()), (0, ""), "{token:?}");
    assert_eq!(client.reason(token.out.trim()), None);
    let header = home.run(&["token", "--header"]);
    let of_header = header.out.strip_prefix("Authorization: CitrixAuth ");
    assert_eq!(client.reason(of_header.unwrap().trim()), None);
    let ran = home.run(&["logout"]);
    let expected = format!("Signed out of {}.\n", demo.url());
    assert_eq!((ran.code, ran.err), (0, expected));
    assert_eq!(client.reason(token.out.trim()).as_deref(), Some("expired"));
    assert_eq!(entries(&home.sign_ins()), [""; 0]);
    let advice = format!("run `roamd login --profile {name}`");
    for args in [&["sessions", "list"][..], &["apps", "list"], &["token"]] {
        assert_not_signed_in(&home.run(args), &[&advice]);
    }
    // The profile remains.
    let mut again = home.command(&["login"]);
    let again = CommandOutput::of(again.env("ROAMD_PASSWORD", "roam-demo").output().unwrap());
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(home.run(&["apps", "list"]).code, 0);
}

#[test]
fn first_command_says_how_to_sign_in() {
    let home = Home::new();
    for args in [&["sessions", "list"][..], &["apps", "list"], &["token"]] {
        assert_not_signed_in(&home.run(args), &["roamd login --store URL"]);
    }
    let store = "http://127.0.0.1:1/Store";
    let ran = home.run(&["sessions", "list", "--store", store]);
    assert_not_signed_in(&ran, &["not signed in to http://127.0.0.1:1/Store"]);
    let ran = home.run(&["logout"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (0, "Not signed in to a store.\n")
    );
    for (args, expected) in [
        (&["login"][..], "--store is missing"),
        (&["login", "--store", store], "--user is missing"),
        (
            &["login", "--store", store, "--user", "ada"],
            "ROAMD_PASSWORD",
        ),
        (
            &["token", "--profile", "x"],
            "shows all, and `roamd login --profile x` creates it",
        ),
        (
            &["logout", "--profile", "x"],
            "`roamd profiles list` shows all\n",
        ),
        (
            &["profiles", "remove", "x"],
            "`roamd profiles list` shows all\n",
        ),
        (&["logout", "--profile", "../x"], "must be 1 to 64 letters"),
    ] {
        let ran = home.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

#[test]
fn terminal_is_asked_for_store_user_and_password() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    let typed = format!("{}\nLAB\\ada\ns3cret!\n", store.url());
    let ran = on_a_terminal_of(200, &home.command(&["login"]), &typed);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains("s3cret!"), "{ran:?}");
    let requests = store.requests();
    let post = requests
        .iter()
        .find(|it| it.line == "POST /attempt")
        .unwrap();
    assert!(
        post.body
            .contains("username=ada&password=s3cret%21&domain=LAB"),
        "{}",
        post.body
    );
}

#[test]
fn given_password_wins_over_sign_in_and_sign_in_over_question() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    let url = store.url();
    let list = ["sessions", "list", "--store", &url, "--user"];
    let ran = home.run(&[&list[..], &["ada"]].concat());
    assert_eq!(
        (ran.code, count(&store, "POST /attempt")),
        (0, 1),
        "{ran:?}"
    );
    // Another user is not signed in.
    let ran = home.run(&[&list[..], &["bob"]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("ROAMD_PASSWORD"), "{}", ran.err);
    let mut given = home.command(&[&list[..], &["ada"]].concat());
    let ran = CommandOutput::of(given.env("ROAMD_PASSWORD", "s3cret!").output().unwrap());
    assert_eq!(
        (ran.code, count(&store, "POST /attempt")),
        (0, 2),
        "{ran:?}"
    );
    // Standard input wins over the variable, and is empty here.
    let mut given = home.command(&[&list[..], &["ada", "--password-stdin"]].concat());
    let ran = CommandOutput::of(given.env("ROAMD_PASSWORD", "s3cret!").output().unwrap());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("standard input has no line"), "{ran:?}");
    // The help says so.
    let help = home.run(&["sessions", "list", "--help"]).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let order = "With a store, a user and a password in ROAMD_PASSWORD or --password-stdin, the \
                 command signs in by itself and signs out at its end. Without a password, it uses \
                 the sign-in of `roamd login`, or else asks for a password on a terminal.";
    assert!(help.contains(order), "{help}");
    // That command has ended its own sign-in, and not the saved one.
    assert_eq!(count_messages(&store, DESTROY_TOKEN), 1);
    assert!(home.sign_in_file().exists());
}

#[test]
fn profile_is_the_named_one_or_the_last_signed_in() {
    let stores = [(); 2].map(|()| MockStore::start(healthy_store));
    let home = Home::new();
    for (store, name) in stores.iter().zip(["first", "second"]) {
        home.sign_in_at(store, &["--profile", name]);
    }
    let first_url = stores[0].url();
    let lists = |store: &MockStore| count(store, "POST /list");
    for (args, asked) in [
        (&[][..], 1),
        (&["--profile", "first"], 0),
        (&["--profile", "second"], 1),
        (&["--store", &first_url], 0),
    ] {
        let before = stores.each_ref().map(lists);
        let ran = home.run(&[&["sessions", "list"], args].concat());
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        let after = stores.each_ref().map(lists);
        assert!(after[asked] > before[asked], "{args:?}");
        assert_eq!(after[1 - asked], before[1 - asked], "{args:?}");
    }
    let ran = home.run(&["sessions", "list", "--profile", "secnod"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("did you mean second?"), "{}", ran.err);
    // A new sign-in of a profile ends the old one.
    home.sign_in_at(&stores[1], &["--profile", "first"]);
    assert_eq!(count_messages(&stores[0], DESTROY_TOKEN), 1);
    let ran = home.run(&["logout", "--all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(count_messages(&stores[1], DESTROY_TOKEN), 2);
    assert_eq!(entries(&home.sign_ins()), [""; 0]);
}

/// Returns a store whose token service responds with this after the first token.
fn store_with_one_token(later: fn(&StoreRequest) -> StoreResponse) -> MockStore {
    let is_later = AtomicBool::new(false);
    MockStore::start(move |request| {
        let is_exchange = request.line == "POST /token"
            && request.header("content-type") == REQUEST_TOKEN
            && !request.header("authorization").is_empty();
        match is_exchange && is_later.swap(true, Ordering::Relaxed) {
            true => later(request),
            false => healthy_store(request),
        }
    })
}

#[test]
fn ended_sign_in_exits_with_3_and_says_what_to_do() {
    let store = store_with_one_token(|request| {
        StoreResponse::challenge(&request.base, "tokens", "protocols", "/token")
    });
    let home = Home::new();
    home.sign_in_at(&store, &["--profile", "ada"]);
    let expected = format!(
        "the sign-in of ada at {} has ended; run `roamd login --profile ada`",
        store.url()
    );
    for args in [&["sessions", "list"][..], &["token"]] {
        assert_not_signed_in(&home.run(args), &[&expected]);
    }
    assert_eq!(home.run(&["logout"]).code, 0);
}

#[test]
fn busy_store_has_not_ended_the_sign_in() {
    let store = store_with_one_token(|_| StoreResponse::status(503));
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    let ran = home.run(&["sessions", "list"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("responded with 503"), "{}", ran.err);
}

#[test]
fn concurrent_commands_refresh_a_sign_in_once() {
    const REFRESHED: &str = "cmVmcmVzaGVk";
    let store = MockStore::start(|request| {
        let token = request.header("authorization");
        match request.header("content-type") {
            REFRESH_TOKEN => StoreResponse::token(REFRESHED),
            REQUEST_TOKEN if token.ends_with(REFRESHED) => StoreResponse::token("c2VydmljZQ=="),
            _ => healthy_store(request),
        }
    });
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    home.make_due();
    let commands = [(); 8].map(|()| {
        let mut command = home.command(&["sessions", "list"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    for command in commands {
        let ran = CommandOutput::of(command.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert_eq!(count_messages(&store, REFRESH_TOKEN), 1);
    assert_eq!(count(&store, "POST /attempt"), 1);
    // The refreshed token is saved, and is the one that logout destroys.
    assert_eq!(mode(&home.sign_in_file()), 0o600);
    assert_eq!(home.run(&["logout"]).code, 0);
    let requests = store.requests();
    let last = requests.last().unwrap();
    assert_eq!(
        last.header("authorization"),
        format!("CitrixAuth {REFRESHED}")
    );
}

/// Stores need not refresh tokens (CA-36).
#[test]
fn store_that_does_not_refresh_is_used_with_the_old_token() {
    let store = MockStore::start(|request| match request.header("content-type") {
        REFRESH_TOKEN => StoreResponse::status(415),
        _ => healthy_store(request),
    });
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    home.make_due();
    let ran = home.run(&["sessions", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(count_messages(&store, REFRESH_TOKEN), 1);
}

#[test]
fn real_sign_in_is_refreshed() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    home.sign_in(demo.url(), r"DEMO\alice", "roam-demo", &[]);
    let file = home.sign_in_file();
    let before = fs::read_to_string(&file).unwrap();
    home.make_due();
    assert_eq!(home.run(&["sessions", "list"]).code, 0);
    let after = fs::read_to_string(&file).unwrap();
    let token = |text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        json["token"].as_str().unwrap().to_owned()
    };
    assert_ne!(token(&before), token(&after));
    assert!(!after.contains("1970"), "{after}");
    assert_eq!(home.run(&["apps", "list"]).code, 0);
}

#[test]
fn exposed_sign_in_is_refused_until_logout() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    home.sign_in_at(&store, &["--profile", "ada"]);
    let file = home.sign_in_file();
    let before = store.lines().len();
    for mode in [0o644, 0o640, 0o602] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let mode = format!("(mode {mode:o})");
        let advice = "run `roamd logout --profile ada`, then `roamd login --profile ada`";
        let ran = home.run(&["sessions", "list"]);
        assert_not_signed_in(&ran, &["can be read by other users", &mode, advice]);
    }
    assert_eq!(store.lines().len(), before, "the token was sent");
    assert_eq!(home.run(&["logout"]).code, 0);
    assert_eq!(count_messages(&store, DESTROY_TOKEN), 1);
    home.sign_in_at(&store, &["--profile", "ada"]);
    assert_eq!(home.run(&["sessions", "list"]).code, 0);
}

#[test]
fn damaged_file_is_named_and_replaced_by_the_next_login() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    home.sign_in_at(&store, &["--profile", "ada"]);
    let file = home.sign_in_file();
    let whole = fs::read_to_string(&file).unwrap();
    for damaged in ["", "{}", &whole[..whole.len() / 2], "\0\u{1b}[2J"] {
        fs::write(&file, damaged).unwrap();
        let ran = home.run(&["sessions", "list"]);
        let named = format!("the sign-in in {} is damaged", file.display());
        assert_not_signed_in(&ran, &[&named, "run `roamd login --profile ada`"]);
        home.sign_in_at(&store, &["--profile", "ada"]);
        assert_eq!(home.run(&["sessions", "list"]).code, 0);
    }
    let profiles = home.path().join("config/roamd/profiles.json");
    fs::write(&profiles, "{\n  \"profiles\": [{ \"name\": \"../x\" }]\n}").unwrap();
    let ran = home.run(&["sessions", "list"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    let expected = format!("the profiles in {} are not valid", profiles.display());
    assert!(ran.err.contains(&expected), "{}", ran.err);
}

#[test]
fn unconfirmed_logout_removes_the_token_and_exits_with_4() {
    let store = MockStore::start(|request| match request.header("content-type") {
        DESTROY_TOKEN => StoreResponse::status(500),
        _ => healthy_store(request),
    });
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    let ran = home.run(&["logout"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let expected = format!(
        "Signed out of {} on this machine only; the token is valid until it expires: http",
        store.url()
    );
    assert!(ran.err.starts_with(&expected), "{}", ran.err);
    assert_eq!(entries(&home.sign_ins()), [""; 0]);
}

#[test]
fn login_that_cannot_be_saved_is_ended() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    fs::write(home.path().join("state"), "").unwrap();
    let url = store.url();
    let mut login = home.command(&["login", "--store", &url, "--user", "ada"]);
    let ran = CommandOutput::of(login.env("ROAMD_PASSWORD", "s3cret!").output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("cannot create the folder"), "{}", ran.err);
    assert_eq!(count_messages(&store, DESTROY_TOKEN), 1);
}

#[test]
fn refused_login_exits_with_3_and_saves_nothing() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    let login = ["login", "--store", demo.url(), "--user", r"DEMO\alice"];
    let mut login = home.command(&login);
    let ran = CommandOutput::of(login.env("ROAMD_PASSWORD", "wrong").output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert_eq!(entries(home.path()), [""; 0]);
}

/// A password must not cross a network in the clear unnoticed.
#[test]
fn plain_http_to_another_machine_is_warned_of() {
    let home = Home::new();
    let loopback = MockStore::start(|request| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::endpoints(&request.base),
        _ => StoreResponse::list(&request.base, EnumerationStatus::Full, &[]),
    });
    for (store, is_warned) in [
        ("http://store.invalid/Citrix/Store", true),
        ("https://store.invalid/Citrix/Store", false),
        (&*loopback.url(), false),
    ] {
        for command in [&["login"][..], &["sessions", "list"]] {
            let args = [command, &["--store", store, "--user", "ada"]].concat();
            let mut command = home.command(&args);
            let ran = CommandOutput::of(command.env("ROAMD_PASSWORD", "x").output().unwrap());
            let warning = format!("Warning: {store} is plain HTTP");
            assert_eq!(
                ran.err.starts_with(&warning),
                is_warned,
                "{args:?}: {ran:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_a_store_are_remembered() {
    let proxy_url = Arc::new(OnceLock::new());
    let base = Arc::clone(&proxy_url);
    let store = MockStore::start(move |request| {
        let base: &String = base.get().unwrap();
        healthy_store(&StoreRequest {
            base: base.clone(),
            ..request.clone()
        })
    });
    let authority = CertificateAuthority::new();
    let issued = authority.issue("localhost", 2099);
    let proxy = TlsProxy::with_certificate(store.address(), &authority, &issued).await;
    proxy_url.set(proxy.url.clone()).unwrap();
    let url = format!("{}/Store", proxy.url);
    let home = Home::new();
    let folder = home.path();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("other.pem"), CertificateAuthority::new().pem()).unwrap();
    fs::write(folder.join("none.pem"), "no certificate").unwrap();
    for (file, code, expected) in [
        ("other.pem", 1, "trusts no authority"),
        ("none.pem", 2, "has to contain certificates in PEM"),
        ("absent.pem", 1, "absent.pem with the certificate"),
        ("ca.pem", 0, "Signed in to https://localhost:"),
    ] {
        let args = ["login", "--store", &url, "--user", "ada", "--ca-file", file];
        let mut command = home.command(&args);
        let command = command.current_dir(folder).env("ROAMD_PASSWORD", "s3cret!");
        let ran = CommandOutput::of(command.output().unwrap());
        assert_eq!(ran.code, code, "{file}: {ran:?}");
        assert!(ran.err.contains(expected), "{file}: {}", ran.err);
    }
    let ran = home.run(&["sessions", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let other = folder.join("other.pem");
    let ran = home.run(&["apps", "list", "--ca-file", other.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");

    // The file has moved.
    let moved = folder.join("moved.pem");
    fs::rename(folder.join("ca.pem"), &moved).unwrap();
    let ran = home.run(&["sessions", "list"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("with --ca-file"), "{ran:?}");
    let moved = moved.to_str().unwrap();
    home.sign_in(&url, "ada", "s3cret!", &["--ca-file", moved]);
    // The new file served to end the earlier sign-in too.
    assert_eq!(count_messages(&store, DESTROY_TOKEN), 1);
    assert_eq!(home.run(&["sessions", "list"]).code, 0);

    // It is missing, and the profile gets another store: the old sign-in cannot be ended.
    fs::remove_file(moved).unwrap();
    let other = MockStore::start(healthy_store);
    let name = home.run(&["profiles", "list", "-o", "name"]).out;
    let ran = home.sign_in_at(&other, &["--profile", name.trim()]);
    let warning = format!(
        "Cannot end the earlier sign-in of the profile {}",
        name.trim()
    );
    assert!(ran.err.contains(&warning), "{ran:?}");
    assert_eq!(home.run(&["sessions", "list"]).code, 0);
    assert_eq!(count(&other, "POST /list"), 3);
}

/// Variables that a shell sets for all commands do not change what `--profile` means; flags beside
/// it are a contradiction.
#[test]
fn environment_does_not_conflict_with_a_profile() {
    let [one, two] = [(); 2].map(|()| MockStore::start(healthy_store));
    let home = Home::new();
    home.sign_in_at(&one, &["--profile", "one"]);
    let lists = |store: &MockStore| count(store, "POST /list");
    let run_in = |environment: &[(&str, &str)], args: &[&str]| {
        let mut command = home.command(args);
        command.envs(environment.iter().copied());
        CommandOutput::of(command.output().unwrap())
    };
    let two_url = two.url();
    let password = ("ROAMD_PASSWORD", "other");
    for environment in [
        &[("ROAMD_USER", "bob")][..],
        &[("ROAMD_STORE", &two_url)],
        &[("ROAMD_STORE", &two_url), ("ROAMD_USER", "bob"), password],
    ] {
        let before = lists(&one);
        for args in [
            &["sessions", "list", "--profile", "one"][..],
            &["token", "--profile", "one"],
        ] {
            let ran = run_in(environment, args);
            assert_eq!(ran.code, 0, "{environment:?} {args:?}: {ran:?}");
        }
        assert!(before < lists(&one), "{environment:?}");
    }
    assert_eq!(two.lines(), [""; 0]);
    // A new sign-in of the profile is at its own store.
    let environment = [
        ("ROAMD_STORE", &*two_url),
        ("ROAMD_USER", "bob"),
        ("ROAMD_PASSWORD", "s3cret!"),
    ];
    let ran = run_in(&environment, &["login", "--profile", "one"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains(&format!("{} as ada", one.url())),
        "{ran:?}"
    );
    // Without --profile, the user of the environment selects a sign-in, at any store.
    let ran = run_in(&[("ROAMD_USER", "ADA")], &["sessions", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run_in(&[("ROAMD_USER", "bob")], &["sessions", "list"]);
    assert_not_signed_in(&ran, &["not signed in to a store as bob"]);

    for (args, expected) in [
        (
            &["--profile", "one", "--user", "ada"][..],
            "cannot be used with",
        ),
        (
            &["--profile", "one", "--store", &two_url],
            "cannot be used with",
        ),
        (
            &["--profile", "one", "--password-stdin"],
            "cannot be used with",
        ),
        (&["--user", "ada", "--password-stdin"], "--store <URL>"),
        (
            &["--user", "bob"],
            "bob is not signed in to a store; add --store <URL>",
        ),
    ] {
        let ran = run_in(&[], &[&["sessions", "list"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

/// A variable that cannot be used is named, and an empty one is none.
#[test]
fn variables_are_named_in_errors_and_may_be_empty() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    home.sign_in_at(&store, &["--profile", "one"]);
    let run_with = |name: &str, value: &[u8], args: &[&str]| {
        let mut command = home.command(&[&["sessions", "list"], args].concat());
        command.env(name, OsStr::from_bytes(value));
        CommandOutput::of(command.output().unwrap())
    };
    for (name, value, expected) in [
        (
            "ROAMD_STORE",
            &b"ftp://x"[..],
            "ROAMD_STORE has to be a URL",
        ),
        ("ROAMD_STORE", b"\xff", "ROAMD_STORE is not valid UTF-8"),
        ("ROAMD_USER", b"a\nb", "ROAMD_USER must not be blank"),
        ("ROAMD_USER", b"\xff", "ROAMD_USER is not valid UTF-8"),
    ] {
        let ran = run_with(name, value, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {ran:?}");
        assert!(ran.err.contains(expected), "{name}: {ran:?}");
        let ran = run_with(name, value, &["--profile", "one"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
    }
    let url = store.url();
    for name in ["ROAMD_STORE", "ROAMD_USER", "ROAMD_PASSWORD"] {
        let ran = run_with(name, b"", &["--store", &url, "--user", "ada"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
    }
    assert_eq!(count(&store, "POST /attempt"), 1);
}

/// A store whose tokens last until they are refreshed: it refuses all older ones.
fn store_with_short_tokens() -> MockStore {
    let refreshed = AtomicUsize::new(0);
    MockStore::start(move |request| {
        let base = &request.base;
        let count = refreshed.load(Ordering::SeqCst);
        let primary = match count {
            0 => "cHJpbWFyeQ==".to_owned(),
            count => format!("cHJpbWFyeTE{count}"),
        };
        let service = format!("c2VydmljZTE{count}");
        let token = request
            .header("authorization")
            .trim_start_matches("CitrixAuth ");
        match (request.path(), request.header("content-type")) {
            ("/token", _) if token.is_empty() => healthy_store(request),
            ("/token", _) if token != primary => {
                StoreResponse::challenge(base, "tokens", "protocols", "/token")
            }
            ("/token", REFRESH_TOKEN) => {
                refreshed.store(count + 1, Ordering::SeqCst);
                StoreResponse::token(&format!("cHJpbWFyeTE{}", count + 1))
            }
            ("/token", REQUEST_TOKEN) => StoreResponse::token(&service),
            ("/list", _) if token == service => {
                StoreResponse::list(base, EnumerationStatus::Full, &[])
            }
            ("/list", _) => StoreResponse::challenge(base, "store", "token", "/list"),
            _ => healthy_store(request),
        }
    })
}

/// The token of a sign-in expires after hours, and a watch runs for days.
#[test]
fn watch_refreshes_the_sign_in_until_logout() {
    let store = store_with_short_tokens();
    let home = Home::new();
    home.sign_in_at(&store, &[]);
    let mut watch = home.command(&["sessions", "list", "--watch", "1"]);
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped());
    let watch = watch.spawn().unwrap();
    let lists = || count(&store, "POST /list");
    for round in 1..=2 {
        home.make_due();
        eventually("the sign-in is not refreshed", || {
            (count_messages(&store, REFRESH_TOKEN) == round).then_some(())
        });
        // Other commands continue with the refreshed token.
        let listed = lists();
        assert_eq!(home.run(&["sessions", "list"]).code, 0, "{round}");
        eventually("the watch lists no more", || {
            (listed + 4 < lists()).then_some(())
        });
    }
    assert_eq!(mode(&home.sign_in_file()), 0o600);
    assert_eq!(count(&store, "POST /attempt"), 1);
    assert_eq!(home.run(&["logout"]).code, 0);
    let ran = CommandOutput::of(watch.wait_with_output().unwrap());
    assert_not_signed_in(&ran, &["not signed in to the store of the profile"]);
}
