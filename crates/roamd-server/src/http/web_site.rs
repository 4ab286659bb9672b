//! The web site of a store: its path, what its tokens are valid for, and its branding.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roamd_web_proto::{WorkspaceControl, media_type};

use super::content_hash::content_hash;
use super::urls::{AuthUrls, ProtectionSpace};
use crate::config::{self, LogoFormat, UrlPath};

/// The web site of a store, as clients of one base URL know it.
pub(crate) struct WebSite {
    /// Path of its URL.
    pub(crate) path: UrlPath,
    /// Absolute URL, such as `https://sf.example.net/Citrix/StoreWeb/`.
    pub(crate) url: String,
    /// Path of its cookies, for clients that spell the site as the configuration does.
    pub(crate) cookie_path: String,
    /// Protection space of the site. Each web session has a realm below it. The site answers with
    /// the challenge of the Web API, and never with that of the space.
    pub(crate) space: ProtectionSpace,
    /// Time after which an unused sign-in ends.
    pub(crate) idle: Duration,
    /// Whether clients may sign in without a form.
    pub(crate) post_credentials: bool,
    /// What the page does with sessions.
    pub(crate) workspace_control: WorkspaceControl,
    /// How the page looks.
    pub(crate) branding: Branding,
}

/// The branding as it is sent.
pub(crate) struct Branding {
    /// Its description.
    pub(crate) json: Bytes,
    pub(crate) logo: Option<Logo>,
}

/// A logo as it is sent.
pub(crate) struct Logo {
    /// Hash of the image, in its URL.
    pub(crate) hash: String,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
}

impl WebSite {
    pub(crate) fn new(authentication: &AuthUrls, config: &config::WebSite) -> Self {
        let path = config.path.clone();
        let url = format!("{}{path}/", authentication.base());
        Self {
            space: ProtectionSpace::new(
                format!("web:{path}"),
                authentication.tokens.audience.clone(),
                authentication.token_url(),
                url.clone(),
            ),
            url,
            cookie_path: format!("{path}/"),
            path,
            idle: config.idle,
            post_credentials: config.post_credentials,
            workspace_control: config.workspace_control,
            branding: Branding::new(&config.branding),
        }
    }
}

impl Branding {
    fn new(config: &config::Branding) -> Self {
        let logo = config.logo.as_ref().map(Logo::new);
        let logo_url = logo
            .as_ref()
            .map(|logo| roamd_web_proto::Branding::logo_url(&logo.hash));
        let accent = config.accent.map(|accent| accent.to_string());
        let json = roamd_web_proto::Branding {
            accent: accent.as_deref(),
            help_link: config.help_link.as_deref(),
            help_text: config.help_text.as_deref(),
            logo: logo_url.as_deref(),
            name: config.name.as_deref(),
        };
        Self {
            json: json.to_json().into(),
            logo,
        }
    }
}

impl Logo {
    fn new(config: &config::Logo) -> Self {
        Self {
            hash: content_hash(&[&config.bytes]),
            media_type: match config.format {
                LogoFormat::Png => media_type::PNG,
                LogoFormat::Svg => media_type::SVG,
            },
            bytes: Bytes::from_owner(Arc::clone(&config.bytes)),
        }
    }
}
