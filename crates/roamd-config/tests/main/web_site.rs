use std::time::Duration;

use roamd_config::{LogoffAction, WebSite, WorkspaceControl};

use crate::support::{assert_errors, config, error_at, errors, parse};

fn site(keys: &str) -> Option<WebSite> {
    let config = parse(&config("", keys, "")).unwrap();
    config.stores[0].web.clone()
}

#[test]
fn store_has_a_web_site_by_default() {
    // WA-6, WA-32, WA-49
    let expected = WebSite {
        path: "/Citrix/StoreWeb".parse().unwrap(),
        idle: Duration::from_secs(20 * 60),
        workspace_control: WorkspaceControl {
            enabled: true,
            auto_reconnect_at_logon: true,
            logoff_action: LogoffAction::Disconnect,
            show_reconnect_button: true,
            show_disconnect_button: true,
        },
    };
    assert_eq!(site(""), Some(expected));
}

#[test]
fn every_key_of_a_web_site_is_read() {
    let read = site(
        "[store.web]\nenabled = true\npath = \"/web\"\nidle_minutes = 1440\n\
         [store.web.workspace_control]\nenabled = false\nauto_reconnect_at_logon = false\n\
         logoff_action = \"terminate\"\nshow_reconnect_button = false\n\
         show_disconnect_button = false",
    );
    let expected = WebSite {
        path: "/web".parse().unwrap(),
        idle: Duration::from_secs(24 * 60 * 60),
        workspace_control: WorkspaceControl {
            enabled: false,
            auto_reconnect_at_logon: false,
            logoff_action: LogoffAction::Terminate,
            show_reconnect_button: false,
            show_disconnect_button: false,
        },
    };
    assert_eq!(read, Some(expected));
    assert_eq!(site("[store.web]\nenabled = false"), None);
}

#[test]
fn error_of_a_web_site_is_reported_with_its_line() {
    let section = "[store.web]";
    for (keys, beginning, problem) in [
        (
            "idle_minutes = 0",
            "idle_minutes",
            "`idle_minutes` has to be a whole number from 1 to 1440",
        ),
        (
            "path = \"/metrics\"",
            "path = \"/metrics\"",
            "`path` must not be /metrics or below it; the server uses that",
        ),
        (
            "path = \"/Citrix/store/web\"",
            "path = \"/Citrix/store/web\"",
            "path `/Citrix/store/web` of [store.web] overlaps store `/Citrix/Store`",
        ),
        (
            "path = \"/Citrix/StoreAuth\"",
            "listen",
            "path `/Citrix/StoreAuth` of [authentication] overlaps web site `/Citrix/StoreAuth`",
        ),
        (
            "post_credential = true",
            "post_credential",
            "`post_credential` is not a key of [store.web]",
        ),
        (
            "[store.web.workspace_control]\nlogoff_action = \"logoff\"",
            "logoff_action",
            "`logoff_action` has to be one of disconnect, terminate, none",
        ),
    ] {
        let text = config("", &format!("{section}\n{keys}"), "");
        assert_eq!(errors(&text), [error_at(&text, beginning, problem)]);
    }
    assert_errors(&[("", "web = 1", "", "`web` has to be a table, [store.web]")]);
}

#[test]
fn sites_and_stores_do_not_overlap() {
    let farm = "[[store.farm]]\nid = \"XA2\"\nname = \"Farm2\"\ngeneration = \"xenapp-6\"\n\
                controllers = [\"http://10.0.0.12:8080\"]\n";
    for (store, problem) in [
        (
            "path = \"/Citrix/StoreWeb\"",
            "path `/Citrix/StoreWeb` overlaps web site `/Citrix/StoreWeb`",
        ),
        (
            "path = \"/other\"\nweb.path = \"/citrix/storeweb\"",
            "path `/citrix/storeweb` of [store.web] overlaps web site `/Citrix/StoreWeb`",
        ),
    ] {
        let text = format!("{}[[store]]\n{store}\n{farm}", config("", "", ""));
        let errors = errors(&text);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].ends_with(problem), "{errors:?}");
    }
}
