//! A request to a site, with what its cookies stand for, after the rule against requests of other
//! sites.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use http::Method;
use http::header::{COOKIE, HeaderName, ORIGIN};
use roamd_citrixauth::{Audience, UserIdentity};
use roamd_store_proto::auth::{DestroyToken, Reason};
use roamd_web_proto::csrf::{self, Facts, HttpsFlag, Token};
use roamd_web_proto::{CookieScope, Cookies, DeviceId, LaunchTarget, WebRoute};
use secrecy::{ExposeSecret as _, SecretString};

use crate::app::state::{AppState, HostedStore};
use crate::auth::recent_tokens::Presented;
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::web_site::WebSite;
use crate::routes::auth::tokens;
use crate::routes::caller::{Caller, caller_with, refused, unauthorized};
use crate::web::web_sessions::{WebSession, cookie_of, token_of};

const CSRF_TOKEN: HeaderName = HeaderName::from_static("csrf-token");
const USING_HTTPS: HeaderName = HeaderName::from_static("x-citrix-isusinghttps");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request to a site.
pub(super) struct Visit<'s> {
    pub(super) state: &'s Arc<AppState>,
    pub(super) store: &'s HostedStore,
    pub(super) site: &'s WebSite,
    /// The web session of the cookies, or one that the request begins.
    pub(super) session: Option<WebSession>,
    /// The cookie of a session that the request begins.
    new_session_cookie: Option<String>,
    sign_in: SignIn,
    /// Whether the client sends a cookie of a sign-in.
    has_auth_cookie: bool,
    /// The cookie of a sign-in that the request makes.
    issued: OnceLock<String>,
    /// The device id that the client sends.
    device: Option<DeviceId>,
    /// Path of the site as the client spells it.
    cookie_path: Cow<'s, str>,
}

/// The sign-in of a request.
pub(super) enum SignIn {
    /// There is none.
    None,
    /// There is one, which was valid when the request began.
    Token {
        /// The token as the token service issued it.
        token: SecretString,
        presented: Presented,
    },
    /// It is refused, because it has expired, or belongs to another web session.
    Refused {
        reason: Reason,
        /// Its user, if the server has issued it.
        holder: Option<UserIdentity>,
    },
}

/// The caller of a request that does not need a sign-in, and has one.
pub(super) struct SignedIn<'v, 's> {
    pub(super) caller: Caller<'s>,
    /// The token as the token service issued it.
    pub(super) token: &'v SecretString,
}

impl<'s> Visit<'s> {
    /// Finds what the cookies of a request stand for, and checks that no other site has caused it.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] if another site may have caused the request.
    pub(super) async fn new(
        state: &'s Arc<AppState>,
        store: &'s HostedStore,
        site: &'s WebSite,
        route: WebRoute<'_>,
        request: &Request,
    ) -> Result<Self, ApiError> {
        let cookies = Cookies::parse(request.header_lines(&COOKIE));
        let (sessions, realm, now) = (&state.web.sessions, &site.space.realm, state.now());
        let session = sessions.find(realm, &cookies.session, now).await?;
        let sign_in = match &session {
            Some(session) => SignIn::of(state, site, session, &cookies.auth),
            None => SignIn::None,
        };
        let facts = facts(state, request, session.as_ref(), &sign_in, &cookies);
        csrf::check(route, &facts).map_err(|csrf::Forbidden| ApiError::Forbidden)?;
        let (session, new_session_cookie) = match session {
            None if route.begins_session() => {
                let (session, cookie) = sessions.begin(realm, now);
                (Some(session), Some(cookie))
            }
            session => (session, None),
        };
        let mut devices = cookies.device.iter();
        Ok(Self {
            state,
            store,
            site,
            session,
            new_session_cookie,
            sign_in,
            has_auth_cookie: !cookies.auth.is_empty(),
            issued: OnceLock::new(),
            device: devices.find_map(|device| DeviceId::parse(device)),
            cookie_path: cookie_path(site, request.path()),
        })
    }

    /// The sign-in of the request.
    pub(super) fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// The device id of the client: that which it sends, else that of its web session (WA-34).
    ///
    /// # Errors
    /// The challenge if the client has neither.
    pub(super) fn device(&self) -> Result<DeviceId, ApiError> {
        let of_session = || self.session.as_ref()?.device_id();
        let device = self.device.clone().or_else(of_session);
        device.ok_or_else(|| self.not_signed_in(Reason::NoToken))
    }

