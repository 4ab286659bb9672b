//! The cookie of a conversation (CA-48, CA-49).

/// Returns the values of all cookies with a name. Some clients return whole `Set-Cookie` values,
/// and libraries join these by commas. So attributes and words without value are ignored, and `,`
/// separates like `;`.
pub(super) fn values<'a>(header: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    header
        .split([';', ','])
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// Returns the value of a `Set-Cookie` header.
pub(super) fn set(name: &str, value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
}
