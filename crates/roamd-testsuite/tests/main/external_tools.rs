//! External programs: a scanner that speaks NFuse, a schema validator and an HTTP client.

use std::fs;
use std::path::{Path, PathBuf};

use roamd_farm::{AccountState, Limit, World};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{
    Options, Response, SignedIn, TestEnvironment, TokenService, challenge_expression,
    request_token, session_params, sign_in,
};
use tempfile::TempDir;
use tokio::process::Command;

const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const RESOURCES: &str = "/Citrix/Store/resources/v2";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

/// Output and success of a program.
struct ProgramOutput {
    out: String,
    err: String,
    success: bool,
}

/// Runs an installed program.
async fn run<A: AsRef<str>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> ProgramOutput {
    let mut command = Command::new(program);
    for argument in arguments {
        command.arg(argument.as_ref());
    }
    let finished = command.output().await.unwrap_or_else(|error| {
        panic!("{program}: {error}; run `cargo xtask test`, which installs it")
    });
    ProgramOutput {
        out: String::from_utf8(finished.stdout).unwrap(),
        err: String::from_utf8_lossy(&finished.stderr).into_owned(),
        success: finished.status.success(),
    }
}

/// Runs scripts of nmap against a controller. With `+` they run on any port.
async fn nmap(env: &TestEnvironment, farm: &str, scripts: &[&str], more: &[&str]) -> String {
    let mut controllers = env.controllers.iter();
    let (_, address) = controllers.find(|(id, _)| id == farm).unwrap();
    let scripts: Vec<_> = scripts.iter().map(|script| format!("+{script}")).collect();
    let (port, ip) = (address.port().to_string(), address.ip().to_string());
    let scripts = format!("--script={}", scripts.join(","));
    let mut arguments = vec!["-n", "-Pn", "-sT", "-p", &port, &scripts];
    arguments.extend_from_slice(more);
    arguments.push(&ip);
    let output = run("nmap", arguments).await;
    assert!(output.success, "{}", output.err);
    assert!(output.out.contains("/tcp open"), "{}", output.out);
    output.out
}

