//! Names of the events of the audit log.

/// Names of the events, as lines of the audit log have them in `event`.
pub const AUDIT_EVENTS: [&str; 18] = [
    "sign-in",
    "sign-in-refused",
    "password-changed",
    "password-change-refused",
    "token-refused",
    "token-used",
    "token-destroyed",
    "tokens-revoked",
    "throttle-reset",
    "operator-command",
    "list",
    "disconnect",
    "log-off",
    "launch",
    "ticket-withheld",
    "config-reloaded",
    "config-reload-refused",
    "missing",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The tests of the whole server compare its lines with this schema.
    #[test]
    fn names_are_those_of_the_schema() {
        let schema = include_str!("../../../../docs/audit.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let lines = schema["$defs"].as_object().unwrap().values();
        let events = lines.map(|line| &line["properties"]["event"]);
        let names = events.flat_map(|event| {
            let several = event["enum"].as_array().into_iter().flatten();
            several
                .chain(Some(&event["const"]))
                .filter_map(Value::as_str)
        });
        assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(AUDIT_EVENTS));
    }
}
