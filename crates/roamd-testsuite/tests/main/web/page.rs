//! The files of the page, as a server sends them (web-api.md §11). The tests in `page/` use them.

use std::collections::BTreeSet;

use regex::Regex;
use roamd_store_proto::{ErrorReason, LaunchErrorId};
use roamd_testsuite::{HttpPeer, Response, TestEnvironment};

use super::browser::SITE;

/// Most bytes of the first view, with all that it loads.
const FIRST_VIEW: usize = 60_000;

async fn get(server: HttpPeer, below: &str, headers: &[(&str, &str)]) -> Response {
    let path = format!("{SITE}/{below}");
    server.send("GET", &path, headers, b"").await
}

/// Values of `src` and `href` in the document.
fn references(document: &str) -> Vec<String> {
    let reference = Regex::new("(?:src|href)=\"([^\"#]+)\"").unwrap();
    let found = reference.captures_iter(document);
    let all: BTreeSet<_> = found.map(|it| it[1].to_owned()).collect();
    all.into_iter().collect()
}

#[tokio::test]
async fn document_allows_scripts_and_frames_of_its_site_only() {
    // WA-31, WA-110
    let env = TestEnvironment::demo().await;
    let page = get(env.server, "", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                  connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    assert_eq!(page.header("content-security-policy"), Some(policy));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("set-cookie"), None);
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    for inline in ["<script>", "<style", " style=", " onclick", "javascript:"] {
        assert!(!page.text().contains(inline), "{inline}");
    }
    assert!(page.text().contains("<noscript>"));
    let tag = page.header("etag").unwrap();
    let known = get(env.server, "", &[("If-None-Match", tag)]).await;
    assert_eq!((known.status, known.text()), (304, ""));
}

