//! Names of users as budgets distinguish them.
//!
//! Directories take many spellings of a name for one account, and each must not have a budget of
//! its own. What a directory takes for equal depends on its tables, so this leaves out more than
//! any known one does: names that differ only in what is left out share a budget. That is harmless
//! for a budget, and wrong for an identity.

use icu_casemap::CaseMapper;
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Letters beyond ASCII that stay. Directories ignore letters that their tables do not have, and
/// old tables have none beyond the basic plane.
const LAST_LETTER: char = '\u{ffff}';

/// Returns the name of a user without domain in the spelling that names its budget.
///
/// This is the compatibility decomposition with full case folding (as in `NFKC_Casefold`) without
/// marks, ignorable characters and symbols. Letters that Windows compares as equal are replaced.
/// A name with a suffix (`name@suffix`), which may come with a domain as well, is that without it.
pub(super) fn budget_name(user_name: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd();
    let folded = CaseMapper::new()
        .fold_string(&decomposed.normalize(user_name))
        .into_owned();
    let mut name = String::with_capacity(folded.len());
    for letter in decomposed.normalize_iter(folded.chars()) {
        if is_significant(letter) {
            push_letter(&mut name, letter);
        }
    }
    // Full-width `\` and `@` have become the plain ones.
    let name = name.rsplit('\\').next().unwrap_or(&name);
    let account = name.split('@').next().unwrap_or(name);
    let account = if account.is_empty() { name } else { account };
    account.trim().to_owned()
}

/// Whether a character of a decomposed name distinguishes it: printable ASCII, and letters, digits
/// and punctuation beyond it.
fn is_significant(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(letter);
    let kept = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::SpacingMark);
    letter <= LAST_LETTER
        && kept.contains(category)
        && CanonicalCombiningClassMapBorrowed::new().get_u8(letter) == 0
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

/// Appends a letter in the spelling that Windows compares it with: ligatures as two letters,
/// letters with a stroke as those without, katakana as hiragana, digits of all scripts as ASCII.
fn push_letter(name: &mut String, letter: char) {
    let pair = match letter {
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => "",
    };
    if !pair.is_empty() {
        name.push_str(pair);
        return;
    }
    name.push(match letter {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ı' => 'i',
        _ if letter.is_ascii() => letter,
        _ => match CodePointMapData::<GeneralCategory>::new().get(letter) {
            GeneralCategory::DecimalNumber => ascii_digit(letter),
            GeneralCategory::DashPunctuation => '-',
            GeneralCategory::InitialPunctuation | GeneralCategory::FinalPunctuation => '\'',
            _ => large_hiragana(letter),
        },
    });
}

/// The value of a decimal digit. Digits of a script follow each other from zero to nine.
fn ascii_digit(digit: char) -> char {
    let is_digit = |code: u32| {
        let category = CodePointMapData::<GeneralCategory>::new();
        category.get32(code) == GeneralCategory::DecimalNumber
    };
    let code = u32::from(digit);
    let value = (1..10_u32).take_while(|before| code.checked_sub(*before).is_some_and(is_digit));
    char::from_digit(u32::try_from(value.count()).unwrap_or(0), 10).unwrap_or(digit)
}

