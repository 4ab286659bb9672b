//! Paths of a site, web-api.md §1 and §2.

use proptest::prelude::*;
use roamd_web_proto::{LaunchTarget, WebRoute};

const SITE: &str = "/Citrix/StoreWeb";

fn of(path: &str) -> Option<WebRoute<'_>> {
    WebRoute::of(path, SITE)
}

#[test]
fn every_path_names_its_route() {
    // WA-6
    use LaunchTarget::{Resource, Session};
    use WebRoute as R;
    let icon = |size| R::Icon {
        thumbprint: "WEEx",
        size,
    };
    for (below, route) in [
        ("", R::Root),
        ("/", R::Page),
        (
            "/page/0a1b/words-en.js",
            R::PageFile {
                version: "0a1b",
                name: "words-en.js",
            },
        ),
        ("/Home/Configuration", R::Configuration),
        ("/Home/KeepAlive", R::KeepAlive),
        (
            "/ServiceRecord/GetDocument/receiverconfig.cr",
            R::Provisioning,
        ),
        ("/Sessions/Explain", R::Explain),
        ("/Authentication/GetAuthMethods", R::AuthMethods),
        ("/Authentication/GetUserName", R::UserName),
        ("/Authentication/Logoff", R::SignOut),
        ("/ExplicitAuth/Login", R::Login),
        ("/ExplicitAuth/LoginAttempt", R::LoginAttempt),
        ("/ExplicitAuth/SendForm", R::SendForm { state: None }),
        (
            "/ExplicitAuth/SendForm/aB-_9",
            R::SendForm {
                state: Some("aB-_9"),
            },
        ),
        (
            "/ExplicitAuth/GetChangeCredentialForm",
            R::ChangeCredentialForm,
        ),
        (
            "/Authentication/GetChangeCredentialForm",
            R::ChangeCredentialForm,
        ),
        ("/PostCredentialsAuth/Login", R::PostCredentials),
        ("/branding.json", R::Branding),
        ("/branding/00ff", R::Logo { hash: "00ff" }),
        ("/ExplicitAuth/CancelForm", R::CancelForm),
        (
            "/ExplicitAuth/AllowSelfServiceAccountManagement",
            R::SelfService,
        ),
        ("/Resources/List", R::Resources),
        ("/Resources/Icon/WEEx", icon(None)),
        ("/Resources/Icon/WEEx/48", icon(Some("48"))),
        (
            "/Resources/GetLaunchStatus/WEEx",
            R::LaunchStatus(Resource("WEEx")),
        ),
        (
            "/Resources/LaunchIca/WEEx.ica",
            R::LaunchIca(Resource("WEEx")),
        ),
        ("/Resources/LaunchIca/WEEx", R::LaunchIca(Resource("WEEx"))),
        ("/Sessions/ListAvailable", R::Sessions),
        ("/Sessions/List", R::Activity),
        ("/Sessions/Disconnect", R::Disconnect),
        ("/Sessions/Logoff", R::LogOff),
        (
            "/Sessions/GetLaunchStatus/QTcx",
            R::LaunchStatus(Session("QTcx")),
        ),
        ("/Sessions/LaunchIca/QTcx", R::LaunchIca(Session("QTcx"))),
        (
            "/Sessions/LaunchIca/QTcx.ica",
            R::LaunchIca(Session("QTcx")),
        ),
        ("/Sessions/Launch/QTcx.ICA", R::LaunchIca(Session("QTcx"))),
    ] {
        let path = format!("{SITE}{below}");
        assert_eq!(of(&path), Some(route), "{path}");
    }
}

