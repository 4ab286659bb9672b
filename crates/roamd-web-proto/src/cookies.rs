//! Cookies of a request (WA-27, WA-28).

use crate::set_cookie::{AUTH, CSRF, DEVICE, SESSION};

/// Values of the four cookies of the site. Each may occur several times, because scripts add their
/// own; one that verifies is enough. All other cookies are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cookies<'h> {
    /// `ASP.NET_SessionId`.
    pub session: Vec<&'h str>,
    /// `CsrfToken`.
    pub csrf: Vec<&'h str>,
    /// `CtxsAuthId`.
    pub auth: Vec<&'h str>,
    /// `CtxsDeviceId`.
    pub device: Vec<&'h str>,
}

/// Maximum number of values of one cookie: further ones are ignored.
const MAX_VALUES: usize = 4;

impl<'h> Cookies<'h> {
    /// Reads the lines of the `Cookie` header. Names are compared without regard to case, and `,`
    /// separates like `;`, because libraries join lines by commas.
    #[must_use]
    pub fn parse(lines: impl IntoIterator<Item = &'h str>) -> Self {
        let mut cookies = Self::default();
        let pairs = lines.into_iter().flat_map(|line| line.split([';', ',']));
        for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            let values = if name.eq_ignore_ascii_case(SESSION) {
                &mut cookies.session
            } else if name.eq_ignore_ascii_case(CSRF) {
                &mut cookies.csrf
            } else if name.eq_ignore_ascii_case(AUTH) {
                &mut cookies.auth
            } else if name.eq_ignore_ascii_case(DEVICE) {
                &mut cookies.device
            } else {
                continue;
            };
            if !value.is_empty() && values.len() < MAX_VALUES && !values.contains(&value) {
                values.push(value);
            }
        }
        cookies
    }
}