    /// Authenticates the request by its sign-in, and records that the sign-in is used.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] if the sign-in belongs to another session (WA-41), the challenge if
    /// there is none, or it has ended or was idle for too long.
    pub(super) async fn caller(&self, request: &Request) -> Result<Caller<'s>, ApiError> {
        let (presented, session) = match (&self.sign_in, &self.session) {
            (SignIn::None, _) | (_, None) => return Err(self.not_signed_in(Reason::NoToken)),
            (SignIn::Refused { reason, holder }, _) => {
                return Err(self.refused(request, holder.as_ref(), *reason));
            }
            (SignIn::Token { presented, .. }, Some(session)) => (presented, session),
        };
        let (state, space) = (self.state, &self.site.space);
        let caller = caller_with(state, request, space, presented.clone()).await?;
        let (sessions, party) = (&state.web.sessions, parties::of_user(caller.user.key()));
        let (idle, signed_in) = (self.site.idle, Some(caller.claims.signed_in));
        if sessions
            .record_use(session, idle, signed_in, party, state.now())
            .await?
        {
            Ok(caller)
        } else {
            let holder = &caller.claims.user;
            Err(self.refused(request, Some(holder), Reason::Expired))
        }
    }

    /// Returns the caller of a request that does not need a sign-in, or `None` if its user is not
    /// signed in.
    ///
    /// # Errors
    /// If it is not known whether the user is signed in: the shared state does not respond, or a
    /// limit is reached.
    pub(super) async fn signed_in(
        &self,
        request: &Request,
    ) -> Result<Option<SignedIn<'_, 's>>, ApiError> {
        let SignIn::Token { token, presented } = &self.sign_in else {
            return Ok(None);
        };
        let space = &self.site.space;
        match caller_with(self.state, request, space, presented.clone()).await {
            Ok(caller) => Ok(Some(SignedIn { caller, token })),
            Err(ApiError::Unauthorized(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a ticket with which a native client gets the ICA file of a launch (WA-88). Returns
    /// `None` without a sign-in.
    pub(super) fn file_ticket(&self, target: LaunchTarget<'_>) -> Option<String> {
        let (SignIn::Token { token, .. }, Some(session)) = (&self.sign_in, &self.session) else {
            return None;
        };
        let (tickets, realm) = (&self.state.web.client_tickets, &self.site.space.realm);
        let device = self.device().ok()?;
        tickets.for_file(realm, session, token, &device, target, self.state.now())
    }

    /// Records a sign-in that is refused. Returns its error: the challenge if it has ended, and
    /// [`ApiError::Forbidden`] if it is not one of this session (WA-41).
    pub(super) fn refused(
        &self,
        request: &Request,
        holder: Option<&UserIdentity>,
        reason: Reason,
    ) -> ApiError {
        let audit = self.state.audit_scope(request);
        let challenge = refused(&self.site.space, &audit, holder.cloned(), reason);
        match reason {
            Reason::Expired => challenge,
            _ => ApiError::Forbidden,
        }
    }

    /// The error of a request that needs a sign-in.
    pub(super) fn not_signed_in(&self, reason: Reason) -> ApiError {
        unauthorized(&self.site.space, reason)
    }

    /// Gives the client the cookie of the sign-in that the request makes.
    ///
    /// # Errors
    /// If the token cannot be a cookie.
    pub(super) fn issue(&self, token: &SecretString) -> Result<(), ApiError> {
        let cookie = cookie_of(token.expose_secret());
        let cookie = cookie.ok_or_else(|| ApiError::Internal("the token is not Base64".into()))?;
        self.issued.get_or_init(|| cookie);
        Ok(())
    }

    /// Where cookies are valid.
    pub(super) fn cookie_scope(&self) -> CookieScope<'_> {
        CookieScope {
            path: &self.cookie_path,
            secure: self.state.is_https(),
        }
    }

    /// The cookies that the answer of a route sets, in the order that clients expect (WA-24).
    pub(super) fn cookies(&self, route: WebRoute<'_>) -> Vec<String> {
        let scope = self.cookie_scope();
        let mut cookies = Vec::new();
        // Without the session of the sign-in (WA-72).
        let is_late_sign_out = self.session.is_none() && route == WebRoute::SignOut;
        if let Some(session) = &self.session
            && route.begins_session()
        {
            let new = self.new_session_cookie.as_ref();
            cookies.extend(new.map(|cookie| scope.session(cookie)));
            // A client reads the token from its second configuration.
            if new.is_some() || route == WebRoute::Configuration {
                cookies.push(scope.csrf(session.csrf_token()));
            }
        }
        if let Some(cookie) = self.issued.get() {
            cookies.push(scope.auth(cookie));
        } else if self.has_auth_cookie && (self.new_session_cookie.is_some() || is_late_sign_out) {
            // The sign-in of an earlier session would be refused in another one.
            let [.., auth] = scope.cleared();
            cookies.push(auth);
        }
        if route == WebRoute::Resources
            && let Ok(device) = self.device()
        {
            cookies.push(scope.device(device.as_str()));
        }
        cookies
    }
}

impl SignedIn<'_, '_> {
    /// Ends the sign-in, on every server.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(super) async fn end(self, state: &Arc<AppState>) -> Result<(), ApiError> {
        let token = self.token.clone();
        tokens::destroy_for(state, &self.caller, &DestroyToken { token }).await
    }
}

impl SignIn {
    /// The sign-in of the cookies in a session. Of several cookies, one that is valid is enough
    /// (WA-27).
    fn of(state: &AppState, site: &WebSite, session: &WebSession, cookies: &[&str]) -> Self {
        let realm = session.realm(&site.space.realm);
        let mut found = Self::None;
        for cookie in cookies {
            let (reason, holder) = match token_of(cookie) {
                Some(token) => {
                    let text = token.expose_secret();
                    let audience = &site.space.audience;
                    match state.present(text, &realm, audience) {
                        Ok(presented) => return Self::Token { token, presented },
                        Err(reason) => (reason, state.holder(text)),
                    }
                }
                None => (Reason::InvalidToken, None),
            };
            // One that has expired says more than one of another session.
            if matches!(found, Self::None) || reason == Reason::Expired {
                found = Self::Refused { reason, holder };
            }
        }
        found
    }
}

/// Returns the path of cookies: the site as the client spells it, because cookie jars compare paths
/// with regard to case (WA-23).
fn cookie_path<'s>(site: &'s WebSite, path: &str) -> Cow<'s, str> {
    if path.starts_with(&site.cookie_path) {
        return Cow::Borrowed(&site.cookie_path);
    }
    match WebRoute::site_of(path, site.path.as_str()) {
        Some(spelled) => Cow::Owned(spelled),
        None => Cow::Borrowed(&site.cookie_path),
    }
}

