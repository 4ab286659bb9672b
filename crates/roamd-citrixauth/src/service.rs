//! What a token is asked for: a service of this server (CA-16 to CA-21).

use std::fmt;

use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::RequestToken;

use crate::Audience;

/// Identifier of a consuming service. It is compared to the letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Realm(String);

/// A service for which a token may be issued. Only [`Service::of`] makes one, so a token is never
/// issued for a realm or an audience that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    realm: Realm,
    audience: Audience,
    requested_lifetime: Option<Lifetime>,
}

/// Why no token is issued for what a request token message asks. Answer `400`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// `for-service` is no realm that is known here (CA-21).
    #[error("for-service names a service that is not known here")]
    UnknownService,
    /// `for-service-url` is not a URL of this server (CA-20).
    #[error("for-service-url is not a URL of this server")]
    ForeignAudience,
}

impl Realm {
    /// A realm.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text, as it goes into a challenge.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Service {
    /// Finds the service that a message asks for: its `for-service` among `realms`, and scheme,
    /// host and port of its `for-service-url` among `audiences`, the public base URLs of this
    /// server.
    ///
    /// # Errors
    /// What about it is not ours.
    pub fn of(
        request: &RequestToken,
        realms: &[Realm],
        audiences: &[Audience],
    ) -> Result<Self, ServiceError> {
        let realm = realms
            .iter()
            .find(|realm| realm.as_str() == request.for_service)
            .ok_or(ServiceError::UnknownService)?;
        let audience = request
            .for_service_url
            .parse()
            .ok()
            .filter(|audience| audiences.contains(audience))
            .ok_or(ServiceError::ForeignAudience)?;
        Ok(Self {
            realm: realm.clone(),
            audience,
            requested_lifetime: request.requested_lifetime,
        })
    }

    /// The realm that the token will be for.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The audience that the token will be for.
    #[must_use]
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// How long the client wishes the token to live.
    #[must_use]
    pub fn requested_lifetime(&self) -> Option<Lifetime> {
        self.requested_lifetime
    }

    pub(crate) fn from_parts(
        realm: Realm,
        audience: Audience,
        requested_lifetime: Option<Lifetime>,
    ) -> Self {
        Self {
            realm,
            audience,
            requested_lifetime,
        }
    }
}
