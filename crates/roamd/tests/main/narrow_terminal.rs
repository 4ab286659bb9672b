//! Tables of operators on terminals of 60 and 200 columns.

use std::fs;

use serde_json::json;

use crate::support::{Running, on_a_terminal_of, roamd};

/// Returns the width of the widest line.
fn width(text: &str) -> usize {
    let widths = text.lines().map(|line| line.chars().count());
    widths.max().unwrap_or_default()
}

/// Removes what only sets the width of a text.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn status_is_never_wider_than_the_terminal() {
    let running = Running::start();
    let command = roamd(&["status", "--config", &running.config]);
    let narrow = on_a_terminal_of(60, &command, "");
    assert_eq!(narrow.code, 0, "{narrow:?}");
    assert!(width(&narrow.out) <= 60, "{}", narrow.out);
    // Nothing of the fields is left out.
    for part in ["in progress; at", "writes refused", "audit.jsonl:"] {
        let text = words(&narrow.out).join(" ");
        assert!(text.contains(part), "{part}: {}", narrow.out);
    }
    let wide = on_a_terminal_of(200, &command, "");
    assert!(width(&wide.out) <= 200, "{}", wide.out);
    assert!(wide.out.lines().count() < narrow.out.lines().count());
    running.stop();
}

#[test]
fn audit_is_never_wider_than_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let line = json!({
        "time": "2026-11-29T08:30:00.123456Z",
        "request": "00000000000000ab",
        "event": "disconnect",
        "user": r"EXAMPLE\ada",
        "address": "192.0.2.7",
        "outcome": "partial",
        "farms": [
            { "farm": "XA1", "outcome": "confirmed" },
            { "farm": "XD5", "outcome": "refused", "error_id": "unspecified" },
        ],
    });
    fs::write(&path, format!("{line}\n")).unwrap();
    let command = roamd(&["audit", "--file", path.to_str().unwrap()]);
    let narrow = on_a_terminal_of(60, &command, "");
    assert_eq!(
        narrow.out,
        r"TIME                  EVENT  USER  ADDRESS  OUTCOME  DETAILS
                      REQUEST
2026-11-29T08:30:00Z  disconnect  EXAMPLE\ada  192.0.2.7
                      partial  farms=XA1:confirmed,XD5:refus
                      ed:unspecified  00000000000000ab
"
    );
    let wide = on_a_terminal_of(200, &command, "");
    assert_eq!(wide.out.lines().count(), 2, "{wide:?}");
    assert!(width(&wide.out) > 60, "{wide:?}");
    // A pipe has no width.
    let piped = crate::support::run(&["audit", "--file", path.to_str().unwrap()]);
    assert_eq!(piped.out, wide.out);
}