/// What the rule against requests of other sites needs to know.
fn facts(
    state: &AppState,
    request: &Request,
    session: Option<&WebSession>,
    sign_in: &SignIn,
    cookies: &Cookies<'_>,
) -> Facts {
    let is_right = |text: &str| session.is_some_and(|session| session.is_csrf_token(text));
    let token = |texts: &[&str]| match texts {
        [] => Token::Absent,
        texts if texts.iter().all(|text| is_right(text)) => Token::Right,
        _ => Token::Wrong,
    };
    let query: Vec<_> = request.query("CsrfToken").collect();
    let query: Vec<_> = query.iter().map(AsRef::as_ref).collect();
    let has_right_cookie = cookies.csrf.iter().any(|text| is_right(text));
    Facts {
        method: match *request.method() {
            Method::GET => csrf::Method::Get,
            Method::HEAD => csrf::Method::Head,
            _ => csrf::Method::Post,
        },
        session: match (session, sign_in) {
            (None, _) => csrf::Session::None,
            (Some(_), SignIn::Token { .. }) => csrf::Session::SignedIn,
            (Some(_), SignIn::None | SignIn::Refused { .. }) => csrf::Session::Live,
        },
        header: token(&request.header_lines(&CSRF_TOKEN)),
        query: token(&query),
        cookie: if has_right_cookie {
            Token::Right
        } else {
            token(&cookies.csrf)
        },
        https_flag: HttpsFlag::of(request.header_lines(&USING_HTTPS).first().copied()),
        is_cross_site: is_cross_site(state, request),
    }
}

/// Whether a browser names another site as the origin. Scripts send URLs with a path, or with the
/// default port, as their origin.
fn is_cross_site(state: &AppState, request: &Request) -> bool {
    let is_own = |origin: &&str| {
        let origin: Result<Audience, _> = origin.parse();
        origin.is_ok_and(|origin| state.audiences.as_slice().contains(&origin))
    };
    let fetch_site = request.header_lines(&FETCH_SITE);
    fetch_site.contains(&"cross-site") || !request.header_lines(&ORIGIN).iter().all(is_own)
}
