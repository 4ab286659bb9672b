//! The configuration of the site, which clients read before they sign in (WA-47 to WA-51).

use roamd_xml::Writer;

use crate::document::{self, boolean};

const NAMESPACE: &str = "http://citrix.com/delivery-services/webAPI/2-6/clientConfig";

/// Longest list of languages that is sent back, in bytes.
const MAX_LANGUAGES: usize = 256;

/// Time in minutes after which a form is no longer shown.
const FORM_MINUTES: &str = "5";

/// The configuration of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSettings<'a> {
    /// Time after which an idle sign-in ends, in minutes.
    pub idle_minutes: u32,
    /// `Accept-Language` of the request.
    pub user_languages: Option<&'a str>,
    /// Workspace control.
    pub workspace_control: WorkspaceControl,
}

/// Workspace control: what the page does with sessions at sign-in and sign-out (WA-48, WA-49).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkspaceControl {
    /// Whether the page offers sessions at all.
    pub enabled: bool,
    /// Whether the page connects sessions when the user signs in.
    pub auto_reconnect_at_logon: bool,
    /// What the page does with sessions when the user signs out.
    pub logoff_action: LogoffAction,
    /// Whether the page has a button that connects sessions.
    pub show_reconnect_button: bool,
    /// Whether the page has a button that disconnects sessions.
    pub show_disconnect_button: bool,
}

/// What happens to sessions of this browser when the user signs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoffAction {
    /// They are disconnected.
    Disconnect,
    /// They are logged off.
    Terminate,
    /// Nothing.
    None,
}

impl ClientSettings<'_> {
    /// Encodes the configuration. It has every element that clients walk to, also for what the site
    /// does not offer (WA-50).
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin("clientSettings", NAMESPACE);
        let idle_minutes = self.idle_minutes.to_string();
        let mut session = vec![("timeout", idle_minutes.as_str())];
        let languages = self.user_languages;
        let languages = languages.filter(|languages| languages.len() <= MAX_LANGUAGES);
        session.extend(languages.map(|languages| ("userLanguages", languages)));
        writer.leaf("session", &session, "");
        writer.leaf(
            "authManager",
            &[
                ("getUsernameURL", "Authentication/GetUserName"),
                ("logoffURL", "Authentication/Logoff"),
                (
                    "changeCredentialsURL",
                    "ExplicitAuth/GetChangeCredentialForm",
                ),
                ("loginFormTimeout", FORM_MINUTES),
                (
                    "allowSelfServiceAccountManagementURL",
                    "ExplicitAuth/AllowSelfServiceAccountManagement",
                ),
            ],
            "",
        );
        store_proxy(&mut writer);
        plugin_assistant(&mut writer);
        self.workspace_control.write_user_interface(&mut writer);
        writer.leaf("featureToggles", &[], "");
        writer.finish()
    }
}

/// URLs of the store's operations.
fn store_proxy(writer: &mut Writer) {
    writer.open("storeProxy", &[("keepAliveURL", "Home/KeepAlive")]);
    writer.leaf(
        "resourcesProxy",
        &[
            ("listURL", "Resources/List"),
            ("resourceDetails", "default"),
        ],
        "",
    );
    writer.leaf(
        "sessionsProxy",
        &[
            ("listAvailableURL", "Sessions/ListAvailable"),
            ("disconnectURL", "Sessions/Disconnect"),
            ("logoffURL", "Sessions/Logoff"),
        ],
        "",
    );
    writer.leaf(
        "clientAssistantProxy",
        &[
            (
                "getDetectionTicketURL",
                "ClientAssistant/GetDetectionTicket",
            ),
            (
                "getDetectionStatusURL",
                "ClientAssistant/GetDetectionStatus",
            ),
        ],
        "",
    );
    writer.close();
}

/// The site does not install clients.
fn plugin_assistant(writer: &mut Writer) {
    let no = boolean(false);
    writer.open(
        "pluginAssistant",
        &[
            ("enabled", no),
            ("upgradeAtLogin", no),
            ("showAfterLogin", no),
        ],
    );
    writer.leaf("win32", &[("path", "")], "");
    let mac_os = [("path", ""), ("minimumSupportedOSVersion", "")];
    writer.leaf("macOS", &mac_os, "");
    writer.leaf(
        "html5",
        &[
            ("enabled", "Off"),
            ("platforms", ""),
            ("launchURL", ""),
            ("preferences", ""),
            ("singleTabLaunch", no),
            ("chromeAppOrigins", ""),
        ],
        "",
    );
    writer.leaf(
        "protocolHandler",
        &[
            ("enabled", no),
            ("platforms", ""),
            ("skipDoubleHopCheckWhenDisabled", no),
        ],
        "",
    );
    writer.close();
}

impl WorkspaceControl {
    fn write_user_interface(self, writer: &mut Writer) {
        let no = boolean(false);
        writer.open(
            "userInterface",
            &[
                ("frameOptions", "deny"),
                ("autoLaunchDesktop", no),
                ("multiClickTimeout", "3"),
                ("enableAppsFolderView", boolean(true)),
            ],
        );
        writer.leaf(
            "workspaceControl",
            &[
                ("enabled", boolean(self.enabled)),
                (
                    "autoReconnectAtLogon",
                    boolean(self.auto_reconnect_at_logon),
                ),
                ("logoffAction", self.logoff_action.as_str()),
                ("showReconnectButton", boolean(self.show_reconnect_button)),
                ("showDisconnectButton", boolean(self.show_disconnect_button)),
            ],
            "",
        );
        let file = "ServiceRecord/GetDocument/receiverconfig.cr";
        let receiver_configuration = [("enabled", boolean(true)), ("downloadURL", file)];
        writer.leaf("receiverConfiguration", &receiver_configuration, "");
        writer.leaf(
            "uiViews",
            &[
                ("showDesktopsView", boolean(true)),
                ("showAppsView", boolean(true)),
                ("defaultView", "auto"),
            ],
            "",
        );
        let app_shortcuts = [("enabled", no), ("allowSessionReconnect", no)];
        writer.leaf("appShortcuts", &app_shortcuts, "");
        writer.close();
    }
}

impl LogoffAction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::Terminate => "terminate",
            Self::None => "none",
        }
    }
}
