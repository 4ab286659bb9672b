//! Numbers given as arguments.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Returns a parser for whole numbers of a range.
pub(crate) fn in_range<N>(
    range: RangeInclusive<N>,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync
where
    N: FromStr + PartialOrd + Display + Clone + Send + Sync,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_outside_the_range_is_rejected_with_the_range() {
        let parse = in_range(1..=86_400_u64);
        for (text, expected) in [("1", Some(1)), ("86400", Some(86_400)), ("0", None)] {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
        for text in ["", "-1", "1.5", "x", "86401", "99999999999999999999999"] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, "must be a whole number from 1 to 86400", "{text}");
        }
    }
}
