//! Checks that several test modules share.

use regex::Regex;
use roamd_store_proto::{LaunchData, LaunchErrorId};
use roamd_testsuite::Response;
use secrecy::ExposeSecret;

/// Panics unless the response is a rejection: one sentence with its status, in a format that
/// clients cannot mistake for a result (SS-64), not cached, and without any secret of the sign-in.
pub(crate) fn assert_rejected(response: &Response, status: u16, case: &str) {
    assert_eq!(response.status, status, "{case}: {}", response.text());
    let header = |name| response.header(name);
    assert_eq!(header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(
        header("cache-control").unwrap().contains("no-store"),
        "{case}"
    );
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{case}");
    assert_eq!(header("access-control-allow-origin"), None, "CA-79: {case}");
    assert_eq!(header("set-cookie"), None, "{case}");
    assert!(header("x-request-id").is_some(), "{case}");
    assert_eq!(
        header("www-authenticate").is_some(),
        status == 401,
        "{case}"
    );
    let text = response.text();
    assert!(text.starts_with(&format!("{status} ")), "{case}: {text}");
    assert!(text.trim_end().split(' ').count() > 4, "{case}: {text}");
    assert!(
        !text.contains("<?") && !text.contains("</"),
        "{case}: {text}"
    );
    assert!(!text.contains("roam-demo"), "{case}: {text}");
}

pub(crate) fn data(response: &Response) -> LaunchData {
    assert_eq!(response.status, 200, "{}", response.text());
    LaunchData::from_xml(&response.body).unwrap()
}

/// Returns the value of a line that an ICA file has once.
pub(crate) fn line<'f>(file: &'f str, key: &str) -> &'f str {
    let start = format!("{key}=");
    let mut values = file.lines().filter_map(|line| line.strip_prefix(&start));
    let value = values.next().unwrap();
    assert_eq!(values.next(), None, "{key}");
    value
}

pub(crate) fn success(response: &Response) -> (String, String) {
    match data(response) {
        LaunchData::Success { ica, logon_ticket } => (
            ica.expose_secret().to_owned(),
            logon_ticket.unwrap().expose_secret().to_owned(),
        ),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn failure(response: &Response) -> (LaunchErrorId, String) {
    match data(response) {
        LaunchData::Failure { id, text, .. } => (id, text),
        other => panic!("{other:?}"),
    }
}

/// Returns a document without its declaration and layout.
pub(crate) fn without_layout(text: &str) -> String {
    [
        (r"^<\?xml [^>]*>", ""),
        ("[ \n]+", " "),
        ("> <", "><"),
        (" />", "/>"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (pattern, with)| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(text.trim(), with).into_owned()
    })
}
