//! Settings of an object of StoreFront: the attributes and children of an XML element, the
//! properties of a JSON object, or the lines of a text.

use std::time::Duration;

use roamd_config::Lifetime;

use crate::finding::{Finding, Findings, Grade};
use crate::source::Place;

/// Clause of a value that PowerShell has cut.
const CUT: &str = "is cut to the name of a type; run the cmdlet again with `-Depth 8`";

/// An object with its settings. A reader takes the settings that it knows; the rest is reported.
#[derive(Clone)]
pub(crate) struct Record<'s> {
    pub(crate) name: String,
    pub(crate) place: Place<'s>,
    pub(crate) fields: Vec<Field<'s>>,
}

/// A setting.
#[derive(Clone)]
pub(crate) struct Field<'s> {
    pub(crate) name: String,
    pub(crate) place: Place<'s>,
    pub(crate) value: Value<'s>,
}

/// Value of a setting.
#[derive(Clone)]
pub(crate) enum Value<'s> {
    Text(String),
    Record(Record<'s>),
    List(Vec<Field<'s>>),
    /// No value (`null`).
    Null,
    /// The name of a type, which PowerShell writes in place of a value below the depth (SI-2).
    Cut,
}

/// A setting whose value is text.
#[derive(Clone)]
pub(crate) struct Setting<'s> {
    pub(crate) name: String,
    pub(crate) place: Place<'s>,
    pub(crate) value: String,
}

/// A setting that roamd knows and does not take over.
pub(crate) struct Unused {
    /// Its names in XML and in the SDK.
    pub(crate) names: &'static [&'static str],
    pub(crate) silence: Silence,
    pub(crate) grade: Grade,
    /// What roamd does instead, as a clause.
    pub(crate) text: &'static str,
}

/// When a setting that is not taken over gives no finding.
pub(crate) enum Silence {
    /// Never. The finding has no value.
    Never,
    /// With one of these values, where roamd does the same.
    At(&'static [&'static str]),
    /// Always: no value changes anything.
    Always,
}

/// Values that turn a setting off.
pub(crate) const OFF: Silence = Silence::At(&["off", "false", "", "0"]);

/// Values that turn a setting on.
pub(crate) const ON: Silence = Silence::At(&["on", "true"]);