#[tokio::test]
async fn nmap_lists_applications_of_exposed_farms_only() {
    let scripts = ["citrix-enum-apps-xml", "citrix-enum-servers-xml"];
    for expose_catalog in [true, false] {
        let options = Options {
            expose_catalog,
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let output = nmap(&env, "CVAD", &scripts, &[]).await;
        let details = nmap(&env, "XA1", &scripts[..1], &["-v", "-v"]).await;
        for (printed, texts) in [
            (
                &output,
                &[
                    "Application: Excel",
                    "Application: Word",
                    "Application: Notepad",
                    "Application: Win11Desktop",
                    r"Groups: DEMO\Domain Users",
                    "CVAD-HOST31",
                    "CVAD-HOST32",
                ][..],
            ),
            (&details, &["Application: MSPaint", "Publisher: Farm1"]),
        ] {
            for text in texts {
                assert_eq!(
                    printed.contains(text),
                    expose_catalog,
                    "{text} in {printed}"
                );
            }
        }
        if !expose_catalog {
            for text in ["citrix-enum", "DEMO", "Farm", "HOST", "Excel", "MSPaint"] {
                assert!(!output.contains(text), "{text} in {output}");
            }
        }
    }
}

#[tokio::test]
async fn nmap_finds_only_accounts_whose_password_it_knows() {
    let mut world = World::demo();
    world.domains[0].users[1].account = AccountState::Disabled;
    world.domains[0].users[2].account = AccountState::MustChange;
    let options = Options {
        world,
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let (found, output) = brute(&env, "alice\nbob\ncarol\nzoe\n", "wrong\nroam-demo\n").await;
    let expected = [
        "alice:roam-demo => Login was successful",
        "bob:roam-demo => Account is disabled",
        "carol:roam-demo => Must change password at next logon",
    ];
    assert_eq!(found, expected, "{output}");
}

#[tokio::test]
async fn nmap_finds_no_password_after_the_lockout() {
    // bad-inputs 86
    let passwords: String = (0..20).map(|number| format!("wrong{number}\n")).collect();
    for (attempts, found) in [
        (Limit::AtMost(10), &[][..]),
        (Limit::None, &["alice:roam-demo => Login was successful"]),
    ] {
        let mut world = World::demo();
        world.accounts.lockout_attempts = attempts;
        let options = Options {
            world,
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let (guessed, output) = brute(&env, "alice\n", &(passwords.clone() + "roam-demo\n")).await;
        // nmap reports that the account is locked as a finding, but not its password.
        let guessed: Vec<_> = guessed
            .iter()
            .filter(|it| it.contains("roam-demo"))
            .collect();
        assert_eq!(guessed, found.iter().collect::<Vec<_>>(), "{output}");
        let locked = env.farms.accounts(jiff::Timestamp::now()).unwrap();
        assert_eq!(locked[0].locked_until.is_some(), attempts != Limit::None);
        assert_eq!(locked[1].locked_until, None, "no other account is");
    }
}

/// Returns what nmap finds with these users and passwords, one per line, and its whole output.
async fn brute(env: &TestEnvironment, users: &str, passwords: &str) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, lines: &str| {
        let path = folder.path().join(name);
        fs::write(&path, lines).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let arguments = format!(
        "--script-args=userdb={},passdb={},ntdomain=DEMO",
        file("users", users),
        file("passwords", passwords)
    );
    let output = nmap(env, "XA1", &["citrix-brute-xml"], &[&arguments]).await;
    let found = output
        .lines()
        .filter(|line| line.contains(" => "))
        .map(|line| {
            line.trim_start_matches(['|', '_', ' '])
                .trim_end()
                .to_owned()
        })
        .collect();
    (found, output)
}

/// The schemas that a server publishes, for the validation of documents.
struct Schemas {
    folder: TempDir,
    files: usize,
}

impl Schemas {
    /// Fetches the schemas from the server.
    async fn of(env: &TestEnvironment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "Accounts",
            "AuthenticateResponse",
            "Discovery",
            "Endpoints",
            "LaunchData",
            "LaunchParams",
            "RequestToken",
            "RequestTokenChoices",
            "RequestTokenResponse",
            "Resources",
            "SessionParameters",
            "SessionResult",
            "SessionState",
        ] {
            let path = format!("/Schemas/{name}.xsd");
            let response = env.server.send("GET", &path, &[], b"").await;
            assert_eq!(response.status, 200, "{path}");
            let path = folder.path().join(format!("{name}.xsd"));
            fs::write(path, &response.body).unwrap();
        }
        Self { folder, files: 0 }
    }

    /// Returns whether a document is valid.
    async fn are_met(&mut self, schema: &str, document: &[u8]) -> bool {
        let schema = self.folder.path().join(format!("{schema}.xsd"));
        self.xmllint(&["--schema", schema.to_str().unwrap()], document)
            .await
    }

    async fn xmllint(&mut self, arguments: &[&str], document: &[u8]) -> bool {
        self.files += 1;
        let path = self.folder.path().join(format!("{}.xml", self.files));
        fs::write(&path, document).unwrap();
        let mut all = vec!["--noout", "--nonet"];
        all.extend_from_slice(arguments);
        all.push(path.to_str().unwrap());
        run("xmllint", all).await.success
    }
}

/// Requests an operation in both spellings.
async fn in_both_spellings(user: &SignedIn, operation: &str, accept: &str) -> [Response; 2] {
    let body = session_params("WS-1", "");
    let native = body
        .replace("<sessionparams", "<sessionParams")
        .replace("</sessionparams", "</sessionParams");
    [
        user.post(operation, accept, &body).await,
        user.post(operation, accept, &native).await,
    ]
}

#[tokio::test]
async fn xmllint_accepts_every_response() {
    let farm = ScriptedController::refusing().await;
    let listed = "<AppDataSet><AppData type=\"session\"><InName>R&#38;D</InName>\
                  <DataType value=\"session\"/><ServerType>win32</ServerType>\
                  <ClientType>ica30</ClientType><HostId>7</HostId><SessionId>2</SessionId>\
                  </AppData></AppDataSet>";
    farm.set_content("ReconnectSessionData", listed);
    farm.set_content("DisconnectUserSessions", "");
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let options = Options {
        authentication: "domains = [\"DEMO\", \"OTHER\"]\ncredentials = \"CVAD\"".to_owned(),
        more_sections: farm.farm_section("LAB", "Lab & Co"),
        ..Options::default()
    };
    let mut env = TestEnvironment::start(options).await;
    let mut schemas = Schemas::of(&env).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let mut responses: Vec<(&str, String, Response)> = Vec::new();

    // Launches: success from the embedded farm, retry and failure from the other.
    let url = alice.launch_url("WS-1", "", "CVAD.Excel").await;
    let launched = alice.launch(&url, "WS-1").await;
    responses.push(("LaunchData", "status=\"success\"".to_owned(), launched));
    let url = alice.launch_url("WS-1", "", "LAB.R&D").await;
    let retry = alice.launch(&url, "WS-1").await;
    responses.push(("LaunchData", "status=\"retry\"".to_owned(), retry));
    farm.set_content("Address", "<ErrorId>not-licensed</ErrorId>");
    let failed = alice.launch(&url, "WS-1").await;
    responses.push(("LaunchData", "status=\"failure\"".to_owned(), failed));

    // Resources: without a response of one farm; of all farms with unusual names; a single one; and
    // groups of elements.
    let partial = alice.get(RESOURCES).await;
    responses.push(("Resources", "enumeration=\"partial\"".to_owned(), partial));
    let published = "<AppDataSet><AppData><InName>R&#38;D&#10;</InName><FName>&#60;/id&#62;</FName>\
                     <Details><Settings><Folder>\\Lab</Folder><Description>x KEYWORDS:featured \
                     a=\"&#10;\"</Description><AppOnDesktop value=\"true\"/><AppInStartmenu \
                     value=\"true\"/></Settings><IconInfo><IconType size=\"32\" bpp=\"32\" \
                     format=\"png\"/></IconInfo><FileType><FileExtension>.a&#38;b</FileExtension>\
                     </FileType></Details></AppData><AppData><InName>Prices</InName><Details>\
                     <ContentSettings><ContentAddress>http://h/?a&#38;b</ContentAddress>\
                     </ContentSettings></Details></AppData></AppDataSet>";
    farm.set_content("AppData", published);
    for (path, shows) in [
        ("", "enumeration=\"full\""),
        ("/Q1ZBRC5Xb3Jk", "<id>CVAD.Word</id>"),
        ("?group=icon&group=status", "<icon>"),
        ("?group=images", "<size>32</size>"),
        ("?group=fta", "<fileextension>.a&amp;b</fileextension>"),
        (
            "?group=launch",
            "<contentlocation>http://h/?a&amp;b</contentlocation>",
        ),
        ("?group=none", "<resource><id>CVAD.Word</id></resource>"),
        ("?scope=$PRELAUNCH$", "<id>LAB.Prices</id>"),
        ("?scope=$ANONYMOUS_PRELAUNCH$", "disabled\"/>"),
    ] {
        let response = alice.get(&format!("{RESOURCES}{path}")).await;
        responses.push(("Resources", shows.to_owned(), response));
    }

    // Lists and results of all farms, of some, of none, and without sessions.
    for (enumeration, status) in [
        ("full", "success"),
        ("partial", "partial"),
        ("failed", "failure"),
    ] {
        for response in in_both_spellings(&alice, "available", STATE).await {
            let shows = format!("enumeration=\"{enumeration}\"");
            responses.push(("SessionState", shows, response));
        }
        for response in in_both_spellings(&alice, "disconnect", RESULTS).await {
            responses.push(("SessionResult", format!("status=\"{status}\""), response));
        }
        if enumeration == "full" {
            farm.set_content("ReconnectSessionData", "<AppDataSet></AppDataSet>");
            for response in in_both_spellings(&carol, "available", STATE).await {
                responses.push(("SessionState", "<sessions/>".to_owned(), response));
            }
            env.stop_farm("XD5").await;
        } else {
            let refused = "<ErrorId>unspecified</ErrorId>";
            farm.set_content("ReconnectSessionData", refused);
            farm.set_content("DisconnectUserSessions", refused);
            farm.set_content("AppData", refused);
            env.stop_farm("XA1").await;
            env.stop_farm("CVAD").await;
        }
    }

    // A farm without a cached enumeration no longer responds.
    responses.push((
        "Resources",
        "enumeration=\"failed\"".to_owned(),
        bob.get(RESOURCES).await,
    ));

    // Documents without a token, and the token service.
    for path in [
        "/Citrix/Store/endpoints/v1",
        "/Citrix/StoreAuth/endpoints/v1",
    ] {
        let response = env.server.send("GET", path, &[], b"").await;
        responses.push(("Endpoints", "endpoints/v1".to_owned(), response));
    }
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.store.realm, &service.store.hint, "0.01:00:00");
    let response = service.post(Some(&alice.primary), &message).await;
    responses.push(("RequestTokenResponse", "<token>".to_owned(), response));
    let headers = [("Content-Type", "application/vnd.citrix.requesttoken+xml")];
    let path = "/Citrix/StoreAuth/auth/v1/protocols";
    let body = message.as_bytes();
    let response = env.server.send("POST", path, &headers, body).await;
    responses.push(("RequestTokenChoices", "ExplicitForms".to_owned(), response));

    for (schema, shows, response) in &responses {
        let text = response.text();
        assert!(text.contains(shows.as_str()), "{shows} is not in {text}");
        assert!(schemas.are_met(schema, &response.body).await, "{text}");
    }

    // The schemas reject invalid documents and accept those of clients.
    let first = |schema: &str| {
        let mut responses = responses.iter();
        let (_, _, response) = responses.find(|(of, ..)| *of == schema).unwrap();
        response.text().to_owned()
    };
    let (state, resources) = (first("SessionState"), first("Resources"));
    for (schema, document, is_valid) in [
        (
            "SessionState",
            state.replace(" enumeration=\"full\"", ""),
            false,
        ),
        (
            "SessionState",
            state.replace("initialapp>", "other>"),
            false,
        ),
        ("Resources", resources.replace("id>", "other>"), false),
        ("Resources", resources.replace(">true<", ">yes<"), false),
        ("SessionParameters", session_params("WS-1", ""), true),
        ("SessionParameters", session_params("", ""), false),
        ("RequestToken", message.clone(), true),
    ] {
        let found = schemas.are_met(schema, document.as_bytes()).await;
        assert_eq!(found, is_valid, "{document}");
    }
}

/// The forms of a sign-in, the discovery document and accounts.
#[tokio::test]
async fn xmllint_accepts_forms_discovery_and_accounts() {
    let mut options = Options {
        authentication: "domains = [\"DEMO\", \"OTHER\"]".to_owned(),
        ..Options::default()
    };
    options.world.domains[0].users[0].account = AccountState::MustChange;
    let env = TestEnvironment::start(options).await;
    let mut schemas = Schemas::of(&env).await;
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.tokens.realm, &service.tokens.hint, "0.01:00:00");
    let started = service.start_with(&[], &message).await;
    let attempt = service.begin().await;
    let refused = attempt.attempt("zoe", "wrong", Some("DEMO")).await;
    let change = service.begin().await;
    let change = change.attempt("alice", "roam-demo", Some("DEMO")).await;
    let cancelled = service.begin().await.cancel().await;
    let unknown = service.begin().await.post(None, "unknown", &[]).await;
    let path = "/Citrix/Store/discovery";
    let discovery = env.server.send("GET", path, &[], b"").await;
    let path = "/Citrix/Roaming/accounts";
    let accounts = env.server.send("GET", path, &[], b"").await;
    let summary = format!("{path}?summary");
    let summary = env.server.send("POST", &summary, &[], b"").await;
    let form = "AuthenticateResponse";
    let first = started.text().to_owned();
    for (schema, shows, response) in [
        (form, "<DisplayValue>", started),
        (form, "<HighlightFields>", refused),
        (form, "update-credentials", change),
        (form, "cancelled", cancelled),
        (form, "error-", unknown),
        ("Discovery", "endpoints/v1", discovery),
        ("Accounts", "<sr:Service ", accounts),
        ("Accounts", "<contentHash>", summary),
    ] {
        let text = response.text();
        assert_eq!(response.status, 200, "{text}");
        assert!(text.contains(shows), "{shows} is not in {text}");
        assert!(schemas.are_met(schema, &response.body).await, "{text}");
    }
    for (with, without) in [
        ("<Result>", "<Outcome>"),
        ("<PostBack>/", "<PostBack>https://"),
        ("<ID>password</ID>", "<ID>username</ID>"),
        ("<Secret>true", "<Secret>yes"),
    ] {
        assert!(first.contains(with), "{first}");
        let closing = |tag: &str| tag.replace('<', "</");
        let changed = first
            .replace(with, without)
            .replace(&closing(with), &closing(without));
        assert!(
            !schemas.are_met(form, changed.as_bytes()).await,
            "{changed}"
        );
    }
}