#[test]
fn case_slash_runs_and_blanks_at_the_end_do_not_matter() {
    // WA-8
    for path in [
        "/Citrix/StoreWeb/Resources/List",
        "/citrix/storeWeb/resources/LIST",
        "/Citrix/StoreWeb//Resources/List",
        "//Citrix///StoreWeb/Resources//List/",
        "/Citrix/StoreWeb/Resources/List%20",
        "/Citrix/StoreWeb/Resources/List/%20%20",
    ] {
        assert_eq!(of(path), Some(WebRoute::Resources), "{path}");
    }
    // Identifiers keep their case.
    let id = of("/CITRIX/STOREWEB/SESSIONS/LAUNCHICA/aB-_9.ica");
    assert_eq!(
        id,
        Some(WebRoute::LaunchIca(LaunchTarget::Session("aB-_9")))
    );
}

#[test]
fn unserved_path_names_nothing() {
    // WA-5: what comes in later stages, and what never comes
    for path in [
        "/",
        "",
        "Citrix/StoreWeb/Resources/List",
        "/Citrix/StoreWebX/Resources/List",
        "/Citrix/Store",
        "/Citrix/StoreWeb/Resources",
        "/Citrix/StoreWeb/Resources/List/x",
        "/Citrix/StoreWeb/Resources/Launch/WEEx",
        "/Citrix/StoreWeb/Resources/LaunchIca/.ica",
        "/Citrix/StoreWeb/Resources/LaunchIca/a.b.ica",
        "/Citrix/StoreWeb/Resources/LaunchIca/a%2Fb",
        "/Citrix/StoreWeb/Resources/Icon/WEEx/48/x",
        "/Citrix/StoreWeb/../Resources/List",
        "/Citrix/StoreWeb/ExplicitAuth/SendForm/a.b",
        "/Citrix/StoreWeb/ExplicitAuth/SendForm/a/b",
        "/Citrix/StoreWeb/branding",
        "/Citrix/StoreWeb/branding/logo.png",
        "/Citrix/StoreWeb/ClientAssistant/reportDetectionStatus",
        "/Citrix/StoreWeb/Resources/PowerOff/WEEx",
        "/Citrix/StoreWeb/Resources/Subscription/WEEx",
        "/Citrix/StoreWeb/GatewayAuth/Login",
        "/Citrix/StoreWeb/DomainPassthroughAuth/Login",
    ] {
        assert_eq!(of(path), None, "{path}");
    }
}

#[test]
fn site_is_spelled_as_in_the_request() {
    // WA-23: cookie jars compare paths with regard to case
    for (path, spelled) in [
        ("/Citrix/StoreWeb", Some("/Citrix/StoreWeb/")),
        (
            "/citrix/storeWeb//Resources/List",
            Some("/citrix/storeWeb/"),
        ),
        ("//CITRIX//storeweb/x", Some("/CITRIX/storeweb/")),
        ("/Citrix/Store/x", None),
    ] {
        assert_eq!(WebRoute::site_of(path, SITE).as_deref(), spelled, "{path}");
    }
}

#[test]
fn changes_have_no_get_except_disconnect_and_launch() {
    // WA-9, WA-108
    for (path, allow) in [
        ("/Citrix/StoreWeb/Sessions/Logoff", "POST"),
        ("/Citrix/StoreWeb/Sessions/Disconnect", "GET, POST"),
        ("/Citrix/StoreWeb/Authentication/Logoff", "POST"),
        ("/Citrix/StoreWeb/Sessions/List", "GET"),
        ("/Citrix/StoreWeb/ExplicitAuth/Login", "POST"),
        ("/Citrix/StoreWeb/Home/Configuration", "GET, POST"),
        ("/Citrix/StoreWeb/Home/KeepAlive", "GET, HEAD"),
        ("/Citrix/StoreWeb/Resources/Icon/WEEx", "GET, POST"),
        ("/Citrix/StoreWeb/Resources/LaunchIca/WEEx", "GET, POST"),
    ] {
        assert_eq!(of(path).unwrap().allow(), allow, "{path}");
    }
}

proptest! {
    #[test]
    fn any_path_is_read_without_panic(path in "[/a-zA-Z.%20-]{0,80}") {
        let path = format!("{SITE}{path}");
        if of(&path).is_some() {
            prop_assert!(WebRoute::site_of(&path, SITE).is_some());
        }
    }
}