impl<'s> Record<'s> {
    /// Returns whether there is a setting of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Takes the first setting with one of these names, without regard to case.
    pub(crate) fn take(&mut self, names: &[&str]) -> Option<Field<'s>> {
        let is_named = |field: &Field<'_>| {
            let is_same = |name: &&str| field.name.eq_ignore_ascii_case(name);
            names.iter().any(is_same)
        };
        let index = self.fields.iter().position(is_named)?;
        Some(self.fields.remove(index))
    }

    /// Takes all settings of these names.
    pub(crate) fn take_all(&mut self, names: &[&str]) -> Vec<Field<'s>> {
        let is_named = |field: &Field<'_>| {
            let is_same = |name: &&str| field.name.eq_ignore_ascii_case(name);
            names.iter().any(is_same)
        };
        let (taken, rest) = std::mem::take(&mut self.fields)
            .into_iter()
            .partition(is_named);
        self.fields = rest;
        taken
    }

    /// Takes a text that is not empty.
    pub(crate) fn text(&mut self, names: &[&str], findings: &mut Findings) -> Option<Setting<'s>> {
        let setting = self.take(names)?.into_text(findings)?;
        (!setting.value.is_empty()).then_some(setting)
    }

    /// Takes a value by a reader of its text. A wrong value is reported and does not count.
    pub(crate) fn read<T>(
        &mut self,
        names: &[&str],
        findings: &mut Findings,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<(T, Setting<'s>)> {
        let setting = self.text(names, findings)?;
        match read(&setting.value) {
            Ok(value) => Some((value, setting)),
            Err(problem) => {
                let text = format!("{problem}; the value is not taken");
                findings.add(setting.place, setting.finding(Grade::Error, text));
                None
            }
        }
    }

    /// Takes a switch (SI-6).
    pub(crate) fn flag(
        &mut self,
        names: &[&str],
        findings: &mut Findings,
    ) -> Option<(bool, Setting<'s>)> {
        self.read(names, findings, flag)
    }

    /// Takes a whole number.
    pub(crate) fn number(
        &mut self,
        names: &[&str],
        findings: &mut Findings,
    ) -> Option<(u64, Setting<'s>)> {
        self.read(names, findings, |text| {
            text.parse().map_err(|_| "has to be a whole number")
        })
    }

    /// Takes a span: a number of `unit`, or `[d.]hh:mm:ss` (SI-6), or an object with the seconds
    /// (SI-2).
    pub(crate) fn span(
        &mut self,
        names: &[&str],
        unit: Duration,
        findings: &mut Findings,
    ) -> Option<(Duration, Setting<'s>)> {
        self.read(names, findings, |text| {
            let wrong = "has to be a number or a span `hh:mm:ss`";
            let count: Option<u32> = text.parse().ok();
            match (
                count.and_then(|count| unit.checked_mul(count)),
                text.parse(),
            ) {
                (Some(span), _) => Ok(span),
                (None, Ok(Lifetime(span))) if text.contains(':') => Ok(span),
                _ => Err(wrong),
            }
        })
    }

    /// Takes the items of a list: the list itself, or the children of its containers with these
    /// names. Children with other names are errors, because they may be items, too.
    pub(crate) fn items(
        &mut self,
        containers: &[&str],
        names: &[&str],
        findings: &mut Findings,
    ) -> Vec<Field<'s>> {
        let mut items = Vec::new();
        for field in self.take_all(containers) {
            match field.value {
                Value::List(list) => items.extend(list),
                Value::Record(mut record) => {
                    items.extend(record.take_all(names));
                    record.finish(Grade::Error, findings);
                }
                Value::Null => {}
                Value::Text(text) if text.trim().is_empty() => {}
                Value::Text(_) | Value::Cut => findings.error(field.place, field.name, CUT),
            }
        }
        items
    }

    /// Takes a list of words: items, or a text that separates them by commas. Each word once.
    pub(crate) fn words(&mut self, names: &[&str], findings: &mut Findings) -> Vec<Setting<'s>> {
        let Some(field) = self.take(names) else {
            return Vec::new();
        };
        let settings = match field.value {
            Value::List(list) => {
                let texts = list.into_iter().filter_map(|item| item.into_text(findings));
                texts.collect()
            }
            value => Vec::from_iter(Field { value, ..field }.into_text(findings)),
        };
        let mut words: Vec<Setting<'s>> = Vec::new();
        for setting in settings {
            for word in setting.value.split(',').map(str::trim) {
                let is_known = words.iter().any(|known| known.value == word);
                if !word.is_empty() && !word.contains(char::is_control) && !is_known {
                    words.push(Setting {
                        name: setting.name.clone(),
                        place: setting.place,
                        value: word.to_owned(),
                    });
                }
            }
        }
        words
    }

    /// Reports the settings of a table that have a value where roamd differs.
    pub(crate) fn unused(&mut self, table: &[Unused], findings: &mut Findings) {
        for unused in table {
            for field in self.take_all(unused.names) {
                unused.report(field, findings);
            }
        }
    }

    /// Reports the settings that were not taken: those with a text as notes, since new versions of
    /// StoreFront have further ones, and objects by this grade.
    pub(crate) fn finish(self, objects: Grade, findings: &mut Findings) {
        for field in self.fields {
            let grade = match field.value {
                Value::Null => continue,
                Value::Text(_) => Grade::Note,
                Value::Record(_) | Value::List(_) | Value::Cut => objects,
            };
            let text = format!("not understood in `{}`; not taken", self.name);
            findings.add(
                field.place,
                Finding::new(grade, field.place, field.name, text),
            );
        }
    }
}

