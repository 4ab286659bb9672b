//! Responses to a sign-in, and a store that requires one.

use roamd_store_proto::auth::{
    Challenge, Choice, Form, FormResult, FormStatus, Reason, RequestTokenResponse, Requirement,
    RequirementKind, TokenChoices,
};
use roamd_store_proto::{EnumerationStatus, media_type};

use super::request::StoreRequest;
use super::response::StoreResponse;

/// Responds like a store that works, has no sessions, and requires a sign-in.
///
/// Tokens come from `/token` for the primary token `cHJpbWFyeQ==`, which comes from `/protocols`,
/// `/forms` and `/attempt`. The token of the store is `c2VydmljZQ==`. A test replaces single
/// responses.
#[must_use]
pub fn healthy_store(request: &StoreRequest) -> StoreResponse {
    let base = &request.base;
    match (request.line.as_str(), request.header("authorization")) {
        ("GET /Store/endpoints/v1", _) => StoreResponse::endpoints(base),
        ("POST /list", "CitrixAuth c2VydmljZQ==") => {
            StoreResponse::list(base, EnumerationStatus::Full, &[])
        }
        ("POST /list", _) => StoreResponse::challenge(base, "store", "token", "/list"),
        ("POST /token", "CitrixAuth cHJpbWFyeQ==") => StoreResponse::token("c2VydmljZQ=="),
        ("POST /token", _) => StoreResponse::challenge(base, "tokens", "protocols", "/token"),
        ("POST /protocols", _) => StoreResponse::choices(&format!("{base}/forms")),
        ("POST /forms", _) => StoreResponse::form(&sign_in_form()),
        ("POST /attempt", _) => StoreResponse::token("cHJpbWFyeQ=="),
        _ => StoreResponse::status(404),
    }
}

impl StoreResponse {
    /// Returns a challenge: tokens for this realm come from a location below the base URL, and are
    /// valid for the URLs below `root`.
    #[must_use]
    pub fn challenge(base: &str, realm: &str, location: &str, root: &str) -> Self {
        let challenge = Challenge {
            realm: realm.into(),
            reason: Some(Reason::NoToken),
            locations: vec![format!("{base}/{location}")],
            service_root_hint: format!("{base}{root}"),
        };
        Self::status(401).with_header("WWW-Authenticate", challenge.to_string())
    }

    /// Returns the choice between Integrated Windows authentication and forms at this URL.
    #[must_use]
    pub fn choices(forms: &str) -> Self {
        let choice = |protocol: &str, location: &str| Choice {
            protocol: protocol.into(),
            location: location.into(),
        };
        let choices = vec![
            choice("IntegratedWindows", "http://192.0.2.1/"),
            choice("ExplicitForms", forms),
        ];
        let body = TokenChoices { choices }.to_xml();
        Self::ok(media_type::REQUEST_TOKEN_CHOICES, body).with_status(300)
    }

    /// Returns a token, in Base64.
    #[must_use]
    pub fn token(token: &str) -> Self {
        let response = RequestTokenResponse {
            for_service: "store".into(),
            issued: "2026-03-02T07:15:00Z".parse().unwrap(),
            expiry: "2026-03-02T15:15:00Z".parse().unwrap(),
            token: token.to_owned().into(),
            credential_display_name: None,
        };
        Self::ok(media_type::REQUEST_TOKEN_RESPONSE, response.to_xml())
    }

    /// Returns a form, with the cookie of its conversation.
    #[must_use]
    pub fn form(form: &Form) -> Self {
        let cookie = "ASP.NET_SessionId=c00k1e; Path=/; HttpOnly; SameSite=Lax";
        Self::ok(media_type::FORM, form.to_xml()).with_header("Set-Cookie", cookie)
    }
}

/// Returns a form with fields for user name, password and domain, which goes to `/attempt`.
#[must_use]
pub fn sign_in_form() -> Form {
    Form {
        status: FormStatus::SUCCESS,
        result: FormResult::MORE_INFO,
        state_context: "q7Zk2mN4-xv1".into(),
        log_message: None,
        post_back: Some("/attempt".into()),
        cancel_post_back: Some("/cancel".into()),
        cancel_button_text: None,
        requirements: ["username", "password", "domain"].map(form_field).into(),
    }
}

/// Returns a text field of a form; that with the id `password` is secret.
#[must_use]
pub fn form_field(id: &str) -> Requirement {
    Requirement {
        id: Some(id.into()),
        save_id: None,
        credential_type: id.into(),
        label: None,
        label_type: "none".into(),
        highlight: Vec::new(),
        kind: RequirementKind::Text {
            secret: id == "password",
            initial: String::new(),
            assistive: None,
        },
    }
}
