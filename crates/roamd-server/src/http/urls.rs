//! URLs, realms and challenges of the stores and of the authentication service.
//!
//! All URLs are made from a configured base URL, never from a `Host` header (citrixauth.md §7).

use std::sync::OnceLock;

use bytes::Bytes;
use http::HeaderValue;
use roamd_citrixauth::{Audience, AudienceError, Realm};
use roamd_sessions::{ResourceId, ResourceIds};
use roamd_store_proto::auth::{Challenge, Reason};

use crate::config::{self, BaseUrl, UrlPath};

/// URLs and realms of a store, as clients of one base URL know them.
pub(crate) struct StoreUrls {
    /// Absolute URL, such as `https://sf.example.net/Citrix/Store`.
    pub(crate) root: String,
    /// Protection space of the sessions service.
    pub(crate) sessions: ProtectionSpace,
    /// Protection space of the resources service. A token for one is valid in the other.
    pub(crate) resources: ProtectionSpace,
    /// The document of the endpoints, once it was requested.
    pub(crate) endpoints: OnceLock<Bytes>,
}

/// URLs and realms of the authentication service, as clients of one base URL know them.
pub(crate) struct AuthUrls {
    /// The base URL, which all URLs begin with.
    base: BaseUrl,
    /// Absolute URL, such as `https://sf.example.net/Citrix/StoreAuth`.
    pub(crate) root: String,
    /// Protection space of the token service.
    pub(crate) tokens: ProtectionSpace,
    /// The document of the endpoints, once it was requested.
    pub(crate) endpoints: OnceLock<Bytes>,
    /// The validation services, each with a realm of its own (CA-40).
    validation: Vec<ValidationService>,
}

/// A service that returns the identity of the holder of a token.
struct ValidationService {
    /// Name in the URL, in lower case.
    id: String,
    /// Protection space.
    space: ProtectionSpace,
}

/// A protection space: what one token is valid for (CA-10, CA-13).
pub(crate) struct ProtectionSpace {
    /// Sent back by clients as `for-service`.
    pub(crate) realm: Realm,
    /// Scheme, host and port of its URLs.
    pub(crate) audience: Audience,
    /// URL that issues tokens for it (CA-9).
    location: String,
    /// Root URL of the protection space (CA-8).
    hint: String,
    /// The challenge of a request without a token, once there was one. It is the response to the
    /// first request of every client.
    no_token: OnceLock<HeaderValue>,
}

impl StoreUrls {
    pub(crate) fn new(authentication: &AuthUrls, path: &UrlPath) -> Self {
        let AuthUrls { base, tokens, .. } = authentication;
        let root = format!("{base}{path}");
        // A client stores a token under the service root of the challenge, and looks it up by both
        // (CQ-49).
        let space = |service: &str| {
            ProtectionSpace::new(
                format!("store:{path}"),
                tokens.audience.clone(),
                authentication.token_url(),
                format!("{root}/{service}"),
            )
        };
        Self {
            sessions: space("sessions/v1"),
            resources: space("resources/v2"),
            endpoints: OnceLock::new(),
            root,
        }
    }

    /// URL of a resource.
    pub(crate) fn resource(&self, resource: &ResourceId) -> String {
        [&self.root, "/resources/v2/", &resource.to_segment()].concat()
    }

    /// URL at which a client launches a resource.
    pub(crate) fn resource_launch(&self, ids: &ResourceIds) -> String {
        [
            &self.root,
            "/resources/v2/",
            &ids.to_segment(),
            "/launch/ica",
        ]
        .concat()
    }

    /// URL at which a native client gets an ICA file with a ticket (WA-88).
    pub(crate) fn ica_file(&self) -> String {
        format!("{}/clientAssistant/getIcaFile", self.root)
    }

    /// URL at which a native client reports that it is there (WA-89).
    pub(crate) fn detection(&self) -> String {
        format!("{}/clientAssistant/reportDetectionStatus", self.root)
    }

    /// URL at which a client reconnects to a session (SS-10).
    pub(crate) fn session_launch(&self, session: &str) -> String {
        // Joined, because a list has many of these, and a formatter takes several times as long.
        [&self.root, "/sessions/v1/", session, "/launch/ica"].concat()
    }
}

impl AuthUrls {
    /// # Errors
    /// If the base URL cannot be an audience.
    pub(crate) fn new(
        base: &BaseUrl,
        config: &config::Authentication,
    ) -> Result<Self, AudienceError> {
        let audience: Audience = base.to_string().parse()?;
        let path = &config.path;
        let root = format!("{base}{path}");
        let token_url = format!("{root}/auth/v1/token");
        let validation = |id: &String| ValidationService {
            id: id.clone(),
            space: ProtectionSpace::new(
                format!("validate:{path}/{id}"),
                audience.clone(),
                token_url.clone(),
                format!("{token_url}/validate/{id}"),
            ),
        };
        Ok(Self {
            base: base.clone(),
            validation: config.validation_services.iter().map(validation).collect(),
            tokens: ProtectionSpace::new(
                format!("tokens:{path}"),
                audience,
                format!("{root}/auth/v1/protocols"),
                token_url,
            ),
            endpoints: OnceLock::new(),
            root,
        })
    }

    /// The base URL, which all URLs begin with.
    pub(super) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Protection space of the validation service of this name, compared without case (CA-41).
    pub(crate) fn validation(&self, id: &str) -> Option<&ProtectionSpace> {
        let mut services = self.validation.iter();
        let service = services.find(|service| service.id.eq_ignore_ascii_case(id))?;
        Some(&service.space)
    }

    /// Realms of the token service and of the validation services.
    pub(crate) fn realms(&self) -> impl Iterator<Item = &Realm> {
        let validation = self.validation.iter().map(|service| &service.space);
        validation.chain([&self.tokens]).map(|space| &space.realm)
    }

    /// URL of the token service.
    pub(crate) fn token_url(&self) -> String {
        format!("{}/auth/v1/token", self.root)
    }

    /// URL at which the explicit forms begin.
    pub(crate) fn forms_start_url(&self) -> String {
        format!("{}/ExplicitForms/Start", self.root)
    }
}

impl ProtectionSpace {
    pub(super) fn new(realm: String, audience: Audience, location: String, hint: String) -> Self {
        Self {
            realm: Realm::new(realm),
            audience,
            location,
            hint,
            no_token: OnceLock::new(),
        }
    }

    /// The challenge of a `401` in this space (CA-5).
    pub(crate) fn challenge(&self, reason: Reason) -> HeaderValue {
        match reason {
            Reason::NoToken => self.no_token.get_or_init(|| self.write(reason)).clone(),
            _ => self.write(reason),
        }
    }

    fn write(&self, reason: Reason) -> HeaderValue {
        let challenge = Challenge {
            realm: self.realm.to_string(),
            reason: Some(reason),
            locations: vec![self.location.clone()],
            service_root_hint: self.hint.clone(),
        };
        // Its values come from the validated configuration, so it is always a valid header.
        HeaderValue::try_from(challenge.to_string())
            .unwrap_or(HeaderValue::from_static("CitrixAuth"))
    }
}
