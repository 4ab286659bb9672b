//! The cookie (CA-48, CA-49).

/// The values of all cookies with a name. Some clients send back a whole `Set-Cookie` value, and
/// libraries join two of those by a comma, so attributes and bare words are skipped and `,` parts
/// like `;`.
pub(super) fn values<'a>(header: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    header
        .split([';', ','])
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// The value of a `Set-Cookie` header.
pub(super) fn set(name: &str, value: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
}
