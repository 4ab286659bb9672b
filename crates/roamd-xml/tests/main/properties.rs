//! Properties of all inputs.

use proptest::prelude::*;
use roamd_xml::{Layout, Writer, parse};

use crate::{FARM, STORE};

/// Generates text of characters that XML allows, many of them with a meaning in markup.
fn text() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => proptest::char::any().prop_filter("XML has the character", |c| is_xml(*c)),
        1 => proptest::sample::select(vec!['&', '<', '>', '"', '\'', ']', '\t', '\n', '\r', ' ', ';']),
    ];
    proptest::collection::vec(char, 0..40).prop_map(String::from_iter)
}

fn is_xml(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

proptest! {
    #[test]
    fn written_document_round_trips(value in text(), content in text(), indented: bool) {
        let layout = if indented { Layout::Indented { first: 4, step: 2 } } else { Layout::Compact };
        let mut writer = Writer::new(layout);
        writer.open("a", &[("b", &value)]);
        writer.leaf("c", &[("d", &value)], &content);
        writer.pair("e", &[], &content);
        let bytes = writer.finish();
        prop_assert!(bytes.is_ascii());
        for rules in [STORE, FARM] {
            let document = parse(&bytes, &rules).unwrap();
            let root = document.root();
            prop_assert_eq!(root.attribute("b"), Some(value.as_str()));
            let leaf = root.child("c").unwrap();
            prop_assert_eq!(leaf.attribute("d"), Some(value.as_str()));
            prop_assert_eq!(leaf.text(), &content);
            prop_assert_eq!(root.child("e").unwrap().text(), &content);
        }
    }

    #[test]
    fn characters_that_xml_forbids_are_replaced(content: String) {
        let mut writer = Writer::new(Layout::Compact);
        writer.leaf("a", &[("b", &content)], &content);
        let bytes = writer.finish();
        let document = parse(&bytes, &STORE).unwrap();
        let root = document.root();
        let expected: String =
            content.chars().map(|c| if is_xml(c) { c } else { '\u{FFFD}' }).collect();
        prop_assert_eq!(root.text(), &expected);
        prop_assert_eq!(root.attribute("b"), Some(expected.as_str()));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
        for rules in [STORE, FARM] {
            let _result = parse(&bytes, &rules);
        }
    }

    #[test]
    fn arbitrary_markup_does_not_panic(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "<a", ">", "/>", "</a>", " b='", "'", " xmlns:p='x'", "<p:a", "&", "#", "x", ";", "]]>",
                "<![CDATA[", "<!--", "-->", "<?", "?>", "<?xml version='1.0'", "<!DOCTYPE a", "[", "]",
                "é", "\u{FEFF}", "\0", "\r\n",
            ]),
            0..20,
        ),
    ) {
        let text = pieces.concat();
        for rules in [STORE, FARM] {
            let _result = parse(text.as_bytes(), &rules);
        }
    }
}
