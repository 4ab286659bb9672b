//! Reads the audit log as an operator's tools do, and holds every line against the published schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::{Response, SignedIn};

const SCHEMA: &str = include_str!("../../../docs/audit.schema.json");

/// How often a file that is not complete yet is looked at, and how many times.
const POLL: (Duration, u32) = (Duration::from_millis(5), 4_000);

/// Reads a log bit by bit.
#[derive(Debug)]
pub struct AuditReader {
    path: PathBuf,
    seen: usize,
    schema: Value,
}

impl AuditReader {
    /// Reads this file from its start.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: 0,
            schema: serde_json::from_str(SCHEMA).unwrap(),
        }
    }

    /// The lines that came since the last time, up to now. To know where that is, the user launches
    /// what does not exist.
    pub async fn next(&mut self, user: &SignedIn) -> Vec<Value> {
        let nothing = format!("http://host{}/sessions/v1/AAAA/launch/ica", user.store);
        let mark = user.launch(&nothing, "MARK").await;
        assert_eq!(mark.status, 404);
        let mut lines = self.up_to(&mark).await;
        lines.pop();
        lines
    }

    /// The lines that came since the last time, up to the first one of this answer's request.
    pub async fn up_to(&mut self, answer: &Response) -> Vec<Value> {
        let request = answer.header("x-request-id").unwrap();
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

    /// All lines that are there, each checked.
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

/// Checks a value against the part of JSON Schema that the published one uses; a keyword that is not
/// known here stops the test. What the schema does not name is wrong here, although readers have to
/// be ready for it.
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
