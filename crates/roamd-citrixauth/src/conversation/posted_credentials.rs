//! Credentials in a posted form (CA-67, CA-68).

use roamd_store_proto::auth::FormPost;
use secrecy::ExposeSecret as _;

use super::form_policy::FormPolicy;
use crate::{BadAttempt, Credentials};

/// Longest user name with its domain, in bytes. Directories allow fewer characters.
pub(super) const MAX_NAME: usize = 512;

/// Longest password, in bytes. Directories allow 256 characters at most.
const MAX_PASSWORD: usize = 1024;

/// Parses the credentials in a posted form (CA-67, CA-68).
pub(super) fn parse(policy: &FormPolicy, post: &FormPost) -> Result<Credentials, BadAttempt> {
    parsed(policy, post).ok_or_else(|| BadAttempt { typed: typed(post) })
}

fn parsed(policy: &FormPolicy, post: &FormPost) -> Option<Credentials> {
    let typed = post.user_name.as_deref().unwrap_or_default().trim();
    let password = post.password.clone()?;
    if !is_name(typed) || !is_password(password.expose_secret()) {
        return None;
    }
    let (user_name, domain) = if let Some((domain, name)) = typed.split_once('\\') {
        (name, in_list(policy, domain).unwrap_or(domain))
    } else if let Some((name, suffix)) = typed.rsplit_once('@') {
        (name, in_list(policy, suffix).unwrap_or(suffix))
    } else {
        (typed, chosen_domain(policy, post)?)
    };
    let (user_name, domain) = (user_name.trim(), domain.trim());
    if !is_name(user_name) || user_name.contains('\\') || !is_name(domain) {
        return None;
    }
    Some(Credentials {
        user_name: user_name.to_owned(),
        domain: domain.to_owned(),
        password,
    })
}

/// Returns the account as it was typed: the user name, with the domain of the field if it has none.
fn typed(post: &FormPost) -> Option<String> {
    let name = post.user_name.as_deref()?.trim();
    let domain = post.domain.as_deref().map_or("", str::trim);
    if name.is_empty() {
        None
    } else if domain.is_empty() || name.contains(['\\', '@']) {
        Some(name.to_owned())
    } else {
        Some(format!("{domain}\\{name}"))
    }
}

/// Returns whether a text is a valid name: not empty, not too long, and without control characters
/// and characters that XML does not allow.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.contains(is_forbidden)
}

/// Returns whether a text is a valid password, by the same rules.
pub(super) fn is_password(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_PASSWORD && !text.contains(is_forbidden)
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Returns the domain of a user name without domain: that of the field, else the default.
fn chosen_domain<'a>(policy: &'a FormPolicy, post: &'a FormPost) -> Option<&'a str> {
    match post.domain.as_deref().map(str::trim) {
        None | Some("") => policy.default_domain.as_deref(),
        Some(domain) if policy.domains.is_empty() => Some(domain),
        Some(domain) => in_list(policy, domain),
    }
}

/// Returns the domain in the spelling of the list, if it is in the list.
pub(super) fn in_list<'a>(policy: &'a FormPolicy, domain: &str) -> Option<&'a str> {
    policy
        .domains
        .iter()
        .map(|listed| listed.value.as_str())
        .find(|value| value.eq_ignore_ascii_case(domain))
}
