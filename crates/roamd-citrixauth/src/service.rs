//! Services of this server, for which tokens are requested (CA-16 to CA-21).

use std::fmt;

use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::RequestToken;

use crate::Audience;

/// Identifier of a consuming service. The comparison is exact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Realm(String);

/// A service for which a token can be issued.
///
/// INVARIANT: realm and audience belong to this server, because only [`Service::of`] creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    realm: Realm,
    audience: Audience,
    requested_lifetime: Option<Lifetime>,
}

/// Error of a request for a token of another server. The response is `400`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// `for-service` is not a realm of this server (CA-21).
    #[error("for-service names an unknown service")]
    UnknownService,
    /// `for-service-url` is not a URL of this server (CA-20).
    #[error("for-service-url is not a URL of this server")]
    ForeignAudience,
}

impl Realm {
    /// Creates a realm.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, as in a challenge.
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
    /// Returns the requested service: its `for-service` must be one of `realms`, and scheme, host
    /// and port of its `for-service-url` one of `audiences`, the public base URLs of this server.
    ///
    /// # Errors
    /// If the realm or the audience is not of this server.
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

    /// Returns the realm of the token.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Returns the audience of the token.
    #[must_use]
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Returns the lifetime that the client requests.
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
