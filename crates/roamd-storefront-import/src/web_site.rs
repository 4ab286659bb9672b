//! The web site (SI-24, SI-25).

use std::time::Duration;

use roamd_config::{LogoffAction, UrlPath, WorkspaceControl};
use url::Url;

use crate::finding::{Findings, Grade};
use crate::model::WebSite;
use crate::record::{OFF, ON, Record, Setting, Silence, Unused};
use crate::sign_in::lifetime;

const OWN_PAGE: &str = "the page of roamd has no such setting";
const NO_HTML5: &str = "there is no client in the browser; users need the native client";
const ONE_PROCESS: &str = "the site and the store are one process";

/// Settings of the site without a key in roamd, in whatever element they are.
const UNUSED: [Unused; 27] = [
    unused(&["loginFormTimeout"], Silence::At(&["5"]), OWN_PAGE),
    unused(&["autoLaunchDesktop"], ON, OWN_PAGE),
    unused(&["multiClickTimeout"], Silence::At(&["3"]), OWN_PAGE),
    unused(&["enableAppsFolderView"], ON, OWN_PAGE),
    unused(&["frameOptions"], Silence::At(&["deny"]), OWN_PAGE),
    unused(&["showDesktopsView"], ON, OWN_PAGE),
    unused(&["showAppsView"], ON, OWN_PAGE),
    unused(&["defaultView"], Silence::At(&["auto"]), OWN_PAGE),
    unused(&["upgradeAtLogin"], OFF, OWN_PAGE),
    unused(&["downloadURL"], Silence::At(&[""]), OWN_PAGE),
    unused(&["path"], Silence::At(&[""]), OWN_PAGE),
    unused(&["singleTabLaunch"], OFF, OWN_PAGE),
    unused(&["attempts"], Silence::Always, ONE_PROCESS),
    unused(&["timeout"], Silence::Always, ONE_PROCESS),
    unused(&["loopback"], Silence::Always, ONE_PROCESS),
    unused(&["loopbackPortUsingHttp"], Silence::Always, ONE_PROCESS),
    unused(&["processName"], Silence::Always, ONE_PROCESS),
    unused(&["port"], Silence::Always, ONE_PROCESS),
    unused(&["method"], Silence::At(&["auto"]), ONE_PROCESS),
    unused(&["protocolHandler"], Silence::Always, OWN_PAGE),
    unused(&["platforms"], Silence::Always, OWN_PAGE),
    unused(
        &["skipDoubleHopCheckWhenDisabled"],
        Silence::Always,
        OWN_PAGE,
    ),
    unused(&["resourcesNodes"], Silence::Always, OWN_PAGE),
    unused(&["category"], Silence::Always, OWN_PAGE),
    unused(&["id"], Silence::Always, OWN_PAGE),
    unused(&["name"], Silence::Always, OWN_PAGE),
    unused(&["enabled"], Silence::Always, OWN_PAGE),
];

/// Settings of shortcuts to applications.
const UNUSED_OF_SHORTCUTS: [Unused; 2] = [
    Unused {
        names: &["enabled"],
        silence: OFF,
        grade: Grade::Warning,
        text: "roamd serves no shortcuts to applications",
    },
    unused(&["allowSessionReconnect"], OFF, "roamd serves no shortcuts"),
];

/// A site of a file.
pub(crate) struct FoundSite<'s> {
    /// The discovery URL of its store, if it has one.
    pub(crate) discovery: Option<(Url, Setting<'s>)>,
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) site: WebSite,
}

impl FoundSite<'_> {
    /// Returns the path of the store: the path of the discovery URL without its end (SI-25).
    pub(crate) fn store_path(&self) -> Option<UrlPath> {
        let (url, _) = self.discovery.as_ref()?;
        let path = url.path();
        let end = path.len().checked_sub("/discovery".len())?;
        let (store, end) = path.split_at_checked(end)?;
        let is_discovery = end.eq_ignore_ascii_case("/discovery");
        store.parse().ok().filter(|_| is_discovery)
    }
}

const fn unused(names: &'static [&'static str], silence: Silence, text: &'static str) -> Unused {
    Unused {
        names,
        silence,
        grade: Grade::Note,
        text,
    }
}

