//! Walks a TOML document section by section and notes every fault with its line.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigFault;

/// How alike two keys have to be for one to be suggested in place of the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Settings of the original that have another name here.
const ORIGINALS: [(&str, &str); 4] = [
    ("ConnectionTimeout", "connect_timeout_ms"),
    ("LoadBalance", "controller_order"),
    ("ServerCommunicationAttempts", "attempts"),
    ("TicketTimeToLive", "ticket_seconds"),
];

/// How much of a value a fault repeats, in characters.
const LONGEST_QUOTE: usize = 60;

/// The faults found so far in one document.
pub(super) struct Faults {
    /// Where lines end, in bytes from the start of the text.
    line_ends: Vec<usize>,
    found: RefCell<Vec<ConfigFault>>,
}

impl Faults {
    pub(super) fn new(text: &str) -> Self {
        Self {
            line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
            found: RefCell::default(),
        }
    }

    /// Notes a fault at a place in the text, in bytes from its start.
    pub(super) fn add(&self, offset: usize, message: impl Into<String>) {
        let fault = ConfigFault {
            line: self.line(offset),
            message: message.into(),
        };
        self.found.borrow_mut().push(fault);
    }

    /// The line of a place in the text, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < offset)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    pub(super) fn into_sorted(self) -> Vec<ConfigFault> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|fault| fault.line);
        found
    }
}

/// One table of the document. Whoever reads it asks for each key that it knows, then calls
/// [`finish`](Self::finish), which reports the keys that nobody asked for.
pub(super) struct Section<'d> {
    /// How the file writes it, for example `[[store.farm]]`; empty for the document itself.
    name: &'static str,
    offset: usize,
    /// Nothing for a section that the file leaves out: all its keys are absent.
    table: Option<&'d DeTable<'d>>,
    known: Vec<&'static str>,
    faults: &'d Faults,
}

impl<'d> Section<'d> {
    pub(super) fn root(table: &'d DeTable<'d>, faults: &'d Faults) -> Self {
        Self {
            name: "",
            offset: 0,
            table: Some(table),
            known: Vec::new(),
            faults,
        }
    }

