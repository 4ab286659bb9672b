//! Parameters of requests, web-api.md §2.

use roamd_web_proto::{Details, Parameters, SessionType};

#[test]
fn details_of_real_clients_are_read() {
    // WA-10, WA-12, WA-13
    for (body, expected) in [
        ("", Details::Default),
        ("format=json&resourceDetails=Default", Details::Default),
        ("format=json&resourceDetails=Full", Details::Full),
        (
            "resourceDetails=Default&format=json&resourceDetails=full",
            Details::Full,
        ),
        (
            "resourceDetails=Full&resourceDetails=Other",
            Details::Default,
        ),
        ("resourcesDetails=Full", Details::Default),
        (r#"{"resourceDetails":"Full"}"#, Details::Full),
        (r#"{"resourceDetails":7}"#, Details::Default),
        (r#"{"resourceDetails":"Full""#, Details::Default),
        ("[1]", Details::Default),
        ("\0\u{feff}%zz&&==", Details::Default),
    ] {
        let read = Parameters::decode(body.as_bytes());
        assert_eq!(read.details, expected, "{body}");
        assert_eq!(read.session_type, None);
    }
}

#[test]
fn session_types_are_read_and_unknown_ones_are_ignored() {
    // WA-93
    for (body, expected) in [
        (
            "resourceTypes=Citrix.MPS.Application",
            Some(SessionType::Applications),
        ),
        (
            "resourceTypes=citrix.mps.desktop",
            Some(SessionType::Desktops),
        ),
        ("resourceTypes=Citrix.MPS.Document", None),
        ("excludeActive=true", None),
    ] {
        let read = Parameters::decode(body.as_bytes());
        assert_eq!(read.session_type, expected, "{body}");
    }
}

#[test]
fn title_is_decoded_and_bounded() {
    // WA-11, WA-80
    let title = |body: &str| Parameters::decode(body.as_bytes()).title;
    assert_eq!(
        title("displayNameDesktopTitle=My+100%25+%w%20PC").as_deref(),
        Some("My 100% %w PC")
    );
    assert_eq!(title("displayNameDesktopTitle=++"), None);
    let long = format!("displayNameDesktopTitle={}", "x".repeat(257));
    assert_eq!(title(&long), None);
}