/// A folder for the output of curl.
struct Curl {
    folder: TempDir,
}

/// A response as curl received it.
struct Got {
    status: String,
    headers: String,
    body: String,
}

impl Curl {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs curl with a cookie jar.
    async fn get(&self, url: &str, arguments: &[&str]) -> Got {
        let [headers, body, jar] = ["headers", "body", "jar"].map(|name| self.path(name));
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut all: Vec<String> = [
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--write-out",
            "%{http_code}",
            "--dump-header",
            &text(&headers),
            "--output",
            &text(&body),
            "--cookie",
            &text(&jar),
            "--cookie-jar",
            &text(&jar),
        ]
        .map(str::to_owned)
        .to_vec();
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        all.push(url.to_owned());
        let output = run("curl", all).await;
        assert!(output.success, "{url}: {}", output.err);
        Got {
            status: output.out,
            headers: fs::read_to_string(&headers).unwrap(),
            body: fs::read_to_string(&body).unwrap_or_default(),
        }
    }

    /// Posts a request token message from a file.
    async fn ask(&self, url: &str, realm: &str, hint: &str, more: &[&str]) -> Got {
        let path = self.path("message.xml");
        fs::write(&path, request_token(realm, hint, "0.08:00:00")).unwrap();
        let data = format!("@{}", path.display());
        let mut arguments = vec![
            "--header",
            "Content-Type: application/vnd.citrix.requesttoken+xml",
            "--data-binary",
            &data,
        ];
        arguments.extend_from_slice(more);
        self.get(url, &arguments).await
    }
}

