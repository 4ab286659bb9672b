//! Names and passwords in addresses, which no message may repeat (SI-7).

/// What stands in place of them.
const HIDDEN: &str = "***";

/// Returns a text with `***` in place of each `user:password` before an `@`.
pub(crate) fn hide_user_info(text: String) -> String {
    if !text.contains('@') {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('@') {
        // A password may hold slashes, so the begin of a URL decides if there is one.
        let of_url = before.rfind("//").map(|slashes| slashes + 2);
        let of_word = || before.rfind(|c: char| c.is_whitespace() || "\"'=,;".contains(c));
        let begin = of_url.or_else(|| of_word().map(|end| end + 1));
        let (kept, user_info) = before.split_at(begin.unwrap_or(0));
        shown.push_str(kept);
        shown.push_str(match user_info.contains(':') {
            true => HIDDEN,
            false => user_info,
        });
        shown.push('@');
        rest = after;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_addresses_are_hidden() {
        for (text, expected) in [
            ("https://u:secret@sta/x", "https://***@sta/x"),
            ("https://u:se/cret@sta/x", "https://***@sta/x"),
            ("server=\"user:pw@host\" x", "server=\"***@host\" x"),
            ("user:pw@host", "***@host"),
            ("a:b@c, d:e@f", "***@c, ***@f"),
            ("ada@example.net", "ada@example.net"),
            ("https://ada@sta/", "https://ada@sta/"),
            ("10:30 ada@example.net", "10:30 ada@example.net"),
            ("", ""),
            ("@", "@"),
        ] {
            assert_eq!(hide_user_info(text.to_owned()), expected, "{text}");
        }
    }
}
