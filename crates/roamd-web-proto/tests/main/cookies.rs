//! Cookies, web-api.md §3.

use roamd_web_proto::{CookieScope, Cookies, DeviceId};

#[test]
fn cookies_of_real_clients_are_read() {
    let read = |line: &'static str| {
        let cookies = Cookies::parse([line]);
        [cookies.session, cookies.csrf, cookies.auth, cookies.device].map(|values| values.join("+"))
    };
    for (line, expected) in [
        (
            "ASP.NET_SessionId=a; CsrfToken=b; CtxsAuthId=c; CtxsDeviceId=d",
            ["a", "b", "c", "d"],
        ),
        // WA-27: clients that write cookies themselves
        ("csrftoken=b;asp.net_sessionid=a", ["a", "b", "", ""]),
        ("CtxsAuthId=c; CtxsAuthId=c", ["", "", "c", ""]),
        ("CtxsAuthId=c; ctxsauthid=x", ["", "", "c+x", ""]),
        ("CsrfToken=b,CtxsAuthId=\"c\"", ["", "b", "c", ""]),
        // WA-28
        (
            "CtxsClientDetectionDon=true; NSC_AAAC=x; CtxsAuthMethod=c; noise; =; CsrfToken=",
            ["", "", "", ""],
        ),
        (
            "CsrfToken=1; CsrfToken=2; CsrfToken=3; CsrfToken=4; CsrfToken=5",
            ["", "1+2+3+4", "", ""],
        ),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
    let lines = Cookies::parse(["CsrfToken=b", "CtxsAuthId=c"]);
    assert_eq!((lines.csrf, lines.auth), (vec!["b"], vec!["c"]));
}

#[test]
fn cookies_have_the_attributes_of_the_public_url() {
    // WA-23, WA-24, WA-29, WA-30, WA-33, WA-71
    for (secure, end) in [(false, ""), (true, "; Secure")] {
        let scope = CookieScope {
            path: "/Citrix/StoreWeb/",
            secure,
        };
        let [session, csrf, auth] = scope.cleared();
        for (line, expected) in [
            (
                scope.session("k2"),
                "ASP.NET_SessionId=k2; path=/; HttpOnly",
            ),
            (
                scope.csrf("5D0C"),
                "CsrfToken=5D0C; path=/Citrix/StoreWeb/; SameSite=Lax",
            ),
            (
                scope.auth("9A41"),
                "CtxsAuthId=9A41; path=/Citrix/StoreWeb/; HttpOnly; SameSite=Lax",
            ),
            (
                scope.device("WR_x"),
                "CtxsDeviceId=WR_x; path=/Citrix/StoreWeb/; Max-Age=63072000; HttpOnly; \
                 SameSite=Lax",
            ),
            (session, "ASP.NET_SessionId=; path=/; Max-Age=0; HttpOnly"),
            (
                csrf,
                "CsrfToken=; path=/Citrix/StoreWeb/; Max-Age=0; SameSite=Lax",
            ),
            (
                auth,
                "CtxsAuthId=; path=/Citrix/StoreWeb/; Max-Age=0; HttpOnly; SameSite=Lax",
            ),
        ] {
            assert_eq!(line, format!("{expected}{end}"));
            assert!(!line.contains(','), "clients split at commas: {line}");
        }
    }
}

#[test]
fn device_ids_fit_a_client_name() {
    // WA-33
    for (text, is_valid) in [
        ("WR_kiosk07aaaaaaaaaa", true),
        ("x", true),
        ("-_aZ9", true),
        ("", false),
        ("WR_kiosk07aaaaaaaaaaa", false),
        ("WR kiosk", false),
        ("WR_<b>", false),
        ("WR_\u{e4}", false),
    ] {
        let id = DeviceId::parse(text);
        assert_eq!(id.as_ref().map(DeviceId::as_str), is_valid.then_some(text));
    }
    let made = DeviceId::new("0123456789abcdefghij").unwrap();
    assert_eq!(made.as_str(), "WR_0123456789abcdefg");
    assert_eq!(DeviceId::new("short"), None);
    assert_eq!(DeviceId::new("0123456789abcdef,hij"), None);
}
