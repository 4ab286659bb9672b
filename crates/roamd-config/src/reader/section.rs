//! One table of the document.

use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{Absence, DefaultKey, DefaultListKey, Key, KnownKey, KnownSection, ListKey, Read};
use super::report::Report;
use super::suggest;

/// Maximum length of a value that an error quotes, in characters.
const LONGEST_QUOTE: usize = 60;

/// One table of the document. Its reader reads each key that it knows, then calls
/// [`finish`](Self::finish), which reports all other keys.
///
/// A missing or wrong value is reported, and reading continues, so that all errors are found at
/// once.
pub(crate) struct Section<'d> {
    known: KnownSection,
    offset: usize,
    /// `None` for a section that the file leaves out: all its keys are absent.
    table: Option<&'d DeTable<'d>>,
    report: &'d Report,
}

impl<'d> Section<'d> {
    /// Returns the document itself.
    pub(crate) fn root(table: &'d DeTable<'d>, report: &'d Report) -> Self {
        Self::new("", 0, Some(table), report)
    }

    /// Returns what a reader makes of a section without keys: its defaults.
    pub(crate) fn defaults<T>(read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let report = Report::new("");
        read(&mut Section::new("", 0, None, &report))
    }

    fn new(
        name: &'static str,
        offset: usize,
        table: Option<&'d DeTable<'d>>,
        report: &'d Report,
    ) -> Self {
        let known = KnownSection {
            name,
            line: table.map(|_| report.line(offset)),
            keys: Vec::new(),
        };
        Self {
            known,
            offset,
            table,
            report,
        }
    }

    /// Returns the line of a key, or of the section if the key is absent.
    pub(crate) fn line(&self, key: &str) -> usize {
        self.report.line(self.offset_of(key))
    }

    /// Whether the file has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Reads a key that has to be there. Returns `None` if it is missing or wrong.
    pub(crate) fn required<T>(&mut self, key: &Key<T>) -> Option<T> {
        self.require(key.name);
        self.read(key.name, Absence::Error, key.read)
    }

    /// Reads a key that has to be there, and makes another value of it, which may fail. Returns
    /// `None` if it is missing or wrong.
    pub(crate) fn required_and<T, U>(
        &mut self,
        key: &Key<T>,
        then: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        self.require(key.name);
        self.read(key.name, Absence::Error, |value| then((key.read)(value)?))
    }

    /// Reads a key that may be absent. Returns `None` if it is absent or wrong.
    pub(crate) fn optional<T>(&mut self, key: &Key<T>) -> Option<T> {
        self.read(key.name, Absence::NotSet, key.read)
    }

    /// Reads a key that may be absent, and makes another value of it, which may fail. Returns
    /// `None` if it is absent or wrong.
    pub(crate) fn optional_and<T, U>(
        &mut self,
        key: &Key<T>,
        then: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        self.read(key.name, Absence::NotSet, |value| then((key.read)(value)?))
    }

    /// Reads a key with a default. Returns the default if it is absent or wrong.
    pub(crate) fn value<T>(&mut self, key: &DefaultKey<T>) -> T {
        self.value_if(key, |_| Ok(()))
    }

