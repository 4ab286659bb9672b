//! Reader of the audit log, which validates every line against the published schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::http_peer::Response;
use crate::signed_in::SignedIn;

const SCHEMA: &str = include_str!("../../../docs/audit.schema.json");

/// Delay between two reads of an incomplete file, and number of reads.
const POLL: (Duration, u32) = (Duration::from_millis(5), 4_000);

/// Reads the lines of an audit log as they are written.
#[derive(Debug)]
pub struct AuditReader {
    path: PathBuf,
    seen: usize,
    schema: Value,
}

impl AuditReader {
    /// Reads a file from its start.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: 0,
            schema: serde_json::from_str(SCHEMA).unwrap(),
        }
    }

    /// Returns the lines since the last call. To find the last of them, the user launches a session
    /// that does not exist.
    pub async fn new_lines(&mut self, user: &SignedIn) -> Vec<Value> {
        let nothing = format!("http://host{}/sessions/v1/AAAA/launch/ica", user.store);
        let mark = user.launch(&nothing, "MARK").await;
        assert_eq!(mark.status, 404);
        let mut lines = self.lines_until(&mark).await;
        lines.pop();
        lines
    }

    /// Returns the lines since the last call, up to the first one of the request with this
    /// response.
    pub async fn lines_until(&mut self, response: &Response) -> Vec<Value> {
        let request = response.header("x-request-id").unwrap();
        for _ in 0..POLL.1 {
            let lines = self.lines();
            let new = lines.get(self.seen..).unwrap_or_default();
            if let Some(last) = new.iter().position(|line| line["request"] == request) {
                let new = &new[..=last];
                self.seen += new.len();
                return new.to_vec();
            }
            tokio::time::sleep(POLL.0).await;
        }
        panic!("no line of {request} in {}", self.path.display());
    }

    /// Returns all lines. Panics if one violates the schema.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let text = read(&self.path);
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| {
                let printable = line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                assert!(printable, "{line:?}");
                let value = serde_json::from_str(line).unwrap();
                if let Err(fault) = check(&self.schema, &self.schema, &value) {
                    panic!("{fault}: {line}");
                }
                value
            })
            .collect()
    }
}

fn read(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Validates a value against the keywords of JSON Schema that the published schema uses. Panics at
/// other keywords.
///
/// Properties that the schema does not name are errors here, although readers have to accept them.
fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, wanted) in schema.as_object().unwrap() {
        let good = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                return check(root, root.pointer(pointer).unwrap(), value);
            }
            "oneOf" => {
                let choices = wanted.as_array().unwrap().iter();
                let checked: Vec<_> = choices.map(|choice| check(root, choice, value)).collect();
                if checked.iter().filter(|checked| checked.is_ok()).count() != 1 {
                    return Err(format!("not one of the lines: {checked:?}"));
                }
                true
            }
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64(),
                other => panic!("type {other}"),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().unwrap()).unwrap();
                value.as_str().is_some_and(|text| pattern.is_match(text))
            }
            "maxLength" => {
                let most = wanted.as_u64().unwrap();
                value
                    .as_str()
                    .is_some_and(|text| text.chars().count() as u64 <= most)
            }
            "required" => {
                let mut keys = wanted.as_array().unwrap().iter();
                keys.all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "items" => {
                for item in value.as_array().unwrap() {
                    check(root, wanted, item)?;
                }
                true
            }
            "properties" => {
                for (key, property) in value.as_object().into_iter().flatten() {
                    let known = wanted.get(key).ok_or(format!("{key} is not known"))?;
                    check(root, known, property).map_err(|fault| format!("{key}: {fault}"))?;
                }
                true
            }
            other => panic!("keyword {other}"),
        };
        if !good {
            return Err(format!("{keyword} {wanted}"));
        }
    }
    Ok(())
}
