//! Tests of the messages of the store side, one binary.
//!
//! `data/` has the examples of the specification byte for byte. Errors in the vendor's own examples
//! are corrected as SS-41 and SS-67 require.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

mod accounts;
mod challenge;
mod endpoints;
mod form;
mod form_post;
mod language;
mod launch_data;
mod launch_params;
mod lifetime;
mod media_type;
mod resources;
mod round_trip;
mod schemas;
mod session_explanation;
mod session_params;
mod session_result;
mod session_state;
mod token_messages;

use roamd_store_proto::DecodeError;
use roamd_xml::FaultKind;

/// Returns a document of the specification in the layout of `to_xml`: without white space between
/// elements, and with empty elements in their short form.
fn compact(example: &str) -> String {
    let mut lines = example.lines();
    let mut text = format!("{}\n", lines.next().expect("a declaration"));
    let mut after_tag = true;
    for line in lines {
        if !after_tag {
            text.push('\n');
        }
        text.push_str(if line.trim_start().starts_with('<') {
            line.trim_start()
        } else {
            line
        });
        after_tag = line.ends_with('>');
    }
    text.replace("<InitialValue></InitialValue>", "<InitialValue/>")
}

/// Returns path and kind of the fault of a message.
fn fault<T: std::fmt::Debug>(read: Result<T, DecodeError>) -> (String, FaultKind) {
    match read {
        Err(DecodeError::Message(fault)) => (fault.path, fault.kind),
        other => panic!("no fault of the message: {other:?}"),
    }
}

/// Returns a document as text. All written documents are ASCII (SS-69).
fn ascii(document: Vec<u8>) -> String {
    assert!(document.is_ascii());
    String::from_utf8(document).expect("ASCII is UTF-8")
}
