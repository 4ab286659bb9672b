//! Policy of conversations.

use std::time::Duration;

/// Policy of conversations.
#[derive(Debug, Clone)]
pub struct FormPolicy {
    /// The domains to choose from. If empty, the form has no domain field (CA-62), and any typed
    /// domain is accepted.
    pub domains: Vec<Domain>,
    /// The form has no domain field although there are domains (SI-22).
    pub hide_domain_field: bool,
    /// The domain of user names without domain.
    pub default_domain: Option<String>,
    /// Name of the cookie (CA-48).
    pub cookie_name: String,
    /// Number of failed attempts that ends a conversation (CA-72).
    pub max_attempts: u32,
    /// Lifetime of a conversation, at most ten minutes (CA-51).
    pub lifetime: Duration,
    /// Path that accepts the posted form, from the root of the host (CA-58).
    pub post_back: String,
    /// Path that accepts the cancellation, from the root of the host.
    pub cancel_post_back: String,
}

/// A domain that users can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Display name.
    pub display: String,
    /// Posted value: the domain as the farm knows it.
    pub value: String,
}

impl FormPolicy {
    /// Default name of the cookie (CA-48).
    pub const COOKIE_NAME: &str = "ASP.NET_SessionId";
    /// Default number of failed attempts.
    pub const MAX_ATTEMPTS: u32 = 5;
    /// Default and longest lifetime (CA-51).
    pub const LIFETIME: Duration = Duration::from_secs(600);
}
