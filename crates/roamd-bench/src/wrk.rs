//! Runs of wrk, and what it prints.

use std::time::Duration;

use crate::load::per_request;

/// Result of one run of wrk.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Completed requests.
    pub requests: u64,
    /// Duration of the run.
    pub duration: Duration,
    /// Bytes of whole responses, with their heads.
    pub bytes: f64,
    /// Median of the latency.
    pub median: Duration,
    /// 99th percentile of the latency.
    pub percentile_99: Duration,
    /// Processor time of the subject during the run.
    pub subject_cpu: Duration,
    /// Processor time of the farm during the run.
    pub farm_cpu: Duration,
}

impl Run {
    /// Returns the requests per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.duration.as_secs_f64()
    }

    /// Returns the processor time of the subject for one request.
    #[must_use]
    pub fn subject_cpu_per_request(&self) -> Duration {
        per_request(self.subject_cpu, self.requests)
    }

    /// Returns the processor time of the farm for one request.
    #[must_use]
    pub fn farm_cpu_per_request(&self) -> Duration {
        per_request(self.farm_cpu, self.requests)
    }

    /// Parses the output of wrk. Processor times are zero.
    pub(crate) fn from_wrk(text: &str) -> Option<Self> {
        let (mut median, mut percentile_99, mut total) = (None, None, None);
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["50%", value] => median = duration(value),
                ["99%", value] => percentile_99 = duration(value),
                [requests, "requests", "in", time, size, "read"] => {
                    let time = duration(time.trim_end_matches(','))?;
                    total = Some((requests.parse().ok()?, time, bytes(size)?));
                }
                _ => {}
            }
        }
        let (requests, elapsed, bytes) = total?;
        Some(Self {
            requests,
            duration: elapsed,
            bytes,
            median: median?,
            percentile_99: percentile_99?,
            subject_cpu: Duration::ZERO,
            farm_cpu: Duration::ZERO,
        })
    }
}

/// Parses a time of wrk: `870.00us`, `1.25ms`, `8.01s`, `1.50m`.
fn duration(text: &str) -> Option<Duration> {
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)];
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

/// Parses a size of wrk: `512.00B`, `1.50KB`, `60.00MB`, `5.51GB`.
fn bytes(text: &str) -> Option<f64> {
    let units = [("GB", 3), ("MB", 2), ("KB", 1), ("B", 0)];
    let (number, power) = units
        .iter()
        .find_map(|(name, power)| Some((text.strip_suffix(name)?, *power)))?;
    Some(number.parse::<f64>().ok()? * 1024_f64.powi(power))
}

/// Returns the number of responses with a status of 400 or above.
pub(crate) fn refusals(text: &str) -> u64 {
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses: "))
        .and_then(|count| count.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrk_output_is_parsed() {
        let text = "\
Running 8s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.50ms    1.10ms  20.00ms   80.00%
    Req/Sec    12.00k     1.00k   14.00k    70.00%
  Latency Distribution
     50%    2.40ms
     75%    3.00ms
     90%    3.90ms
     99%    6.10ms
  96000 requests in 8.00s, 60.00MB read
Requests/sec:  12000.00
Transfer/sec:      7.50MB
";
        let run = Run::from_wrk(text).unwrap();
        assert_eq!(run.requests, 96_000);
        assert_eq!(run.bytes, 60.0 * 1024.0 * 1024.0);
        assert_eq!(run.per_second(), 12_000.0);
        assert_eq!(run.median, Duration::from_micros(2_400));
        assert_eq!(run.percentile_99, Duration::from_micros(6_100));
        assert!(Run::from_wrk("unable to connect").is_none());
    }

    #[test]
    fn refusals_are_counted() {
        assert_eq!(refusals("a\n  Non-2xx or 3xx responses: 12\nb"), 12);
        assert_eq!(refusals("a\nb"), 0);
    }

    #[test]
    fn wrk_times_are_parsed_in_every_unit() {
        let cases = [("870.00us", 870), ("1.25ms", 1_250), ("8.01s", 8_010_000)];
        for (text, micros) in cases {
            assert_eq!(
                duration(text),
                Some(Duration::from_micros(micros)),
                "{text}"
            );
        }
        assert_eq!(duration("8.01"), None);
    }
}