impl Got {
    /// Returns the realm, the locations and the hint of the challenge.
    fn challenge(&self) -> [String; 3] {
        assert_eq!(self.status, "401");
        let mut lines = self.headers.lines();
        let value = lines.find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("www-authenticate")
                .then_some(value)
        });
        let value = value.unwrap().trim_end();
        let found = challenge_expression().captures(value).unwrap();
        [1, 4, 5].map(|index: usize| found[index].to_owned())
    }

    /// Returns the text between two tags of the body.
    fn text(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0
    }
}

#[tokio::test]
async fn curl_completes_the_challenge_sequence() {
    let env = TestEnvironment::demo().await;
    let curl = Curl {
        folder: tempfile::tempdir().unwrap(),
    };
    let available = env.url("/Citrix/Store/sessions/v1/available");
    let first = curl.get(&available, &["--request", "POST"]).await;
    let [realm, token_service, hint] = first.challenge();
    let refused = curl.ask(&token_service, &realm, &hint, &[]).await;
    let [token_realm, protocols, token_hint] = refused.challenge();
    // With `--location`, curl does not follow the list of choices as a redirect (CA-26).
    let choices = curl
        .ask(&protocols, &token_realm, &token_hint, &["--location"])
        .await;
    assert_eq!(choices.status, "300");
    let form = curl
        .ask(choices.text("location"), &token_realm, &token_hint, &[])
        .await;
    assert_eq!(form.status, "200");
    let primary = curl
        .get(
            &env.url(form.text("PostBack")),
            &[
                "--data-urlencode",
                &format!("StateContext={}", form.text("StateContext")),
                "--data-urlencode",
                "loginBtn=Log On",
                "--data-urlencode",
                "username=alice@demo.test",
                "--data-urlencode",
                "password=roam-demo",
            ],
        )
        .await;
    assert_eq!(primary.status, "200");
    let authorization = format!("Authorization: CitrixAuth {}", primary.text("token"));
    let service = curl
        .ask(&token_service, &realm, &hint, &["--header", &authorization])
        .await;
    assert_eq!(service.status, "200");

    let authorization = format!("Authorization: CitrixAuth {}", service.text("token"));
    let path = curl.path("params.xml");
    fs::write(&path, session_params("WS-1", "")).unwrap();
    let data = format!("@{}", path.display());
    let list = [
        "--header",
        &authorization,
        "--header",
        "Content-Type: application/vnd.citrix.sessionparams+xml",
        "--data-binary",
        &data,
    ];
    for (more, first_line) in [
        (&[][..], "HTTP/1.1 200 OK"),
        (&["--compressed"], "HTTP/1.1 200 OK"),
        (&["--http1.0"], "HTTP/1.0 200 OK"),
        (
            &["--header", "Transfer-Encoding: chunked"],
            "HTTP/1.1 200 OK",
        ),
        (
            // CQ-20: curl sends the body only after the interim response.
            &[
                "--header",
                "Expect: 100-continue",
                "--expect100-timeout",
                "10",
            ],
            "HTTP/1.1 100 Continue",
        ),
    ] {
        let got = curl.get(&available, &[&list, more].concat()).await;
        assert_eq!(got.status, "200", "{more:?}");
        assert_eq!(got.headers.lines().next(), Some(first_line), "{more:?}");
        assert_eq!(got.body.matches("<session id=").count(), 2, "{more:?}");
    }
}