/// The hiragana of a katakana, and the large one of a small one. Other letters stay.
fn large_hiragana(letter: char) -> char {
    const KATAKANA_AFTER_HIRAGANA: u32 = 0x60;
    let letter = match letter {
        '\u{30a1}'..='\u{30f6}' | '\u{30fd}' | '\u{30fe}' => {
            char::from_u32(u32::from(letter) - KATAKANA_AFTER_HIRAGANA).unwrap_or(letter)
        }
        _ => letter,
    };
    match letter {
        'ぁ' => 'あ',
        'ぃ' => 'い',
        'ぅ' => 'う',
        'ぇ' => 'え',
        'ぉ' => 'お',
        'っ' => 'つ',
        'ゃ' => 'や',
        'ゅ' => 'ゆ',
        'ょ' => 'よ',
        'ゎ' => 'わ',
        'ゕ' => 'か',
        'ゖ' => 'け',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_equal_for_directories_are_folded() {
        for (name, folded) in [
            ("Alice", "alice"),
            ("ALICE", "alice"),
            ("alic\u{e9}", "alice"),
            ("a\u{301}lice", "alice"),
            ("\u{ff21}lice", "alice"),
            ("a\u{ad}lice", "alice"),
            ("\u{200b}al\u{200c}i\u{200d}ce\u{2060}", "alice"),
            ("ali\u{34f}ce\u{feff}\u{e0061}\u{fe0f}", "alice"),
            ("ali\u{1f600}ce\u{2605}", "alice"),
            (" alice\u{a0}", "alice"),
            ("alice@demo.example", "alice"),
            ("alice\u{ff20}demo.example", "alice"),
            ("demo\u{ff3c}alice", "alice"),
            ("demo\u{ff3c}alice@demo.example", "alice"),
            ("@alice", "@alice"),
            ("stra\u{df}e", "strasse"),
            ("STRA\u{1e9e}E", "strasse"),
            ("\u{c6}\u{e6}\u{152}\u{153}\u{fb01}", "aeaeoeoefi"),
            ("\u{141}\u{d8}\u{110}\u{131}\u{130}", "lodii"),
            ("\u{3c3}\u{3c2}\u{3a3}", "\u{3c3}\u{3c3}\u{3c3}"),
            (
                "\u{30ac}\u{30c3}\u{ff76}\u{304b}",
                "\u{304b}\u{3064}\u{304b}\u{304b}",
            ),
            ("\u{660}\u{669}\u{967}\u{ff13}\u{b2}", "09132"),
            ("o\u{2019}neil\u{2010}x", "o'neil-x"),
            ("\u{115f}\u{3164}\u{ffa0}", ""),
        ] {
            assert_eq!(budget_name(name), folded, "{name}");
        }
        for (name, other) in [("alice", "alize"), ("al1ce", "alice"), ("", "a")] {
            assert_ne!(budget_name(name), budget_name(other));
        }
    }

    #[test]
    fn default_ignorable_characters_give_no_budget() {
        let mut ignorable = 0;
        for range in CodePointSetData::new::<DefaultIgnorableCodePoint>().iter_ranges() {
            for letter in range.filter_map(char::from_u32) {
                assert_eq!(
                    budget_name(&format!("ali{letter}ce")),
                    "alice",
                    "{letter:?}"
                );
                ignorable += 1;
            }
        }
        assert!(ignorable > 4000, "{ignorable}");
    }

    /// Some default-ignorable characters of each kind: format, mark, filler, variation, tag.
    fn ignorable() -> impl Strategy<Value = char> {
        let ranges = [
            '\u{ad}'..='\u{ad}',
            '\u{34f}'..='\u{34f}',
            '\u{61c}'..='\u{61c}',
            '\u{115f}'..='\u{1160}',
            '\u{17b4}'..='\u{17b5}',
            '\u{180b}'..='\u{180f}',
            '\u{200b}'..='\u{200f}',
            '\u{202a}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{3164}'..='\u{3164}',
            '\u{fe00}'..='\u{fe0f}',
            '\u{feff}'..='\u{feff}',
            '\u{ffa0}'..='\u{ffa0}',
            '\u{e0000}'..='\u{e0fff}',
        ];
        prop::char::ranges(ranges.to_vec().into())
    }

    /// Another width of an ASCII character.
    fn wide(letter: char) -> char {
        match letter {
            ' ' => '\u{3000}',
            '!'..='~' => char::from_u32(u32::from(letter) + 0xfee0).unwrap(),
            _ => letter,
        }
    }

    proptest! {
        #[test]
        fn spellings_of_a_name_have_one_budget(
            name in "\\PC{1,12}",
            inserted in prop::collection::vec((any::<prop::sample::Index>(), ignorable()), 0..5),
        ) {
            let key = budget_name(&name);
            let mut spelling: Vec<char> = name.chars().collect();
            for (position, letter) in inserted {
                spelling.insert(position.index(spelling.len() + 1), letter);
            }
            let spelling: String = spelling.into_iter().collect();
            for other in [
                spelling.to_uppercase(),
                spelling.to_lowercase(),
                spelling.chars().map(wide).collect(),
                spelling,
            ] {
                prop_assert_eq!(&budget_name(&other), &key, "{:?} and {:?}", &name, &other);
            }
        }

        #[test]
        fn plain_names_have_budgets_of_their_own(
            name in "[!-~&&[^@\\\\]]{1,20}",
            other in "[!-~&&[^@\\\\]]{1,20}",
        ) {
            let equal = name.eq_ignore_ascii_case(&other);
            prop_assert_eq!(budget_name(&name) == budget_name(&other), equal);
            prop_assert_eq!(budget_name(&name), name.to_ascii_lowercase());
        }
    }
}
