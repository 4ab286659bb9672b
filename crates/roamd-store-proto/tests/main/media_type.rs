//! Content negotiation, ST-1 to ST-6, SS-15, SS-60, SS-61.

use roamd_store_proto::media_type::{
    FORM, REQUEST_TOKEN_RESPONSE, SESSION_PARAMS, SESSION_RESULT, SESSION_RESULTS, SESSION_STATE,
    is, negotiate,
};

#[test]
fn content_type_ignores_parameters_and_case() {
    // SS-15, ST-6, CQ-3
    for value in [
        "application/vnd.citrix.sessionparams+xml",
        "application/vnd.citrix.sessionparams+xml;charset=utf-8",
        "application/vnd.citrix.sessionparams+xml ; charset=\"utf-8\"",
        " Application/VND.Citrix.SessionParams+XML\t",
    ] {
        assert!(is(value, SESSION_PARAMS), "{value:?}");
    }
    for value in [
        "",
        "application/xml",
        "application/vnd.citrix.sessionparams+xml2",
        "application/vnd.citrix.sessionparams+xml,application/vnd.citrix.sessionparams+xml",
        ";application/vnd.citrix.sessionparams+xml",
    ] {
        assert!(!is(value, SESSION_PARAMS), "{value:?}");
    }
}

#[test]
fn negotiation_picks_the_first_matching_value() {
    let results: &[&str] = &[SESSION_RESULTS, SESSION_RESULT];
    let (plural, singular) = (SESSION_RESULTS, SESSION_RESULT);
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        ("SS-60: no line", &[], Some(plural)),
        ("SS-61: anything", &["*/*"], Some(plural)),
        (
            "an old library's anything",
            &["text/html, *; q=.2"],
            Some(plural),
        ),
        ("SS-61: any application", &["application/*"], Some(plural)),
        (
            "SS-61: other names of XML",
            &["text/xml, application/xml"],
            None,
        ),
        ("another kind", &["text/*"], None),
        ("SS-49: plural", &[plural], Some(plural)),
        ("SS-49: singular", &[singular], Some(singular)),
        (
            "order",
            &["application/vnd.citrix.sessionresult+xml, */*"],
            Some(singular),
        ),
        (
            "order, anything first",
            &["*/*, application/vnd.citrix.sessionresult+xml"],
            Some(plural),
        ),
        (
            "not understood first",
            &["image/png,application/vnd.citrix.sessionresult+xml"],
            Some(singular),
        ),
        (
            "case",
            &["Application/VND.citrix.SESSIONRESULT+xml"],
            Some(singular),
        ),
        (
            "parameters",
            &["application/vnd.citrix.sessionresult+xml;charset=utf-8;v=1"],
            Some(singular),
        ),
        (
            "ST-4: lines",
            &[
                "text/html",
                "",
                " application/vnd.citrix.sessionresult+xml ",
            ],
            Some(singular),
        ),
        (
            "ST-4: blanks",
            &["\ttext/html ,\t application/vnd.citrix.sessionresult+xml"],
            Some(singular),
        ),
        (
            "SS-60: q does not reorder",
            &[
                "application/vnd.citrix.sessionresult+xml;q=0.1, application/vnd.citrix.sessionresults+xml;q=1",
            ],
            Some(singular),
        ),
        ("SS-60: present but empty", &[""], None),
        ("commas only", &[", ,,"], None),
        ("no media range", &["xml", "/", "application"], None),
        (
            "ST-3: q=0",
            &["application/vnd.citrix.sessionresults+xml;q=0"],
            None,
        ),
        ("q=0 in other clothes", &["*/*; Q = 0.000"], None),
        (
            "q=0 of one",
            &["*/*, application/vnd.citrix.sessionresults+xml;q=0"],
            Some(singular),
        ),
        (
            "q=0 of one, before",
            &["application/vnd.citrix.sessionresults+xml;q=0, application/*"],
            Some(singular),
        ),
        (
            "q=0 of one, on another line",
            &["*/*", "application/vnd.citrix.sessionresults+xml;q=0.0"],
            Some(singular),
        ),
        (
            "q=0 of all others",
            &["application/vnd.citrix.sessionresult+xml, */*;q=0"],
            Some(singular),
        ),
        ("q=0 of the kind", &["*/*, application/*;q=0"], None),
        (
            "yes and no",
            &[
                "application/vnd.citrix.sessionresult+xml, application/vnd.citrix.sessionresult+xml;q=0",
            ],
            None,
        ),
        (
            "a q that is none",
            &["application/vnd.citrix.sessionresult+xml;q=high"],
            Some(singular),
        ),
        (
            "a tiny q",
            &["application/vnd.citrix.sessionresult+xml;q=0.001"],
            Some(singular),
        ),
    ];
    for (name, accept, expected) in cases {
        assert_eq!(negotiate(accept, results), *expected, "{name}");
    }
}

#[test]
fn two_thousand_accept_values_are_negotiated() {
    let mut values = vec!["text/html"; 1999];
    values.push(SESSION_STATE);
    assert_eq!(
        negotiate(&[&values.join(",")], &[SESSION_STATE]),
        Some(SESSION_STATE)
    );
    assert_eq!(negotiate(&values, &[SESSION_STATE]), Some(SESSION_STATE));
}

#[test]
fn negotiation_of_a_form_accepts_text() {
    // CA-44
    let offered = [FORM, REQUEST_TOKEN_RESPONSE, "text/xml"];
    assert_eq!(
        negotiate(&["text/xml, text/html"], &offered),
        Some("text/xml")
    );
    assert_eq!(negotiate(&["text/html"], &offered), None);
}