#[tokio::test]
async fn files_are_kept_forever_under_their_version() {
    let env = TestEnvironment::demo().await;
    let page = get(env.server, "", &[]).await;
    let files = references(page.text());
    assert!(files.len() > 5, "{files:?}");
    for below in &files {
        let file = get(env.server, below, &[]).await;
        assert_eq!(file.status, 200, "{below}");
        let caching = Some("public, max-age=31536000, immutable");
        assert_eq!(file.header("cache-control"), caching, "{below}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(file.header("set-cookie"), None);
        let tag = file.header("etag").unwrap();
        for known in [tag.to_owned(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = get(env.server, below, &[("If-None-Match", &known)]).await;
            assert_eq!((again.status, again.text()), (304, ""), "{below} {known}");
        }
        let changed = get(env.server, below, &[("If-None-Match", "\"x\"")]).await;
        assert_eq!(changed.status, 200, "{below}");
        let path = format!("{SITE}/{below}");
        let head = env
            .server
            .raw(
                format!(
                    "HEAD {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                    env.server.address()
                )
                .as_bytes(),
            )
            .await;
        let head = String::from_utf8(head).unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
    }
    // A browser may have the document of another version, and must not keep this file for it.
    let other = get(env.server, "page/0123456789abcdef/main.js", &[]).await;
    assert_eq!(other.status, 200);
    assert_eq!(other.header("cache-control"), Some("no-cache"));
    for below in [
        "page/x/other.js",
        "page/x/..%2fmain.js",
        "page/main.js",
        "page/x/y/main.js",
    ] {
        assert_eq!(get(env.server, below, &[]).await.status, 404, "{below}");
    }
}

#[tokio::test]
async fn first_view_is_small() {
    let env = TestEnvironment::demo().await;
    let page = get(env.server, "", &[]).await;
    let mut size = page.body.len();
    let mut largest_words = 0;
    for below in references(page.text()) {
        size += get(env.server, &below, &[]).await.body.len();
    }
    for language in LANGUAGES {
        let words = get(env.server, &format!("page/x/words-{language}.js"), &[]).await;
        largest_words = largest_words.max(words.body.len());
    }
    assert!(
        size + largest_words < FIRST_VIEW,
        "{size} + {largest_words}"
    );
}

/// Languages of the page: those of the sign-in form.
const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "ja"];

/// A line of a file of texts: key and text.
fn text_line() -> Regex {
    Regex::new("(?m)^  (\\w+|\"[\\w-]+\"): \"(.*)\",$").unwrap()
}

#[tokio::test]
async fn every_language_has_every_text_and_its_values() {
    let env = TestEnvironment::demo().await;
    let line = text_line();
    let value = Regex::new("\\{\\w+\\}").unwrap();
    let mut all = Vec::new();
    for language in LANGUAGES {
        let words = get(env.server, &format!("page/x/words-{language}.js"), &[]).await;
        let text = words.text().to_owned();
        let texts = line.captures_iter(&text).map(|found| {
            let values: BTreeSet<_> = value
                .find_iter(&found[2])
                .map(|it| it.as_str().to_owned())
                .collect();
            (found[1].to_owned(), values)
        });
        let texts: Vec<_> = texts.collect();
        assert!(texts.len() > 80, "{language}: {}", texts.len());
        // Nothing but texts, so that the expression has seen all.
        let lines = text.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(lines, texts.len() + 2, "{language}");
        all.push(texts);
    }
    for (language, texts) in LANGUAGES.iter().zip(&all) {
        assert_eq!(texts, &all[0], "{language}");
    }
}

/// Keys of the texts for words of the server.
fn words_of_server() -> BTreeSet<String> {
    let failures = [
        LaunchErrorId::APP_REMOVED,
        LaunchErrorId::NO_MORE_ACTIVE_SESSIONS,
        LaunchErrorId::NOT_LICENSED,
        LaunchErrorId::UNAVAILABLE_DESKTOP,
        LaunchErrorId::COULD_NOT_CONNECT_TO_WORKSTATION,
        LaunchErrorId::WORKSTATION_IN_MAINTENANCE,
        LaunchErrorId::RESOURCE_ERROR,
        LaunchErrorId::GENERAL_APP_LAUNCH_ERROR,
    ];
    let reasons = [
        ErrorReason::ResourceNotFound,
        ErrorReason::ResourceDisabled,
        ErrorReason::UnsupportedOperation,
    ];
    // The page asks for sessions of applications and desktops, so other reasons cannot occur.
    let explained = [
        "always",
        "disconnected_only",
        "same_endpoint_only",
        "would-disconnect",
        "invalid-key",
        "not-asked",
        "listed",
        "truncated",
        "failed",
    ];
    let failures = failures.into_iter().map(|id| id.0.into_owned());
    let reasons = reasons.into_iter().map(|it| it.as_str().to_owned());
    let explained = explained.into_iter().map(|it| format!("why-{it}"));
    failures.chain(reasons).chain(explained).collect()
}

#[tokio::test]
async fn texts_are_those_that_the_page_or_the_server_needs() {
    // ST-48, ST-52, SS-72
    const DYNAMIC: [&str; 2] = ["endedDisconnect", "endedLogOff"];
    let env = TestEnvironment::demo().await;
    let page = get(env.server, "", &[]).await;
    let mut sources = page.text().to_owned();
    for name in SCRIPTS {
        let script = get(env.server, &format!("page/x/{name}.js"), &[]).await;
        assert_eq!(script.status, 200, "{name}");
        sources.push_str(script.text());
    }
    let words = get(env.server, "page/x/words-en.js", &[]).await;
    let line = text_line();
    let keys = line.captures_iter(words.text());
    let keys: BTreeSet<String> = keys.map(|it| it[1].trim_matches('"').to_owned()).collect();
    let of_server = words_of_server();
    let missing: Vec<_> = of_server.difference(&keys).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unused = keys.difference(&of_server).filter(|key| {
        let is_named = sources.contains(&format!("\"{key}\""));
        !is_named && !DYNAMIC.contains(&key.as_str())
    });
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Modules of the page, without the texts.
const SCRIPTS: [&str; 20] = [
    "api",
    "bars",
    "conversation",
    "dom",
    "explain",
    "forms",
    "home",
    "icons",
    "idle",
    "launch",
    "main",
    "note",
    "problems",
    "resources",
    "session_ends",
    "session_row",
    "sessions",
    "status",
    "storage",
    "words",
];
