//! Branding of the page (WA-120).

use roamd_testsuite::{Options, TestEnvironment};

use super::browser::{Browser, assert_refused, json, set_cookies};

#[tokio::test]
async fn site_without_branding_leaves_it_to_the_page() {
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    let branding = browser.send("GET", "branding.json", &[], "").await;
    assert_eq!(
        branding.text(),
        "{\"accent\":null,\"helpLink\":null,\"helpText\":null,\"logo\":null,\"name\":null}"
    );
    assert_eq!(set_cookies(&branding), [""; 0], "no session begins");
    let logo = browser.send("GET", "branding/00ff", &[], "").await;
    assert_refused(&logo, 404, "no logo");
}

#[tokio::test]
async fn logo_is_served_from_the_site_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let png = "\u{89}PNG\r\n\u{1a}\n";
    let png: Vec<u8> = png.chars().map(|c| c as u8).collect();
    for (name, content, media) in [
        ("logo.svg", svg.as_bytes(), "image/svg+xml"),
        ("logo.png", &png, "image/png"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let env = TestEnvironment::start(Options {
            store: format!(
                "[store.web.branding]\nname = \"St. Mary's <b>\"\nlogo_file = {file:?}\n\
                 accent = \"#0B5CAD\"\nhelp_text = \"Call 4711.\"\n\
                 help_link = \"https://help.example.net/a?b=c\""
            ),
            ..Options::default()
        })
        .await;
        let mut browser = Browser::new(&env);
        let branding = json(&browser.send("GET", "branding.json", &[], "").await);
        assert_eq!(branding["name"], "St. Mary's <b>");
        assert_eq!(branding["accent"], "#0b5cad");
        assert_eq!(branding["helpText"], "Call 4711.");
        assert_eq!(branding["helpLink"], "https://help.example.net/a?b=c");
        let url = branding["logo"].as_str().unwrap();
        let logo = browser.send("GET", url, &[], "").await;
        assert_eq!((logo.status, &*logo.body), (200, content));
        for (name, value) in [
            ("content-type", media),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "public, max-age=31536000, immutable"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            ),
        ] {
            assert_eq!(logo.header(name), Some(value), "{name}");
        }
        assert_eq!(set_cookies(&logo), [""; 0]);
        let earlier = format!("branding/{}", "0".repeat(32));
        let other = browser.send("GET", &earlier, &[], "").await;
        assert_refused(&other, 404, "an earlier logo");
        let posted = browser.post("branding.json", "").await;
        assert_refused(&posted, 405, "POST");
    }
}
