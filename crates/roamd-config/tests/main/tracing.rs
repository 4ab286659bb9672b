use roamd_config::Tracing;

use crate::support::{config, error_at, errors, parse};

#[test]
fn spans_are_sent_nowhere_by_default() {
    let tracing = |section: &str| parse(&config(section, "", "")).map(|config| config.tracing);
    let default = Tracing::default();
    assert_eq!(tracing(""), Ok(default.clone()));
    assert_eq!(tracing("[tracing]"), Ok(default.clone()));
    assert_eq!(default.otlp_endpoint, None);
    assert!(!default.send_to_farms);
    let all = "[tracing]\notlp_endpoint = \"http://[::1]:4318\"\nsample_ratio = 0.05\n\
               max_spans_per_second = 10\nservice_name = \"vdi\"\nsend_to_farms = true";
    let found = tracing(all).unwrap();
    assert_eq!(
        found.otlp_endpoint.unwrap().to_string(),
        "http://[::1]:4318"
    );
    assert_eq!(found.service_name, "vdi");
    assert!(found.max_spans_per_second == 10 && found.send_to_farms);
    let endpoint = "`otlp_endpoint` has to be scheme, host and port, such as \
                    \"http://127.0.0.1:4318\"; the server appends /v1/traces";
    let ratio = "`sample_ratio` has to be a number from 0 to 1 with at most six decimal places, \
                 such as 0.05";
    for (line, problem) in [
        ("otlp_endpoint = \"http://c:4318/v1/traces\"", endpoint),
        ("otlp_endpoint = \"c:4318\"", endpoint),
        (
            "otlp_endpoint = \"http://c:70000\"",
            "`otlp_endpoint` has a port that is not a number from 1 to 65535",
        ),
        ("sample_ratio = 1.1", ratio),
        ("sample_ratio = -0.1", ratio),
        ("sample_ratio = 2", ratio),
        ("sample_ratio = nan", ratio),
        ("sample_ratio = 1e-3", ratio),
        ("sample_ratio = 0.0000001", ratio),
        ("sample_ratio = \"0.1\"", ratio),
        (
            "max_spans_per_second = 0",
            "`max_spans_per_second` has to be a whole number from 1 to 10000",
        ),
        ("endpoint = \"\"", "`endpoint` is not a key of [tracing]"),
    ] {
        let text = config(&format!("[tracing]\n{line}"), "", "");
        assert_eq!(errors(&text), [error_at(&text, line, problem)]);
    }
}

#[test]
fn sample_ratio_is_the_part_of_traces_that_it_contains() {
    for (written, of_a_million) in [("0", 0), ("0.0", 0), ("0.000001", 1), ("0.25", 250_000)] {
        let text = config(&format!("[tracing]\nsample_ratio = {written}"), "", "");
        let ratio = parse(&text).unwrap().tracing.sample_ratio;
        let contained = (0..1_000_000).filter(|bits| ratio.contains(*bits)).count();
        assert_eq!(contained, of_a_million, "{written}");
    }
    for written in ["1", "1.0"] {
        let text = config(&format!("[tracing]\nsample_ratio = {written}"), "", "");
        assert_eq!(parse(&text).unwrap().tracing, Tracing::default());
    }
}
