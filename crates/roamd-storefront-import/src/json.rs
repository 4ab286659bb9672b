//! JSON of the objects of the PowerShell SDK as records (SI-2).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::finding::Findings;
use crate::record::{Field, Record, Value};
use crate::source::{Place, Source};

/// Depth of nested values. `ConvertTo-Json` itself stops at 100, and the objects of the SDK need 8.
const MAX_DEPTH: usize = 24;

/// Begins of the texts that PowerShell writes in place of an object that is too deep.
const TYPE_NAMES: [&str; 3] = ["Citrix.StoreFront.", "System.", "@{"];

/// Reads the objects of a file: one object, or a list of them. Returns `None` for
/// text that is not JSON, which is reported.
pub(crate) fn read<'s>(
    source: &'s Source,
    text: &str,
    findings: &mut Findings,
) -> Option<Vec<Record<'s>>> {
    let root: &RawValue = match serde_json::from_str(text) {
        Ok(root) => root,
        // The text of the error is left out: it may quote a value.
        Err(error) => {
            let problem = if error.is_eof() {
                "ends too early; the file is cut"
            } else {
                "has an error of syntax in this line"
            };
            findings.error(source.at(error.line().max(1)), "JSON", problem);
            return None;
        }
    };
    let mut reader = Reader {
        source,
        text,
        line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
        findings,
    };
    let fields = match reader.value("object", root, 0) {
        Value::List(items) => items,
        value => vec![Field {
            name: "object".into(),
            place: source.start(),
            value,
        }],
    };
    let records = fields.into_iter().filter_map(|field| match field.value {
        Value::Record(record) => Some(record),
        Value::Null => None,
        _ => {
            findings.error(field.place, "JSON", "has to be an object; not taken");
            None
        }
    });
    Some(records.collect())
}

struct Reader<'r, 's> {
    source: &'s Source,
    text: &'r str,
    line_ends: Vec<usize>,
    findings: &'r mut Findings,
}

impl<'s> Reader<'_, 's> {
    fn value(&mut self, name: &str, raw: &RawValue, depth: usize) -> Value<'s> {
        let place = self.place(raw);
        if depth > MAX_DEPTH {
            self.findings.error(place, name, "is nested too deep");
            return Value::Null;
        }
        // The whole text is valid JSON, so only the kind of the value decides.
        match raw.get().as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(raw.get()).unwrap_or_default();
                let fields = members.into_iter().map(|(name, raw)| Field {
                    place: self.place(raw),
                    value: self.value(&name, raw, depth + 1),
                    name,
                });
                Value::Record(Record {
                    fields: fields.collect(),
                    name: name.to_owned(),
                    place,
                })
            }
            Some(b'[') => {
                let Items(items) = serde_json::from_str(raw.get()).unwrap_or_default();
                let items = items.into_iter().map(|raw| Field {
                    place: self.place(raw),
                    value: self.value(name, raw, depth + 1),
                    name: name.to_owned(),
                });
                Value::List(items.collect())
            }
            Some(b'"') => match serde_json::from_str::<String>(raw.get()) {
                Ok(text) if TYPE_NAMES.iter().any(|begin| text.starts_with(begin)) => Value::Cut,
                Ok(text) => Value::Text(text),
                Err(_) => {
                    self.findings.error(place, name, "is not valid text");
                    Value::Null
                }
            },
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Text(raw.get().to_owned()),
        }
    }

    /// Returns the line of a value. Its text is a slice of the whole text.
    fn place(&self, raw: &RawValue) -> Place<'s> {
        let start = self.text.as_ptr().addr();
        let offset = raw.get().as_ptr().addr().saturating_sub(start);
        self.source
            .at(1 + self.line_ends.partition_point(|end| *end < offset))
    }
}

/// The members of an object, in their order.
#[derive(Default)]
struct Members<'r>(Vec<(String, &'r RawValue)>);

/// The items of a list.
#[derive(Default)]
struct Items<'r>(Vec<&'r RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}
