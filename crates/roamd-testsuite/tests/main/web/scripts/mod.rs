//! Replay of public scripts and launchers (web-api.md §12): what each sends, and readers as crude
//! as its own. Sign-ins through a Citrix Gateway are replaced by the explicit form.

mod launchers;
mod libraries;
mod monitors;
mod reconnect;
mod vendor_samples;

use std::collections::BTreeMap;

use regex::Regex;
use roamd_testsuite::{HttpPeer, Options, Response, TestEnvironment};

use super::browser::{send_with, set_cookies};

type Headers<'a> = &'a [(&'a str, &'a str)];

const HTTPS: (&str, &str) = ("X-Citrix-IsUsingHTTPS", "Yes");
const NO_HTTPS: (&str, &str) = ("X-Citrix-IsUsingHTTPS", "No");

/// Type of a form.
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A script: a server, and the cookies, as most scripts keep them.
struct Script {
    server: HttpPeer,
    /// Begin of all URLs, as the script builds them.
    base: &'static str,
    cookies: BTreeMap<String, String>,
}

impl Script {
    fn new(env: &TestEnvironment, base: &'static str) -> Self {
        Self {
            server: env.server,
            base,
            cookies: BTreeMap::new(),
        }
    }

    /// Sends a request, which must succeed.
    async fn send(
        &mut self,
        method: &str,
        below: &str,
        headers: Headers<'_>,
        body: &str,
    ) -> Response {
        let path = format!("{}{below}", self.base);
        let jar = &mut self.cookies;
        let response = send_with(&self.server, method, &path, headers, body, jar).await;
        assert!(response.status < 400, "{path}: {}", response.status);
        response
    }

    fn cookie(&self, name: &str) -> String {
        self.cookies[name].clone()
    }
}

/// Starts an environment whose site takes credentials without a form.
async fn env_with_post_credentials() -> TestEnvironment {
    TestEnvironment::start(Options {
        store: "[store.web]\npost_credentials = true".to_owned(),
        ..Options::default()
    })
    .await
}

/// Returns the value of a cookie that a response sets, as scripts that search its lines do.
fn cookie_line(response: &Response, name: &str) -> String {
    let lines = set_cookies(response);
    let line = lines.into_iter().find(|line| line.contains(name)).unwrap();
    line.split(';').next().unwrap().to_owned()
}

/// Returns the first group of an expression.
fn find(text: &str, expression: &str) -> String {
    let expression = Regex::new(expression).unwrap();
    let found = expression
        .captures(text)
        .unwrap_or_else(|| panic!("{text}"));
    found[1].to_owned()
}
