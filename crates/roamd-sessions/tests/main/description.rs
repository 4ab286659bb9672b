//! Descriptions of applications (ST-69).

use proptest::prelude::*;
use roamd_sessions::Description;
use roamd_store_proto::Property;

/// A description as one line: summary, keywords, properties.
fn read(text: &str) -> String {
    let Description {
        summary,
        keywords,
        properties,
    } = Description::parse(text);
    let properties: Vec<_> = properties
        .iter()
        .map(|Property { id, values }| format!("{id}={}", values.join("/")))
        .collect();
    format!("{summary}|{}|{}", keywords.join(","), properties.join(","))
}

#[test]
fn text_after_marker_is_read_as_keywords_and_properties() {
    for (text, expected) in [
        ("", "||"),
        ("Book keeping", "Book keeping||"),
        ("Book keeping KEYWORDS:Auto", "Book keeping|Auto|"),
        (
            "Book keeping\nkeyWords: Auto  Featured ",
            "Book keeping|Auto,Featured|",
        ),
        ("KEYWORDS:", "||"),
        ("KEYWORDS:a=1 b=2 a=3", "||a=1/3,b=2"),
        ("KEYWORDS:A=1 a=1", "||A=1,a=1"),
        (
            "x KEYWORDS: primary=\"Farm 1\" Auto note=\"a=b KEYWORDS:\"",
            "x|Auto|primary=Farm 1,note=a=b KEYWORDS:",
        ),
        ("x KEYWORDS:a KEYWORDS:b", "x|a,KEYWORDS:b|"),
        ("Büro KEYWORDS:größe=ü", "Büro||größe=ü"),
        ("KEYWORDS:empty=\"\"", "||empty="),
        // Without the exact marker nothing is removed.
        ("KEYWORD:a", "KEYWORD:a||"),
        ("KEYWORDS :a", "KEYWORDS :a||"),
        // Malformed tokens are left out; the tokens after them are not.
        ("KEYWORDS:=1 a", "|a|"),
        ("KEYWORDS:x= a", "|a|"),
        ("KEYWORDS:x=1=2 a", "|a|"),
        ("KEYWORDS:\"x\" a", "|a|"),
        ("KEYWORDS:x=\"1 a", "|a|"),
        ("KEYWORDS:x=\"1\"y a", "|y,a|"),
        ("KEYWORDS:x\"y=\"1\" a", "|a|"),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
}

#[test]
fn featured_keyword_makes_resource_featured() {
    // ST-63
    for (text, featured) in [
        ("KEYWORDS:Featured", true),
        ("KEYWORDS:a recommended", true),
        ("KEYWORDS:Auto featured=1", false),
        ("featured", false),
    ] {
        assert_eq!(Description::parse(text).is_featured(), featured, "{text}");
    }
}

proptest! {
    #[test]
    fn any_description_is_parsed(text in "(\\PC{0,20}|keywords:|[ =\"a\n]){0,8}") {
        let read = Description::parse(&text);
        prop_assert!(text.starts_with(&read.summary));
        let plain = |text: &String| !text.is_empty() && !text.contains(['=', '"']);
        prop_assert!(read.keywords.iter().all(plain), "{:?}", read);
        prop_assert!(read.properties.iter().all(|p| plain(&p.id)), "{:?}", read);
    }
}
