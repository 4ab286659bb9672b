//! The stores and the authentication service as clients see them: URLs, realms, challenges. All
//! URLs are made from the configured base URL, never from a `Host` header (citrixauth.md §7).

use std::sync::Arc;

use roamd_citrixauth::Realm;
use roamd_sessions::{ResourceId, ResourceIds, Store};
use roamd_store_proto::Spelling;
use roamd_store_proto::auth::{Challenge, Reason};

use crate::app::state::Reach;
use crate::config::{self, BaseUrl, SpellingChoice, UrlPath};
use crate::farms::NfuseFarm;

/// One store.
pub(crate) struct StoreUrls {
    /// Absolute URL, `https://sf.example.net/Citrix/Store`.
    pub(crate) url: String,
    /// Path of the URL.
    pub(crate) path: UrlPath,
    /// What opens its sessions service.
    pub(crate) sessions: ProtectionSpace,
    /// What opens its resources service. The same token opens both.
    pub(crate) resources: ProtectionSpace,
    /// Who picks the spelling of an answer.
    pub(crate) spelling: SpellingChoice,
    /// Its farms. Shared, since what changes a session goes on when a client goes away.
    pub(crate) store: Arc<Store<NfuseFarm>>,
}

/// The authentication service.
pub(crate) struct AuthUrls {
    /// Absolute URL, `https://sf.example.net/Citrix/StoreAuth`.
    pub(crate) url: String,
    /// Path of the URL.
    pub(crate) path: UrlPath,
    /// What opens the token service.
    pub(crate) tokens: ProtectionSpace,
    /// The services that tell who the holder of a token is, each with a realm of its own (CA-40).
    validation: Vec<ValidationService>,
}

/// Tells who the holder of a token is.
struct ValidationService {
    /// Its name, in lower case.
    id: String,
    /// What opens it.
    space: ProtectionSpace,
}

/// What one token opens (CA-10, CA-13).
pub(crate) struct ProtectionSpace {
    /// Comes back from clients as `for-service`.
    pub(crate) realm: Realm,
    /// Where a token for it is to be had (CA-9).
    location: String,
    /// Root of the protection space (CA-8).
    hint: String,
}

impl StoreUrls {
    pub(crate) fn new(
        base: &BaseUrl,
        authentication: &AuthUrls,
        config: &config::Store,
        store: Store<NfuseFarm>,
    ) -> Self {
        let url = format!("{base}{}", config.path);
        // A client keeps a token under the root that it was told, and looks for both (CQ-49).
        let space = |root: &str| ProtectionSpace {
            realm: Realm::new(format!("store:{}", config.path)),
            location: authentication.token_url(),
            hint: format!("{url}/{root}"),
        };
        Self {
            sessions: space("sessions/v1"),
            resources: space("resources/v2"),
            url,
            path: config.path.clone(),
            spelling: config.spelling,
            store: Arc::new(store),
        }
    }

    /// The spelling of an answer to a request that was spelled like this (SS-47).
    pub(crate) fn spelling(&self, request: Spelling) -> Spelling {
        match self.spelling {
            SpellingChoice::Auto => request,
            SpellingChoice::Document => Spelling::Document,
            SpellingChoice::Native => Spelling::Native,
        }
    }

    /// How many farms an operation on all of them asks.
    pub(crate) fn reach(&self) -> Reach {
        match self.store.farms() {
            [] | [_] => Reach::OneFarm,
            _ => Reach::SeveralFarms,
        }
    }

    /// Where a resource is told of.
    pub(crate) fn resource_url(&self, resource: &ResourceId) -> String {
        format!("{}/resources/v2/{}", self.url, resource.to_segment())
    }

    /// Where a client starts a resource.
    pub(crate) fn launch_resource_url(&self, ids: &ResourceIds) -> String {
        format!("{}/resources/v2/{}/launch/ica", self.url, ids.to_segment())
    }

    /// Where a client connects to a session (SS-10).
    pub(crate) fn launch_url(&self, session: &str) -> String {
        format!("{}/sessions/v1/{session}/launch/ica", self.url)
    }
}

impl AuthUrls {
    pub(crate) fn new(base: &BaseUrl, config: &config::Authentication) -> Self {
        let path = &config.path;
        let url = format!("{base}{path}");
        let token_url = format!("{url}/auth/v1/token");
        let validation = |id: &String| ValidationService {
            id: id.clone(),
            space: ProtectionSpace {
                realm: Realm::new(format!("validate:{path}/{id}")),
                location: token_url.clone(),
                hint: format!("{token_url}/validate/{id}"),
            },
        };
        Self {
            validation: config.validation_services.iter().map(validation).collect(),
            tokens: ProtectionSpace {
                realm: Realm::new(format!("tokens:{path}")),
                location: format!("{url}/auth/v1/protocols"),
                hint: token_url,
            },
            url,
            path: path.clone(),
        }
    }

    /// What opens the validation service of this name, which is matched without case (CA-41).
    pub(crate) fn validation(&self, id: &str) -> Option<&ProtectionSpace> {
        let mut services = self.validation.iter();
        let service = services.find(|service| service.id.eq_ignore_ascii_case(id))?;
        Some(&service.space)
    }

    /// The realms of the token service and of those who validate.
    pub(crate) fn realms(&self) -> impl Iterator<Item = &Realm> {
        let validation = self.validation.iter().map(|service| &service.space);
        validation.chain([&self.tokens]).map(|space| &space.realm)
    }

    /// The token service.
    pub(crate) fn token_url(&self) -> String {
        format!("{}/auth/v1/token", self.url)
    }

    /// Where the explicit forms begin.
    pub(crate) fn forms_start_url(&self) -> String {
        format!("{}/ExplicitForms/Start", self.url)
    }
}

impl ProtectionSpace {
    /// The challenge of a `401` here.
    pub(crate) fn challenge(&self, reason: Reason) -> Challenge {
        Challenge {
            realm: self.realm.to_string(),
            reason: Some(reason),
            locations: vec![self.location.clone()],
            service_root_hint: self.hint.clone(),
        }
    }
}
