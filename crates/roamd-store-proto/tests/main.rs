//! Tests of the messages of the store side, one binary.
//!
//! `data/` holds the examples of the specification byte for byte; where the authority's own
//! documents have a slip, it is mended as SS-41 and SS-67 say.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

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
mod session_params;
mod session_result;
mod session_state;
mod token_messages;

use roamd_store_proto::DecodeError;
use roamd_xml::FaultKind;

/// A document of the specification as it is written here: without the white space between
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

/// What was wrong with a message and where, without the position.
fn fault<T: std::fmt::Debug>(read: Result<T, DecodeError>) -> (String, FaultKind) {
    match read {
        Err(DecodeError::Message(fault)) => (fault.path, fault.kind),
        other => panic!("no fault of the message: {other:?}"),
    }
}

/// A document as text; everything that is written is ASCII (SS-69).
fn ascii(document: Vec<u8>) -> String {
    assert!(document.is_ascii());
    String::from_utf8(document).expect("ASCII is UTF-8")
}
