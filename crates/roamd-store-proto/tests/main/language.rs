//! Languages, ST-8.

use roamd_store_proto::{Language, Text};

#[test]
fn negotiation_picks_the_preferred_available_language() {
    use Language::{English, French, German, Japanese, Spanish};
    for (lines, expected) in [
        (&[][..], English),
        (&[""], English),
        (&["de"], German),
        (&["de-AT"], German),
        (&["DE-de, en"], German),
        (&["ja;q=0.9, fr"], French),
        (&["en;q=0.1,es;q=0.2"], Spanish),
        (&["fr, de"], French),
        (&["nl, pl;q=0.9, ja;q=0.8"], Japanese),
        (&["nl"], English),
        (&["*"], English),
        (&["*;q=0.5, de;q=0.4"], English),
        (&["de;q=0, fr;q=0.001"], French),
        (&["de;q=0"], English),
        // Several lines, with no blanks or many.
        (&["nl", "de ; q = 0.3 ,fr; q=0.4"], French),
        // A malformed weight excludes the value.
        (&["de;q=high, es;q=0.1"], Spanish),
        (&["de;q=2, es;q=NaN, fr;q=0.1"], French),
        (&["german, de_DE, \u{fffd}"], English),
    ] {
        assert_eq!(Language::negotiate(lines), expected, "{lines:?}");
    }
}

#[test]
fn text_is_returned_in_the_requested_language() {
    let text = Text {
        english: "en",
        german: "de",
        french: "fr",
        spanish: "es",
        japanese: "ja",
    };
    for language in Language::ALL {
        assert_eq!(text.in_language(language), language.tag());
    }
}
