//! Cookies that the site sets (WA-23 to WA-30).

pub(crate) const SESSION: &str = "ASP.NET_SessionId";
pub(crate) const CSRF: &str = "CsrfToken";
pub(crate) const AUTH: &str = "CtxsAuthId";
pub(crate) const DEVICE: &str = "CtxsDeviceId";

/// Lifetime of a device id: two years, in seconds.
const DEVICE_SECONDS: u32 = 63_072_000;

/// Where cookies are valid. Its methods return values of `Set-Cookie`, which have no comma, because
/// libraries join lines by commas (WA-24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieScope<'s> {
    /// Path of the site in the spelling of the request, with a slash at the end: cookie jars
    /// compare paths with regard to case. See
    /// [`WebRoute::site_of`](crate::WebRoute::site_of).
    pub path: &'s str,
    /// Whether the cookies are for https only (WA-29).
    pub secure: bool,
}

impl CookieScope<'_> {
    /// Sets `ASP.NET_SessionId`. A client compares this line (WA-30), so it has no `SameSite`; the
    /// cookie alone opens nothing.
    #[must_use]
    pub fn session(self, value: &str) -> String {
        self.secured(format!("{SESSION}={value}; path=/; HttpOnly"))
    }

    /// Sets `CsrfToken`, which the script of a page reads.
    #[must_use]
    pub fn csrf(self, value: &str) -> String {
        self.secured(format!("{CSRF}={value}; path={}; SameSite=Lax", self.path))
    }

    /// Sets `CtxsAuthId`.
    #[must_use]
    pub fn auth(self, value: &str) -> String {
        let path = self.path;
        self.secured(format!(
            "{AUTH}={value}; path={path}; HttpOnly; SameSite=Lax"
        ))
    }

    /// Sets `CtxsDeviceId`.
    #[must_use]
    pub fn device(self, value: &str) -> String {
        self.secured(format!(
            "{DEVICE}={value}; path={}; Max-Age={DEVICE_SECONDS}; HttpOnly; SameSite=Lax",
            self.path
        ))
    }

    /// Clears the cookies of the session and of the sign-in (WA-71). The device id stays.
    #[must_use]
    pub fn cleared(self) -> [String; 3] {
        [
            self.secured(format!("{SESSION}=; path=/; Max-Age=0; HttpOnly")),
            self.secured(format!(
                "{CSRF}=; path={}; Max-Age=0; SameSite=Lax",
                self.path
            )),
            self.secured(format!(
                "{AUTH}=; path={}; Max-Age=0; HttpOnly; SameSite=Lax",
                self.path
            )),
        ]
    }

    fn secured(self, mut line: String) -> String {
        if self.secure {
            line.push_str("; Secure");
        }
        line
    }
}