    /// Reads a key with a default and a check against other keys.
    pub(crate) fn value_if<T>(
        &mut self,
        key: &DefaultKey<T>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> T {
        self.checked(key.name, key.read, check)
            .unwrap_or_else(key.default)
    }

    /// Reads a key with a default that depends on other keys.
    pub(crate) fn value_or<T>(&mut self, key: &Key<T>, default: T) -> T {
        self.value_or_if(key, default, |_| Ok(()))
    }

    /// Reads a key with a default and a check that depend on other keys.
    pub(crate) fn value_or_if<T>(
        &mut self,
        key: &Key<T>,
        default: T,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> T {
        self.checked(key.name, key.read, check).unwrap_or(default)
    }

    fn checked<T>(
        &mut self,
        name: &'static str,
        read: Read<T>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Option<T> {
        self.read(name, Absence::Default, |value| {
            let value = read(value)?;
            check(&value)?;
            Ok(value)
        })
    }

    /// Notes the default of a key, in TOML, which depends on other keys.
    pub(crate) fn note_default(&mut self, key: &str, default: impl Display) {
        if let Some(known) = self.known.keys.iter_mut().find(|it| it.name == key) {
            known.computed_default = Some(default.to_string());
        }
    }

    /// Reads a list that has to be there and to have a value. Leaves out wrong values.
    pub(crate) fn required_list<T: PartialEq>(&mut self, key: &ListKey<T>) -> Vec<T> {
        self.require(key.name);
        let list = self.read_list(key.name, Absence::Error, key.item);
        let array = self
            .table
            .and_then(|table| table.get(key.name)?.get_ref().as_array());
        if array.is_some_and(|array| array.is_empty()) {
            let problem = format!("`{}` is empty; it needs at least one value", key.name);
            self.error(key.name, problem);
        }
        list.unwrap_or_default()
    }

    /// Reads a list that may be absent, which is the same as empty. Leaves out wrong values.
    pub(crate) fn optional_list<T: PartialEq>(&mut self, key: &ListKey<T>) -> Vec<T> {
        let list = self.read_list(key.name, Absence::NotSet, key.item);
        list.unwrap_or_default()
    }

    /// Reads a list with a default. Leaves out wrong values.
    pub(crate) fn list<T: PartialEq>(&mut self, key: &DefaultListKey<T>) -> Vec<T> {
        let list = self.read_list(key.name, Absence::Default, key.item);
        list.unwrap_or_else(key.default)
    }

    /// Returns a table. If it is absent, all its keys are.
    pub(crate) fn section(&mut self, key: &'static str, name: &'static str) -> Self {
        let value = self.find(key, Absence::EmptySection);
        let offset = value.map_or(self.offset, |value| value.span().start);
        let table = value.and_then(|value| value.get_ref().as_table());
        if value.is_some() && table.is_none() {
            self.report
                .error(offset, format!("`{key}` has to be a table, {name}"));
        }
        Self::new(name, offset, table, self.report)
    }

    /// Returns a table, or `None` if it is absent or something else, which is reported.
    pub(crate) fn optional_section(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Option<Self> {
        let section = self.section(key, name);
        section.table.is_some().then_some(section)
    }

    /// Returns the tables of a list, none if it is absent. Returns `None` if it is something else,
    /// which is reported.
    pub(crate) fn sections(&mut self, key: &'static str, name: &'static str) -> Option<Vec<Self>> {
        let Some(value) = self.find(key, Absence::EmptySection) else {
            return Some(Vec::new());
        };
        let child = |item: &'d Spanned<DeValue<'d>>| {
            let table = item.get_ref().as_table()?;
            Some(Self::new(name, item.span().start, Some(table), self.report))
        };
        let items = value.get_ref().as_array();
        let sections = items.and_then(|items| items.iter().map(child).collect());
        if sections.is_none() {
            let problem = format!("`{key}` has to be a list of tables, each written {name}");
            self.error(key, problem);
        }
        sections
    }

    /// Returns the tables of a list, or a single table in place of the list; none if it is absent.
    /// Returns `None` if it is something else, which is reported.
    pub(crate) fn one_or_more_sections(
        &mut self,
        key: &'static str,
        name: &'static str,
    ) -> Option<Vec<Self>> {
        let value = self.table.and_then(|table| table.get(key));
        match value.map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.sections(key, name),
            Some(_) => Some(vec![self.optional_section(key, name)?]),
            None => {
                self.find(key, Absence::EmptySection);
                Some(Vec::new())
            }
        }
    }

    /// Reports an error at a key, or at the section if the key is absent.
    pub(crate) fn error(&self, key: &str, message: impl Into<String>) {
        self.report.error(self.offset_of(key), message);
    }

    /// Reports every key of the table that its reader has not read.
    pub(crate) fn finish(self) {
        let known: Vec<_> = self.known.keys.iter().map(|key| key.name).collect();
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let hint = suggest::key(name, &known).map(|key| format!("; did you mean `{key}`?"));
            self.report.error(
                key.span().start,
                format!(
                    "`{}` is not a key{}{}",
                    name.escape_debug(),
                    self.of_section(),
                    hint.unwrap_or_default()
                ),
            );
        }
        self.report.know(self.known);
    }

    /// Reports a key that is missing.
    fn require(&self, key: &str) {
        if !self.has(key) {
            self.error(key, format!("key `{key}`{} is missing", self.of_section()));
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        absence: Absence,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.find(key, absence)?;
        match read(value.get_ref()) {
            Ok(value) => Some(value),
            Err(problem) => {
                let problem = format!("`{key}` {problem}");
                self.report.error(value.span().start, problem);
                None
            }
        }
    }

    /// Returns `None` if the key is absent or its value is not a list, which is reported. Each
    /// wrong or repeated value is reported on its line.
    fn read_list<T: PartialEq>(
        &mut self,
        key: &'static str,
        absence: Absence,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.find(key, absence)?;
        let Some(items) = value.get_ref().as_array() else {
            let problem = format!("`{key}` has to be a list, as in [\"…\"]");
            self.report.error(value.span().start, problem);
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
            self.report.error(item.span().start, problem);
        }
        Some(values)
    }

    /// Returns the value of a key, which is known from now on.
    fn find(&mut self, key: &'static str, absence: Absence) -> Option<&'d Spanned<DeValue<'d>>> {
        let value = self.table.and_then(|table| table.get(key));
        self.known.keys.push(KnownKey {
            name: key,
            absence,
            in_file: value.map(|value| (value.span(), self.report.line(value.span().start))),
            computed_default: None,
        });
        value
    }

    /// Returns the offset of a key, or of the section if the key is absent, in bytes from the start
    /// of the text.
    fn offset_of(&self, key: &str) -> usize {
        self.table
            .and_then(|table| table.get_key_value(key))
            .map_or(self.offset, |(key, _)| key.span().start)
    }

    /// Returns " of [[store.farm]]", or nothing for the document itself.
    fn of_section(&self) -> String {
        match self.known.name {
            "" => String::new(),
            name => format!(" of {name}"),
        }
    }
}

/// Returns the beginning of a text from outside, escaped so that a terminal acts on nothing in it.
pub(crate) fn cut(text: &str) -> String {
    let start: String = text.chars().take(LONGEST_QUOTE).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    format!("{}{rest}", start.escape_debug())
}

/// Returns a value as an error quotes it, to distinguish it from other values on its line. Returns
/// `None` for what may hold a password, as the user part of a URL does.
fn quoted(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str().filter(|text| !text.contains('@'))?;
    Some(format!("\"{}\"", cut(text)))
}
