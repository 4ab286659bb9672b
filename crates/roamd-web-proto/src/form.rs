//! Forms of the sign-in (WA-57, WA-58).

use roamd_store_proto::auth::{Form, FormResult};

/// Returns a form as the Web API sends it: with URLs of the site, and without a state context,
/// which clients of the Web API do not return. The state of a form that changes a password is in
/// the URL to which the form is posted, so every server can read it.
#[must_use]
pub fn web_form(form: Form) -> Form {
    let url = |name: &str| format!("ExplicitAuth/{name}");
    let post_back = if form.result == FormResult::UPDATE_CREDENTIALS {
        url(&format!("SendForm/{}", form.state_context))
    } else {
        url("LoginAttempt")
    };
    Form {
        state_context: String::new(),
        post_back: form.post_back.map(|_| post_back),
        cancel_post_back: form.cancel_post_back.map(|_| url("CancelForm")),
        ..form
    }
}

/// Whether the query of a URL holds a user name or a password. URLs are written into the logs of
/// proxies, so such a request is refused (WA-66).
#[must_use]
pub fn has_credentials_in_query(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        ["username", "password"]
            .iter()
            .any(|field| name.eq_ignore_ascii_case(field))
    })
}
