//! Throughput in the figures of a goal.

use roamd_bench::{Run, Series, micros};

/// Returns the medians of requests per second and of the processor time for one request, which
/// depends less on other load of the machine.
pub(super) fn figures<'s>(series: impl IntoIterator<Item = &'s Series>) -> String {
    let figures = series.into_iter().map(|series| {
        format!(
            "{} {:.0}/s (CPU {})",
            series.subject,
            series.median(Run::per_second),
            micros(series.median(|run| run.subject_cpu_per_request().as_secs_f64()))
        )
    });
    figures.collect::<Vec<_>>().join(", ")
}
