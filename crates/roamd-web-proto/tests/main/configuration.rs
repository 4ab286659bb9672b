//! The configuration of a site, web-api.md §6.

use roamd_web_proto::{ClientSettings, LogoffAction, WorkspaceControl};

use crate::text;

const CONTROL: WorkspaceControl = WorkspaceControl {
    enabled: true,
    auto_reconnect_at_logon: true,
    logoff_action: LogoffAction::Disconnect,
    show_reconnect_button: true,
    show_disconnect_button: true,
};

#[test]
fn configuration_has_all_elements_that_clients_walk_to() {
    // WA-19, WA-48 to WA-51
    let settings = ClientSettings {
        idle_minutes: 20,
        user_languages: Some("de-CH, \"<&>\";q=0.9"),
        workspace_control: CONTROL,
    };
    let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <clientSettings xmlns=\"http://citrix.com/delivery-services/webAPI/2-6/clientConfig\">\
        <session timeout=\"20\" \
        userLanguages=\"de-CH, &quot;&lt;&amp;&gt;&quot;;q=0.9\"/>\
        <authManager getUsernameURL=\"Authentication/GetUserName\" \
        logoffURL=\"Authentication/Logoff\" \
        changeCredentialsURL=\"ExplicitAuth/GetChangeCredentialForm\" loginFormTimeout=\"5\" \
        allowSelfServiceAccountManagementURL=\
        \"ExplicitAuth/AllowSelfServiceAccountManagement\"/>\
        <storeProxy keepAliveURL=\"Home/KeepAlive\">\
        <resourcesProxy listURL=\"Resources/List\" resourceDetails=\"default\"/>\
        <sessionsProxy listAvailableURL=\"Sessions/ListAvailable\" \
        disconnectURL=\"Sessions/Disconnect\" logoffURL=\"Sessions/Logoff\"/>\
        <clientAssistantProxy getDetectionTicketURL=\"ClientAssistant/GetDetectionTicket\" \
        getDetectionStatusURL=\"ClientAssistant/GetDetectionStatus\"/></storeProxy>\
        <pluginAssistant enabled=\"false\" upgradeAtLogin=\"false\" showAfterLogin=\"false\">\
        <win32 path=\"\"/><macOS path=\"\" minimumSupportedOSVersion=\"\"/>\
        <html5 enabled=\"Off\" platforms=\"\" launchURL=\"\" preferences=\"\" \
        singleTabLaunch=\"false\" chromeAppOrigins=\"\"/>\
        <protocolHandler enabled=\"false\" platforms=\"\" \
        skipDoubleHopCheckWhenDisabled=\"false\"/></pluginAssistant>\
        <userInterface frameOptions=\"deny\" autoLaunchDesktop=\"false\" \
        multiClickTimeout=\"3\" enableAppsFolderView=\"true\">\
        <workspaceControl enabled=\"true\" autoReconnectAtLogon=\"true\" \
        logoffAction=\"disconnect\" showReconnectButton=\"true\" \
        showDisconnectButton=\"true\"/>\
        <receiverConfiguration enabled=\"true\" \
        downloadURL=\"ServiceRecord/GetDocument/receiverconfig.cr\"/>\
        <uiViews showDesktopsView=\"true\" showAppsView=\"true\" defaultView=\"auto\"/>\
        <appShortcuts enabled=\"false\" allowSessionReconnect=\"false\"/></userInterface>\
        <featureToggles/></clientSettings>";
    assert_eq!(text(settings.to_xml()), expected);
}

#[test]
fn workspace_control_is_that_of_the_site() {
    for (logoff_action, written) in [
        (LogoffAction::Disconnect, "disconnect"),
        (LogoffAction::Terminate, "terminate"),
        (LogoffAction::None, "none"),
    ] {
        let settings = ClientSettings {
            idle_minutes: 5,
            user_languages: None,
            workspace_control: WorkspaceControl {
                enabled: false,
                auto_reconnect_at_logon: false,
                logoff_action,
                show_reconnect_button: false,
                show_disconnect_button: true,
            },
        };
        let expected = format!(
            "<workspaceControl enabled=\"false\" autoReconnectAtLogon=\"false\" \
             logoffAction=\"{written}\" showReconnectButton=\"false\" \
             showDisconnectButton=\"true\"/>"
        );
        let text = text(settings.to_xml());
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("<session timeout=\"5\"/>"), "{text}");
    }
}

#[test]
fn endless_list_of_languages_is_not_sent_back() {
    let languages = "en,".repeat(100);
    let settings = ClientSettings {
        idle_minutes: 20,
        user_languages: Some(&languages),
        workspace_control: CONTROL,
    };
    assert!(!text(settings.to_xml()).contains("userLanguages"));
}
