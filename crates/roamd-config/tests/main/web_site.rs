use std::time::Duration;

use roamd_config::{Branding, LogoFormat, LogoffAction, WebSite, WorkspaceControl};

use crate::support::{MemoryFiles, assert_errors, config, error_at, errors, errors_with, parse};

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
        post_credentials: false,
        branding: Branding::default(),
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
         post_credentials = true\n[store.web.branding]\nname = \"Clinic\"\naccent = \"#0B5CAD\"\n\
         help_text = \"Call 4711.\"\nhelp_link = \"https://help.example.net\"\n\
         [store.web.workspace_control]\nenabled = false\nauto_reconnect_at_logon = false\n\
         logoff_action = \"terminate\"\nshow_reconnect_button = false\n\
         show_disconnect_button = false",
    );
    let expected = WebSite {
        path: "/web".parse().unwrap(),
        idle: Duration::from_secs(24 * 60 * 60),
        post_credentials: true,
        branding: Branding {
            name: Some("Clinic".to_owned()),
            logo: None,
            accent: Some("#0b5cad".parse().unwrap()),
            help_text: Some("Call 4711.".to_owned()),
            help_link: Some("https://help.example.net/".to_owned()),
        },
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
            "`post_credential` is not a key of [store.web]; did you mean `post_credentials`?",
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

#[test]
fn logo_is_a_small_png_or_svg() {
    // WA-120
    let text = config("", "[store.web.branding]\nlogo_file = \"/logo\"", "");
    let read = |content: &[u8]| {
        let files = MemoryFiles {
            files: vec![("/logo".into(), content.to_vec())],
            ..MemoryFiles::default()
        };
        let config = roamd_config::parse(&text, &files);
        config.map(|config| config.stores[0].web.clone().unwrap().branding.logo.unwrap())
    };
    let png = b"\x89PNG\r\n\x1a\n".as_slice();
    for (content, format) in [
        (png, LogoFormat::Png),
        (&[png, &[0; 65_528]].concat(), LogoFormat::Png),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            LogoFormat::Svg,
        ),
        (
            b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <a> -->\n<!DOCTYPE svg>\n<svg>\n</svg>",
            LogoFormat::Svg,
        ),
    ] {
        let logo = read(content).unwrap();
        assert_eq!((logo.format, &*logo.bytes), (format, content));
    }
    let neither = "neither a PNG nor an SVG image";
    for (content, problem) in [
        (b"".as_slice(), neither),
        (b"GIF89a", neither),
        (b"<html><svg></svg></html>", neither),
        (b"<svgx>", neither),
        (b"<!-- <svg>", neither),
        (b"<svg\xff>", neither),
        (&[png, &[0; 65_529]].concat(), "larger than 64 KiB"),
    ] {
        let [error] = read(content).unwrap_err().try_into().unwrap();
        let problem = format!("`logo_file` names a file that is {problem}");
        assert_eq!(error.to_string(), error_at(&text, "logo_file", &problem));
    }
    let [missing] = errors_with(&text, &MemoryFiles::default())
        .try_into()
        .unwrap();
    assert!(
        missing.contains("names a file that cannot be read"),
        "{missing}"
    );
}

#[test]
fn accent_must_be_readable_on_white() {
    // WA-120: contrast by the formula of WCAG 2
    for (accent, problem) in [
        ("#000000", None),
        ("#767676", None),
        ("#777777", Some("a contrast of 4.4 to white")),
        ("#ffffff", Some("a contrast of 1 to white")),
        ("#FFD700", Some("a contrast of 1.4 to white")),
        ("0b5cad", Some("has to be a colour, such as \"#0b5cad\"")),
        ("#0b5ca", Some("has to be a colour")),
        ("#+b5cad", Some("has to be a colour")),
        ("red", Some("has to be a colour")),
    ] {
        let text = config(
            "",
            &format!("[store.web.branding]\naccent = {accent:?}"),
            "",
        );
        let errors = errors(&text).join(", ");
        match problem {
            None => assert_eq!(errors, "", "{accent}"),
            Some(problem) => assert!(errors.contains(problem), "{accent}: {errors}"),
        }
    }
}

#[test]
fn texts_and_links_of_the_branding_are_checked() {
    // WA-120
    let long = format!("name = {:?}", "x".repeat(61));
    for (key, problem) in [
        ("name = \"\"", "`name` has to be a name"),
        (&*long, "`name` must not have more than 60 characters"),
        ("help_text = \"a\\nb\"", "`help_text` has to be a name"),
        (
            "help_link = \"javascript:alert(1)\"",
            "`help_link` has to be an http or https URL",
        ),
        (
            "help_link = \"/help\"",
            "`help_link` has to be an http or https URL",
        ),
        (
            "help_link = \"ftp://host/\"",
            "`help_link` has to be an http or https URL",
        ),
        (
            "help_link = \"https://a:b@host/\"",
            "`help_link` must not hold a user name",
        ),
        (
            "logo = \"https://host/logo.png\"",
            "`logo` is not a key of [store.web.branding]",
        ),
    ] {
        let text = config("", &format!("[store.web.branding]\n{key}"), "");
        let [error] = errors(&text).try_into().unwrap();
        assert!(error.contains(problem), "{error}");
    }
}