    /// A value that has to be there. Nothing if it is missing or wrong, which is noted.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        if self.table.is_none_or(|table| !table.contains_key(key)) {
            self.fault(key, format!("key `{key}`{} is missing", self.place_name()));
        }
        self.optional(key, read)
    }

    /// A value, or its default if it is absent. If it is wrong, that is noted and the default
    /// stands in so that reading goes on.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// A value that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.value(key)?;
        match read(value.get_ref()) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.faults
                    .add(value.span().start, format!("`{key}` {problem}"));
                None
            }
        }
    }

    /// A list of values; empty if it is absent. Each wrong or repeated one is noted on its line.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Vec<T> {
        self.optional_list(key, read).unwrap_or_default()
    }

    /// A list of values that may be absent.
    pub(super) fn optional_list<T: PartialEq>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.faults.add(
                value.span().start,
                format!("`{key}` has to be a list, as in [\"…\"]"),
            );
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let quoted = quoted(item.get_ref());
            let problem = match read(item.get_ref()) {
                Ok(value) if values.contains(&value) => {
                    let twice = quoted.as_deref().unwrap_or("the same");
                    format!("`{key}` names {twice} twice")
                }
                Ok(value) => {
                    values.push(value);
                    continue;
                }
                Err(problem) => match quoted {
                    Some(quoted) => format!("`{key}`: {quoted} {problem}"),
                    None => format!("`{key}` {problem}"),
                },
            };
            self.faults.add(item.span().start, problem);
        }
        Some(values)
    }

    /// A list of values, or its default if it is absent.
    pub(super) fn list_or<T: PartialEq>(
        &mut self,
        key: &'static str,
        default: Vec<T>,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Vec<T> {
        let list = self.list(key, read);
        let is_there = self.table.is_some_and(|table| table.contains_key(key));
        if is_there { list } else { default }
    }

    /// A list that has to be there and hold a value.
    pub(super) fn non_empty<T: PartialEq>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Vec<T> {
        self.required(key, |value| match value.as_array() {
            Some(items) if items.is_empty() => Err("is empty; it needs one at least".into()),
            _ => Ok(()),
        });
        self.list(key, read)
    }

    /// A table; if it is absent, one without keys.
    pub(super) fn section(&mut self, key: &'static str, name: &'static str) -> Self {
        let value = self.value(key);
        let offset = value.map_or(self.offset, |value| value.span().start);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.faults
                .add(offset, format!("`{key}` has to be a table, {name}"));
        }
        Self {
            name,
            offset,
            table,
            known: Vec::new(),
            faults: self.faults,
        }
    }

    /// A table that may be absent.
    pub(super) fn optional_section(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Option<Self> {
        let section = self.section(key, name);
        section.table.is_some().then_some(section)
    }

    /// The tables of a list; empty if it is absent. Nothing if it is something else, which is noted.
    pub(super) fn sections(&mut self, key: &'static str, name: &'static str) -> Option<Vec<Self>> {
        let Some(value) = self.value(key) else {
            return Some(Vec::new());
        };
        let child = |item: &'d Spanned<DeValue<'d>>| {
            let table = Some(item.get_ref().as_table()?);
            let known = Vec::new();
            Some(Self {
                name,
                offset: item.span().start,
                table,
                known,
                faults: self.faults,
            })
        };
        let items = value.get_ref().as_array();
        let sections = items.and_then(|items| items.iter().map(child).collect());
        if sections.is_none() {
            let problem = format!("`{key}` has to be a list of tables, each written {name}");
            self.fault(key, problem);
        }
        sections
    }

    /// The line of a key, or of the section if the key is absent.
    pub(super) fn line(&self, key: &str) -> usize {
        self.faults.line(self.place(key))
    }

    /// Notes a fault at a key, or at the section if the key is absent.
    pub(super) fn fault(&self, key: &str, message: impl Into<String>) {
        self.faults.add(self.place(key), message);
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let meant = original(name, &self.known).or_else(|| closest(name, &self.known));
            let hint = meant.map(|meant| format!("; did you mean `{meant}`?"));
            self.faults.add(
                key.span().start,
                format!(
                    "`{}` is not a key{}{}",
                    name.escape_debug(),
                    self.place_name(),
                    hint.unwrap_or_default()
                ),
            );
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.push(key);
        self.table?.get(key)
    }

    /// The place of a key, or of the section if the key is absent, in bytes from the start.
    fn place(&self, key: &str) -> usize {
        self.table
            .and_then(|table| table.get_key_value(key))
            .map_or(self.offset, |(key, _)| key.span().start)
    }

    /// " of [[store.farm]]", or nothing for the document itself.
    fn place_name(&self) -> String {
        if self.name.is_empty() {
            String::new()
        } else {
            format!(" of {}", self.name)
        }
    }
}

/// A text.
pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value
        .as_str()
        .ok_or_else(|| "has to be text in quotes".into())
}

/// A text for people or for messages: not blank, no control characters.
pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    if text.trim().is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return Err(
            "has to be a name: not blank, no white space around it, no control characters".into(),
        );
    }
    Ok(text.into())
}

/// `true` or `false`.
pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "has to be true or false, without quotes".into())
}

/// A whole number within bounds.
pub(super) fn number(value: &DeValue<'_>, least: u64, most: u64) -> Result<u64, String> {
    value
        .as_integer()
        .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok())
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("has to be a whole number from {least} to {most}"))
}

/// One word of a fixed list.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&'static str, T)]) -> Result<T, String> {
    let text = text(value)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*meaning);
    }
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let hint = closest(text, &known).map(|word| format!("; did you mean \"{word}\"?"));
    Err(format!(
        "has to be one of {}{}",
        known.join(", "),
        hint.unwrap_or_default()
    ))
}

/// A value in a fault, so that it is found among others of its line: not endless, and with nothing
/// that a terminal would act on. Nothing for what may hold a password, as the user part of a URL does.
fn quoted(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str().filter(|text| !text.contains('@'))?;
    Some(format!("\"{}\"", cut(text)))
}

/// The beginning of a text from outside, escaped.
pub(super) fn cut(text: &str) -> String {
    let start: String = text.chars().take(LONGEST_QUOTE).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    format!("{}{rest}", start.escape_debug())
}

/// The known key for a setting of the original.
fn original(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let (_, ours) = ORIGINALS
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(name))?;
    known.contains(ours).then_some(*ours)
}

/// The known word that was probably meant.
fn closest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let word = plain(word);
    known
        .iter()
        .map(|known| {
            (
                strsim::normalized_damerau_levenshtein(&word, &plain(known)),
                *known,
            )
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}
