//! The rule against requests that another site has caused (WA-36 to WA-39).
//!
//! Another site can make a browser send a request with the cookies of the user. It cannot read the
//! cookie `CsrfToken`, nor set a header. So a request that acts for a session has to repeat the
//! token. A request that begins a session or signs in must not come from another site at all.

use crate::route::WebRoute;

/// What the rule needs to know of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Method of the request.
    pub method: Method,
    /// The web session that the cookies name.
    pub session: Session,
    /// The token in the header `Csrf-Token`.
    pub header: Token,
    /// The token in the query, `CsrfToken`.
    pub query: Token,
    /// The token in the cookie `CsrfToken`.
    pub cookie: Token,
    /// The header `X-Citrix-IsUsingHTTPS`.
    pub https_flag: HttpsFlag,
    /// Whether the browser names another site as the origin of the request.
    pub is_cross_site: bool,
}

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "methods of HTTP")]
pub enum Method {
    Get,
    Head,
    Post,
}

/// The web session of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// There is no cookie, or it names no session, or one that has expired.
    None,
    /// A session without a sign-in.
    Live,
    /// A session with a sign-in.
    SignedIn,
}

/// A token of a request, compared with that of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// There is none.
    Absent,
    /// It is the token of the session.
    Right,
    /// It is another text.
    Wrong,
}

/// The header that says whether the client uses https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpsFlag {
    /// There is none.
    Absent,
    /// `Yes` or `No`.
    Valid,
    /// Another text.
    Invalid,
}

/// The request is refused with `403`. Nothing says which check failed (WA-39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden;

impl HttpsFlag {
    /// Reads the value of the header, in any case (WA-38).
    #[must_use]
    pub fn of(value: Option<&str>) -> Self {
        match value.map(str::trim) {
            None => Self::Absent,
            Some(value) if value.eq_ignore_ascii_case("Yes") => Self::Valid,
            Some(value) if value.eq_ignore_ascii_case("No") => Self::Valid,
            Some(_) => Self::Invalid,
        }
    }
}

/// Checks a request.
///
/// # Errors
/// [`Forbidden`] if another site may have caused the request.
pub fn check(route: WebRoute<'_>, facts: &Facts) -> Result<(), Forbidden> {
    let may_have_no_token = match route {
        // They return what every client gets.
        WebRoute::Root
        | WebRoute::Page
        | WebRoute::PageFile { .. }
        | WebRoute::Provisioning
        | WebRoute::Branding
        | WebRoute::Logo { .. } => return Ok(()),
        // An image, which a page of another site cannot read (WA-87).
        WebRoute::Icon { .. } => return Ok(()),
        WebRoute::Configuration | WebRoute::AuthMethods => true,
        WebRoute::Resources
        | WebRoute::Login
        | WebRoute::LoginAttempt
        | WebRoute::SendForm { .. }
        | WebRoute::CancelForm => facts.session == Session::Live,
        _ => false,
    };
    check_https_flag(route, facts)?;
    let begins_session = facts.session == Session::None && route.begins_session();
    if facts.is_cross_site && (begins_session || route.signs_in()) {
        return Err(Forbidden);
    }
    if facts.session == Session::None {
        return Ok(());
    }
    if facts.header == Token::Wrong || facts.query == Token::Wrong {
        return Err(Forbidden);
    }
    let is_get = facts.method == Method::Get;
    let is_right = match route {
        // A link or an image cannot set a header (WA-108).
        WebRoute::Disconnect if is_get => facts.header == Token::Right,
        _ => {
            let by_query = is_get && facts.query == Token::Right;
            facts.header == Token::Right || by_query
        }
    };
    if is_right {
        return Ok(());
    }
    // Scripts send some requests without the token, but with its cookie (WA-37).
    let is_absent = facts.header == Token::Absent && facts.query == Token::Absent;
    if is_absent && may_have_no_token && facts.cookie == Token::Right {
        Ok(())
    } else {
        Err(Forbidden)
    }
}

/// Checks the flag of https: every POST and HEAD has it, but a script leaves it out when it posts a
/// form (WA-38).
fn check_https_flag(route: WebRoute<'_>, facts: &Facts) -> Result<(), Forbidden> {
    let is_form = matches!(
        route,
        WebRoute::LoginAttempt | WebRoute::SendForm { .. } | WebRoute::CancelForm
    );
    match facts.https_flag {
        HttpsFlag::Valid => Ok(()),
        HttpsFlag::Absent if is_form || facts.method == Method::Get => Ok(()),
        HttpsFlag::Invalid if facts.method == Method::Get => Ok(()),
        HttpsFlag::Absent | HttpsFlag::Invalid => Err(Forbidden),
    }
}
