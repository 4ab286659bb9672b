//! Text from servers, made safe for terminals and logs.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Replaces by spaces what a terminal obeys instead of showing it: control characters, separators
/// of lines and paragraphs, and invisible format characters, such as those that change the
/// direction of the text after them.
#[must_use]
pub fn printable(text: &str) -> String {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let is_shown = |character| {
        !matches!(
            categories.get(character),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
    };
    text.chars()
        .map(|character| if is_shown(character) { character } else { ' ' })
        .collect()
}

/// Returns the beginning of a text from a server as one printable line of at most 300 characters.
pub(crate) fn short_line(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let short: String = text.chars().take(MAX_CHARS).collect();
    printable(&short).trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_become_spaces() {
        let replaced = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{61c}'..='\u{61c}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{2064}',
            '\u{2066}'..='\u{206f}',
            '\u{feff}'..='\u{feff}',
            '\u{fff9}'..='\u{fffb}',
            '\u{e0001}'..='\u{e0001}',
            '\u{e0020}'..='\u{e007f}',
        ];
        for character in replaced.into_iter().flatten() {
            let shown = printable(&format!("a{character}b"));
            assert_eq!(shown, "a b", "{character:?}");
        }
    }

    #[test]
    fn visible_characters_stay() {
        let text = "Ada's Excel = 1\u{a0}é \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631} e\u{301} 表 \u{1f600}";
        assert_eq!(printable(text), text);
    }
}
