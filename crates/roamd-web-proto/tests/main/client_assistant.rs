//! Parameters of the URLs that pages open for a native client.

use data_encoding::BASE64;
use proptest::prelude::*;
use roamd_web_proto::ticket_of_parameters;

/// How pages write the parameters.
fn written(form: &str) -> [String; 4] {
    let text = BASE64.encode(form.as_bytes());
    [
        // W8
        format!("{text}--"),
        // The vendor's sample
        text.replace('+', "_").replace('/', "!").replace('=', "-"),
        // A script
        text.clone(),
        text.trim_end_matches('=').to_owned(),
    ]
}

#[test]
fn parameters_without_ticket_have_none() {
    // WA-88
    for text in [
        "",
        "--",
        "=",
        "x",
        "%41",
        "a b",
        "\u{e4}",
        "YWN0aW9uPWxhdW5jaA--",
    ] {
        assert_eq!(ticket_of_parameters(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn ticket_is_found_in_every_spelling(
        ticket in "(CDT_)?[A-Za-z0-9_-]{1,80}",
        sta in "[A-Za-z0-9;]{0,9}",
    ) {
        // WA-88
        let form = format!(
            "action=launch&serverProtocolVersion=1&transport=https&ticket={ticket}&staTicket={sta}"
        );
        for text in written(&form) {
            prop_assert_eq!(ticket_of_parameters(&text), Some(ticket.clone()), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read(text in "\\PC*") {
        drop(ticket_of_parameters(&text));
    }
}
