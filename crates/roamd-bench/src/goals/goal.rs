//! A goal, and the figure that a run has reached.

use std::fmt;

/// A figure beside its goal.
pub(super) struct Goal {
    /// What was measured.
    pub(super) name: String,
    pub(super) bound: Bound,
    pub(super) unit: Unit,
    pub(super) reached: f64,
    /// The figures behind it.
    pub(super) figures: String,
}

/// Values that reach a goal.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Least(f64),
    /// A second, higher goal follows the first.
    LeastAndStretch(f64, f64),
    Most(f64),
}

/// Unit of a figure and its goal.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Ratio,
    PerSecond,
    Mebibytes,
    Milliseconds,
}

impl Goal {
    fn is_reached(&self) -> bool {
        match self.bound {
            Bound::Least(least) | Bound::LeastAndStretch(least, _) => self.reached >= least,
            Bound::Most(most) => self.reached <= most,
        }
    }
}

impl Unit {
    fn format(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::PerSecond => format!("{value:.0} per second"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Milliseconds => format!("{value:.1} ms"),
        }
    }
}

impl fmt::Display for Goal {
    /// Writes a row of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = |value| self.unit.format(value);
        let bound = match self.bound {
            Bound::Least(least) => format!("≥ {}", format(least)),
            Bound::LeastAndStretch(least, stretch) => {
                format!("≥ {} (stretch {})", format(least), format(stretch))
            }
            Bound::Most(most) => format!("≤ {}", format(most)),
        };
        write!(
            f,
            "| {}: {bound} | {}, {} | {} |",
            self.name,
            format(self.reached),
            if self.is_reached() { "yes" } else { "no" },
            self.figures
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_has_bound_figure_and_verdict() {
        let row = |bound, unit, reached| {
            let goal = Goal {
                name: "a".to_owned(),
                bound,
                unit,
                reached,
                figures: "b".to_owned(),
            };
            goal.to_string()
        };
        let cases = [
            (
                row(Bound::LeastAndStretch(0.7, 0.85), Unit::Ratio, 0.7),
                "| a: ≥ 0.70 (stretch 0.85) | 0.70, yes | b |",
            ),
            (
                row(Bound::Least(2500.0), Unit::PerSecond, 2499.9),
                "| a: ≥ 2500 per second | 2500 per second, no | b |",
            ),
            (
                row(Bound::Most(14.0), Unit::Mebibytes, 13.96),
                "| a: ≤ 14.0 MiB | 14.0 MiB, yes | b |",
            ),
            (
                row(Bound::Most(5.0), Unit::Milliseconds, f64::NAN),
                "| a: ≤ 5.0 ms | NaN ms, no | b |",
            ),
        ];
        for (row, expected) in cases {
            assert_eq!(row, expected);
        }
    }
}
