//! Which versions of etcd are usable.

use std::fmt;

/// A version of etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// Judgement of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// It lacks fixes of faults and vulnerabilities that this version of the same line has.
    Outdated {
        fixed: Version,
    },
    /// It ends leases too early and loses changes.
    TooOld,
}

impl Version {
    /// The oldest usable version.
    pub(super) const OLDEST: Self = Self::new(3, 5, 13);

    /// The newest lines, each with the version that has the known fixes.
    const FIXED: [Self; 3] = [Self::new(3, 5, 33), Self::new(3, 6, 14), Self::new(3, 7, 1)];

    const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Reads a version such as `3.5.16` or `3.6.0-rc.1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let numbers = text.split_once(['-', '+']).map_or(text, |(it, _)| it);
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        let version = Self::new(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }

    pub(super) fn verdict(self) -> Verdict {
        if self < Self::OLDEST {
            return Verdict::TooOld;
        }
        let of_line = |fixed: &Self| (fixed.major, fixed.minor) == (self.major, self.minor);
        match Self::FIXED.into_iter().find(of_line) {
            Some(fixed) if self < fixed => Verdict::Outdated { fixed },
            _ => Verdict::Good,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_refused_and_outdated_ones_named() {
        let outdated = |fixed| Verdict::Outdated {
            fixed: Version::parse(fixed).unwrap(),
        };
        for (version, expected) in [
            ("2.3.8", Verdict::TooOld),
            ("3.4.45", Verdict::TooOld),
            ("3.5.0", Verdict::TooOld),
            ("3.5.12", Verdict::TooOld),
            ("3.5.13", outdated("3.5.33")),
            ("3.5.16", outdated("3.5.33")),
            ("3.5.33", Verdict::Good),
            ("3.6.0-rc.1", outdated("3.6.14")),
            ("3.6.14", Verdict::Good),
            ("3.7.0", outdated("3.7.1")),
            ("3.8.0", Verdict::Good),
            ("4.0.0", Verdict::Good),
        ] {
            assert_eq!(
                Version::parse(version).unwrap().verdict(),
                expected,
                "{version}"
            );
        }
        for text in ["", "3", "3.5", "3.5.x", "3.5.1.2", "-3.5.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
