//! Forms of the sign-in (WA-57, WA-58).

use roamd_store_proto::auth::Form;

/// Returns a sign-in form as the Web API sends it: with URLs of the site, and without a state
/// context, which clients of the Web API do not return.
#[must_use]
pub fn web_form(form: Form) -> Form {
    let url = |name: &str| format!("ExplicitAuth/{name}");
    Form {
        state_context: String::new(),
        post_back: form.post_back.map(|_| url("LoginAttempt")),
        cancel_post_back: form.cancel_post_back.map(|_| url("CancelForm")),
        ..form
    }
}