impl<'s> Field<'s> {
    /// Returns the text of the value; `None` if it is none, which is reported unless it is `null`.
    /// A span of PowerShell becomes its seconds.
    pub(crate) fn into_text(self, findings: &mut Findings) -> Option<Setting<'s>> {
        let value = match self.value {
            Value::Text(text) => text.trim().to_owned(),
            Value::Null => return None,
            Value::Cut => {
                findings.error(self.place, self.name, CUT);
                return None;
            }
            Value::Record(mut record) => match record.take(&["TotalSeconds"]) {
                Some(Field {
                    value: Value::Text(seconds),
                    ..
                }) => span_of_seconds(&seconds)?,
                _ => return not_one_value(self.place, self.name, findings),
            },
            Value::List(_) => return not_one_value(self.place, self.name, findings),
        };
        Some(Setting {
            name: self.name,
            place: self.place,
            value,
        })
    }

    /// Returns the text of an item: itself, or an attribute with one of these names.
    pub(crate) fn item_text(
        self,
        attributes: &[&str],
        findings: &mut Findings,
    ) -> Option<Setting<'s>> {
        match self.value {
            Value::Record(mut record) => {
                let text = record.text(attributes, findings);
                if text.is_none() {
                    let missing = attributes.first().copied().unwrap_or_default();
                    findings.error(self.place, self.name, format!("has no `{missing}`"));
                }
                record.finish(Grade::Note, findings);
                text
            }
            Value::Text(text) if text.trim().is_empty() => {
                findings.error(self.place, self.name, "is empty");
                None
            }
            value => Field { value, ..self }.into_text(findings),
        }
    }

    /// Returns the record of an item. Any other value is an error.
    pub(crate) fn into_record(self, findings: &mut Findings) -> Option<Record<'s>> {
        match self.value {
            Value::Record(record) => Some(record),
            Value::Null => None,
            Value::Text(_) | Value::Cut => {
                findings.error(self.place, self.name, CUT);
                None
            }
            Value::List(_) => {
                findings.error(self.place, self.name, "has to be one object; not taken");
                None
            }
        }
    }
}

impl Setting<'_> {
    /// Creates a finding of this setting with its value, which must not be a secret.
    pub(crate) fn finding(&self, grade: Grade, text: impl Into<String>) -> Finding {
        Finding::new(grade, self.place, &*self.name, text).value(&self.value)
    }
}

impl Unused {
    fn report(&self, field: Field<'_>, findings: &mut Findings) {
        let place = field.place;
        let finding = Finding::new(self.grade, place, &*field.name, self.text);
        let finding = match (&field.value, &self.silence) {
            (Value::Null, _) | (_, Silence::Always) => return,
            (Value::Cut, _) => {
                findings.error(place, field.name, CUT);
                return;
            }
            (Value::List(list), _) if list.is_empty() => return,
            (Value::Text(text), Silence::At(silent)) => {
                if silent.iter().any(|it| it.eq_ignore_ascii_case(text.trim())) {
                    return;
                }
                finding.value(text)
            }
            (Value::Text(_) | Value::List(_) | Value::Record(_), _) => finding,
        };
        findings.add(place, finding);
    }
}

/// Reads a switch: `on` and `off`, or `true` and `false`, without regard to case.
fn flag(text: &str) -> Result<bool, &'static str> {
    let is_one_of = |words: [&str; 2]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match (is_one_of(["on", "true"]), is_one_of(["off", "false"])) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err("has to be on or off"),
    }
}

/// Returns whole seconds as a span that [`Record::span`] reads, whatever its unit is.
fn span_of_seconds(seconds: &str) -> Option<String> {
    let seconds = seconds.split('.').next()?.parse().ok()?;
    Some(Lifetime(Duration::from_secs(seconds)).to_string())
}

fn not_one_value<'s>(
    place: Place<'_>,
    name: String,
    findings: &mut Findings,
) -> Option<Setting<'s>> {
    findings.error(place, name, "has to be one value; not taken");
    None
}
