//! Explanations of lists (SS-72).

use roamd_store_proto::{DecodeError, SessionExplanation};

const EXAMPLE: &str = include_str!("data/session_explanation.json");

#[test]
fn specified_explanation_round_trips() {
    let explained = SessionExplanation::from_json(EXAMPLE.as_bytes()).unwrap();
    let json = String::from_utf8(explained.to_json()).unwrap();
    assert_eq!(
        SessionExplanation::from_json(json.as_bytes()),
        Ok(explained)
    );
    // The same members, whatever the layout.
    let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&json), value(EXAMPLE));
}

#[test]
fn markup_of_names_is_escaped() {
    let mut explained = SessionExplanation::from_json(EXAMPLE.as_bytes()).unwrap();
    "<script>&amp;\"".clone_into(&mut explained.store);
    let json = String::from_utf8(explained.to_json()).unwrap();
    assert!(!json.contains(['<', '>', '&']), "{json}");
    assert_eq!(
        SessionExplanation::from_json(json.as_bytes()),
        Ok(explained)
    );
}

#[test]
fn unknown_members_are_ignored() {
    let later = EXAMPLE.replacen('{', "{ \"later\": [1], ", 1);
    assert_eq!(
        SessionExplanation::from_json(later.as_bytes()),
        SessionExplanation::from_json(EXAMPLE.as_bytes())
    );
}

#[test]
fn other_json_is_no_explanation() {
    for text in ["", "{}", "[]", "<xml/>", "{\"store\": 1}"] {
        let read = SessionExplanation::from_json(text.as_bytes());
        assert_eq!(read, Err(DecodeError::Json), "{text}");
    }
}
