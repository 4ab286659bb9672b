//! The rule against requests of other sites, web-api.md §4.

use roamd_web_proto::WebRoute;
use roamd_web_proto::csrf::{Facts, Forbidden, HttpsFlag, Method, Session, Token, check};

const SITE: &str = "/Citrix/StoreWeb";

/// A POST of a browser in a live session, with everything that a page sends.
const GOOD: Facts = Facts {
    method: Method::Post,
    session: Session::Live,
    header: Token::Right,
    query: Token::Absent,
    cookie: Token::Right,
    https_flag: HttpsFlag::Valid,
    is_cross_site: false,
};

fn route(path: &str) -> WebRoute<'_> {
    WebRoute::of(path, SITE).unwrap()
}

fn is_allowed(below: &str, facts: Facts) -> bool {
    check(route(&format!("{SITE}/{below}")), &facts) == Ok(())
}

/// Paths that a request without a token, but with its cookie, may have before the sign-in.
const BEFORE_SIGN_IN: [&str; 8] = [
    "Home/Configuration",
    "Authentication/GetAuthMethods",
    "Resources/List",
    "ExplicitAuth/Login",
    "ExplicitAuth/LoginAttempt",
    "ExplicitAuth/SendForm",
    "ExplicitAuth/SendForm/QTcx",
    "ExplicitAuth/CancelForm",
];

const PROTECTED: [&str; 12] = [
    "Home/KeepAlive",
    "Authentication/GetUserName",
    "Authentication/Logoff",
    "ExplicitAuth/AllowSelfServiceAccountManagement",
    "ExplicitAuth/GetChangeCredentialForm",
    "PostCredentialsAuth/Login",
    "Resources/GetLaunchStatus/WEEx",
    "Resources/LaunchIca/WEEx",
    "Sessions/ListAvailable",
    "Sessions/List",
    "Sessions/Disconnect",
    "Sessions/Logoff",
];

#[test]
fn csrf_matrix_holds() {
    // WA-36, WA-37: {no, live, signed-in session} × {no, right, wrong token} × {POST, GET, HEAD} ×
    // {header, query} × {cookie}; a dead session is no session, and the token of another session
    // a wrong one
    let sessions = [Session::None, Session::Live, Session::SignedIn];
    let tokens = [Token::Absent, Token::Right, Token::Wrong];
    let methods = [Method::Post, Method::Get, Method::Head];
    for below in BEFORE_SIGN_IN.into_iter().chain(PROTECTED) {
        for session in sessions {
            for method in methods {
                for header in tokens {
                    for query in tokens {
                        for cookie in tokens {
                            let facts = Facts {
                                method,
                                session,
                                header,
                                query,
                                cookie,
                                ..GOOD
                            };
                            let expected = expected(below, &facts);
                            assert_eq!(is_allowed(below, facts), expected, "{below} {facts:?}");
                        }
                    }
                }
            }
        }
    }
}

/// The rule in the words of the document.
fn expected(below: &str, facts: &Facts) -> bool {
    if facts.session == Session::None {
        return true;
    }
    if [facts.header, facts.query].contains(&Token::Wrong) {
        return false;
    }
    let is_get = facts.method == Method::Get;
    let counts = |token| token == Token::Right;
    let has_token =
        counts(facts.header) || (is_get && counts(facts.query) && below != "Sessions/Disconnect");
    let always = ["Home/Configuration", "Authentication/GetAuthMethods"].contains(&below);
    let before = BEFORE_SIGN_IN.contains(&below) && facts.session == Session::Live;
    let by_cookie = (always || before) && facts.cookie == Token::Right;
    let is_absent = facts.header == Token::Absent && facts.query == Token::Absent;
    has_token || (is_absent && by_cookie)
}

#[test]
fn page_branding_and_icons_need_no_token() {
    // WA-87, WA-120
    let bare = Facts {
        session: Session::SignedIn,
        header: Token::Absent,
        cookie: Token::Absent,
        https_flag: HttpsFlag::Absent,
        is_cross_site: true,
        ..GOOD
    };
    for method in [Method::Get, Method::Post, Method::Head] {
        let facts = Facts { method, ..bare };
        for below in [
            "",
            "branding.json",
            "branding/00ff",
            "Resources/Icon/WEEx",
            "Resources/Icon/WEEx/48",
        ] {
            assert!(is_allowed(below, facts), "{below}");
        }
    }
}

#[test]
fn https_flag_is_required_except_for_get_and_forms() {
    // WA-38
    for (value, flag) in [
        (None, HttpsFlag::Absent),
        (Some("Yes"), HttpsFlag::Valid),
        (Some("no"), HttpsFlag::Valid),
        (Some("yEs "), HttpsFlag::Valid),
        (Some(""), HttpsFlag::Invalid),
        (Some("true"), HttpsFlag::Invalid),
    ] {
        assert_eq!(HttpsFlag::of(value), flag, "{value:?}");
        for below in BEFORE_SIGN_IN.into_iter().chain(PROTECTED) {
            for method in [Method::Post, Method::Get, Method::Head] {
                let is_form = ["LoginAttempt", "SendForm", "CancelForm"]
                    .iter()
                    .any(|name| below.contains(name));
                let expected = method == Method::Get
                    || flag == HttpsFlag::Valid
                    || (is_form && flag == HttpsFlag::Absent);
                let facts = Facts {
                    method,
                    https_flag: flag,
                    ..GOOD
                };
                assert_eq!(is_allowed(below, facts), expected, "{below} {facts:?}");
            }
        }
    }
}

#[test]
fn another_site_neither_begins_a_session_nor_signs_in() {
    // WA-37
    for (below, session, expected) in [
        ("Home/Configuration", Session::None, false),
        ("Resources/List", Session::None, false),
        ("Authentication/GetAuthMethods", Session::None, false),
        ("ExplicitAuth/Login", Session::None, false),
        ("ExplicitAuth/LoginAttempt", Session::None, false),
        ("ExplicitAuth/LoginAttempt", Session::Live, false),
        ("ExplicitAuth/SendForm", Session::SignedIn, false),
        ("ExplicitAuth/SendForm/QTcx", Session::Live, false),
        ("PostCredentialsAuth/Login", Session::None, false),
        ("PostCredentialsAuth/Login", Session::Live, false),
        // With the right token, the origin does not matter.
        ("Home/Configuration", Session::Live, true),
        ("Resources/List", Session::SignedIn, true),
    ] {
        let facts = Facts {
            session,
            is_cross_site: true,
            ..GOOD
        };
        assert_eq!(is_allowed(below, facts), expected, "{below} {session:?}");
    }
}

#[test]
fn refusal_says_nothing() {
    // WA-39
    let facts = Facts {
        header: Token::Wrong,
        ..GOOD
    };
    let refused = check(route("/Citrix/StoreWeb/Sessions/Logoff"), &facts);
    assert_eq!(refused, Err(Forbidden));
}
