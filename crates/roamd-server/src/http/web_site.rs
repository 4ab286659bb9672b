//! The web site of a store: its path, and what its tokens are valid for.

use std::time::Duration;

use roamd_web_proto::WorkspaceControl;

use super::urls::{AuthUrls, ProtectionSpace};
use crate::config::{self, UrlPath};

/// The web site of a store, as clients of one base URL know it.
pub(crate) struct WebSite {
    /// Path of its URL.
    pub(crate) path: UrlPath,
    /// Protection space of the site. Each web session has a realm below it. The site answers with
    /// the challenge of the Web API, and never with that of the space.
    pub(crate) space: ProtectionSpace,
    /// Time after which an unused sign-in ends.
    pub(crate) idle: Duration,
    /// What the page does with sessions.
    pub(crate) workspace_control: WorkspaceControl,
}

impl WebSite {
    pub(crate) fn new(authentication: &AuthUrls, config: &config::WebSite) -> Self {
        let (base, path) = (authentication.base(), config.path.clone());
        Self {
            space: ProtectionSpace::new(
                format!("web:{path}"),
                authentication.tokens.audience.clone(),
                authentication.token_url(),
                format!("{base}{path}/"),
            ),
            path,
            idle: config.idle,
            workspace_control: config.workspace_control,
        }
    }
}