/// Reads a site. Its path is not in the file.
pub(crate) fn read<'s>(mut record: Record<'s>, findings: &mut Findings) -> FoundSite<'s> {
    let mut found = FoundSite {
        discovery: None,
        token_lifetime: None,
        site: WebSite::default(),
    };
    for group in record.take_all(&["clientSettings", "serverSettings"]) {
        if let Some(group) = group.into_record(findings) {
            elements(group, &mut found, findings);
        }
    }
    record.finish(Grade::Note, findings);
    found
}

/// Reads the elements inside an element. The order and the depth of elements differ between
/// versions.
fn elements<'s>(parent: Record<'s>, found: &mut FoundSite<'s>, findings: &mut Findings) {
    let mut parent = parent;
    for name in CHILDREN {
        for field in parent.take_all(&[name]) {
            let Some(record) = field.into_record(findings) else {
                continue;
            };
            element(name, record, found, findings);
        }
    }
    parent.unused(&UNUSED, findings);
    parent.finish(Grade::Note, findings);
}

/// Elements of a site.
const CHILDREN: [&str; 18] = [
    "authManager",
    "userInterface",
    "workspaceControl",
    "receiverConfiguration",
    "uiViews",
    "appShortcuts",
    "pluginAssistant",
    "win32",
    "macOS",
    "html5",
    "storeProxy",
    "discoveryService",
    "communication",
    "proxy",
    "forwardedHeaders",
    "header",
    "authentication",
    "keepAlive",
];

fn element<'s>(
    name: &str,
    mut record: Record<'s>,
    found: &mut FoundSite<'s>,
    findings: &mut Findings,
) {
    match name {
        "workspaceControl" => {
            found.site.workspace_control = Some(workspace_control(&mut record, findings));
        }
        "appShortcuts" => record.unused(&UNUSED_OF_SHORTCUTS, findings),
        "html5" => {
            record.unused(
                &[Unused {
                    names: &["enabled"],
                    silence: OFF,
                    grade: Grade::Warning,
                    text: NO_HTML5,
                }],
                findings,
            );
        }
        "discoveryService" => found.discovery = discovery(&mut record, findings),
        "authentication" => {
            let names = ["tokenLifeTime"];
            found.token_lifetime = lifetime(&mut record, &names, "token_lifetime", findings);
        }
        "proxy" => {
            record.unused(
                &[Unused {
                    names: &["enabled"],
                    silence: OFF,
                    grade: Grade::Note,
                    text: ONE_PROCESS,
                }],
                findings,
            );
        }
        "forwardedHeaders" => {
            // The proxies in front of the server are named in `trusted_proxies`.
            record.take_all(&["header"]);
        }
        _ => {}
    }
    elements(record, found, findings);
}

fn discovery<'s>(record: &mut Record<'s>, findings: &mut Findings) -> Option<(Url, Setting<'s>)> {
    record.read(&["url"], findings, |text| {
        let url = Url::parse(text).map_err(|_| "has to be a URL")?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err("has to be an http or https URL"),
        }
    })
}

fn workspace_control(record: &mut Record<'_>, findings: &mut Findings) -> WorkspaceControl {
    let mut flag = |name: &str| {
        let flag = record.flag(&[name], findings);
        flag.is_none_or(|(flag, _)| flag)
    };
    let enabled = flag("enabled");
    let auto_reconnect_at_logon = flag("autoReconnectAtLogon");
    let show_reconnect_button = flag("showReconnectButton");
    let show_disconnect_button = flag("showDisconnectButton");
    let action = record.read(&["logoffAction"], findings, |text| {
        match text.to_ascii_lowercase().as_str() {
            "disconnect" | "0" => Ok(LogoffAction::Disconnect),
            "terminate" | "1" => Ok(LogoffAction::Terminate),
            "none" | "2" => Ok(LogoffAction::None),
            _ => Err("has to be disconnect, terminate or none"),
        }
    });
    WorkspaceControl {
        enabled,
        auto_reconnect_at_logon,
        logoff_action: action.map_or(LogoffAction::Disconnect, |(action, _)| action),
        show_reconnect_button,
        show_disconnect_button,
    }
}

/// Returns the minutes of `sessionState`, which end unused sign-ins.
pub(crate) fn idle_minutes(mut session: Record<'_>, findings: &mut Findings) -> Option<u64> {
    let (minutes, setting) = session.number(&["timeout"], findings)?;
    if (1..=1_440).contains(&minutes) {
        return Some(minutes);
    }
    let text = "has to be 1 to 1440 minutes; roamd uses its default";
    let finding = setting.finding(Grade::Warning, text).key("idle_minutes");
    findings.add(setting.place, finding);
    None
}
