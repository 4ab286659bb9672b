//! The files of the page, as a server sends them (web-api.md §11). The tests in `page/` use them.

use std::collections::BTreeSet;

use regex::Regex;
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

#[tokio::test]
async fn every_language_has_every_text_and_its_values() {
    let env = TestEnvironment::demo().await;
    let line = Regex::new("(?m)^  (\\w+|\"[\\w-]+\"): \"(.*)\",$").unwrap();
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
