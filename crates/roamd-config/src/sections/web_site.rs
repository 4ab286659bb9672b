//! `[store.web]`: the web site of a store, its workspace control and its branding.

use std::time::Duration;

use roamd_web_proto::{LogoffAction, WorkspaceControl};

use super::branding::{self, Branding};
use super::free_path::free_path;
use crate::files::{Files, NoFiles};
use crate::reader::key::{DefaultKey, Key};
use crate::reader::section::Section;
use crate::reader::value::{boolean, number, word};
use crate::url_path::UrlPath;

const ENABLED: DefaultKey<bool> = DefaultKey {
    name: "enabled",
    default: || true,
    read: boolean,
};

const PATH: Key<UrlPath> = Key {
    name: "path",
    read: free_path,
};

const IDLE_MINUTES: DefaultKey<Duration> = DefaultKey {
    name: "idle_minutes",
    default: || Duration::from_secs(20 * 60),
    read: |value| {
        let minutes: u64 = number(value, 1..=1_440)?;
        Ok(Duration::from_secs(60 * minutes))
    },
};

const POST_CREDENTIALS: DefaultKey<bool> = DefaultKey {
    name: "post_credentials",
    default: || false,
    read: boolean,
};

const WORKSPACE_CONTROL_ENABLED: DefaultKey<bool> = flag("enabled");
const AUTO_RECONNECT_AT_LOGON: DefaultKey<bool> = flag("auto_reconnect_at_logon");
const SHOW_RECONNECT_BUTTON: DefaultKey<bool> = flag("show_reconnect_button");
const SHOW_DISCONNECT_BUTTON: DefaultKey<bool> = flag("show_disconnect_button");

const LOGOFF_ACTION: DefaultKey<LogoffAction> = DefaultKey {
    name: "logoff_action",
    default: || LogoffAction::Disconnect,
    read: |value| {
        word(
            value,
            &[
                ("disconnect", LogoffAction::Disconnect),
                ("terminate", LogoffAction::Terminate),
                ("none", LogoffAction::None),
            ],
        )
    },
};

/// The web site of a store, for browsers and scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSite {
    /// Its path below the base URL.
    pub path: UrlPath,
    /// Time after which an unused sign-in ends; whole minutes.
    pub idle: Duration,
    /// Whether clients may sign in with one request that holds the password, without a form
    /// (WA-66).
    pub post_credentials: bool,
    /// What the page does with sessions.
    pub workspace_control: WorkspaceControl,
    /// How the page looks.
    pub branding: Branding,
}

impl WebSite {
    /// Returns the site of a store with no more keys than it needs.
    #[must_use]
    pub fn at(path: UrlPath) -> Self {
        let site_at = Section::defaults(|section| values(section, &NoFiles));
        site_at(path)
    }
}

/// A key that is true by default.
const fn flag(name: &'static str) -> DefaultKey<bool> {
    DefaultKey {
        name,
        default: || true,
        read: boolean,
    }
}

/// Reads the section of a store. Returns `None` if the site is disabled, or the store has no path.
/// A path that overlaps another one is reported. `others` are the paths of the stores and sites
/// before, each with what it is.
pub(crate) fn read(
    store: &mut Section<'_>,
    files: &dyn Files,
    store_path: Option<&UrlPath>,
    others: &[(&'static str, &UrlPath)],
) -> Option<WebSite> {
    let mut section = store.section("web", "[store.web]");
    let enabled = section.value(&ENABLED);
    let path = match store_path {
        Some(store) => Some(section.value_or(&PATH, store.default_web())),
        None => section.optional(&PATH),
    };
    if let Some(path) = &path {
        section.note_default(PATH.name, format_args!("\"{path}\""));
    }
    let site_at = values(&mut section, files);
    let site = path.filter(|_| enabled).map(site_at);
    // A store at the path of another one is reported already.
    let is_twice = |path: &UrlPath| others.iter().any(|(_, other)| other.overlaps(path));
    if let Some(site) = &site
        && !store_path.is_some_and(is_twice)
    {
        let own = store_path.map(|path| ("store", path));
        let mut taken = others.iter().copied().chain(own);
        if let Some((what, other)) = taken.find(|(_, path)| path.overlaps(&site.path)) {
            let path = &site.path;
            let problem = format!("path `{path}` of [store.web] overlaps {what} `{other}`");
            section.error(PATH.name, problem);
        }
    }
    section.finish();
    site
}

/// Reads all keys but `enabled` and `path`. Returns the site with them at a path.
fn values(section: &mut Section<'_>, files: &dyn Files) -> impl FnOnce(UrlPath) -> WebSite + use<> {
    let idle = section.value(&IDLE_MINUTES);
    let post_credentials = section.value(&POST_CREDENTIALS);
    let workspace_control = workspace_control(section);
    let branding = branding::read(section, files);
    move |path| WebSite {
        path,
        idle,
        post_credentials,
        workspace_control,
        branding,
    }
}

fn workspace_control(site: &mut Section<'_>) -> WorkspaceControl {
    let mut section = site.section("workspace_control", "[store.web.workspace_control]");
    let control = WorkspaceControl {
        enabled: section.value(&WORKSPACE_CONTROL_ENABLED),
        auto_reconnect_at_logon: section.value(&AUTO_RECONNECT_AT_LOGON),
        logoff_action: section.value(&LOGOFF_ACTION),
        show_reconnect_button: section.value(&SHOW_RECONNECT_BUTTON),
        show_disconnect_button: section.value(&SHOW_DISCONNECT_BUTTON),
    };
    section.finish();
    control
}
