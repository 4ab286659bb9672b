//! Text of `Get-STFStoreFarm` as records (SI-3).

use crate::finding::Findings;
use crate::record::{Field, Record, Value};
use crate::source::Source;

/// Reads the objects of a text: lines `Name : value`, with a blank line between objects.
/// Returns `None` if there is no such line, which is reported.
pub(crate) fn read<'s>(
    source: &'s Source,
    text: &str,
    findings: &mut Findings,
) -> Option<Vec<Record<'s>>> {
    let mut records = Vec::new();
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if line.trim().is_empty() {
            records.extend(record(source, std::mem::take(&mut lines), findings));
        } else if line.starts_with(' ') && !lines.is_empty() {
            // A long value is folded to the next line, indented.
            if let Some(last) = lines.last_mut() {
                last.value.push(' ');
                last.value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            lines.push(Line {
                number,
                name: name.trim(),
                value: value.trim().to_owned(),
            });
        } else {
            let text = "has no colon after a name; not understood";
            findings.error(source.at(number), "line", text);
        }
    }
    records.extend(record(source, lines, findings));
    Some(records).filter(|records| !records.is_empty())
}

struct Line<'t> {
    number: usize,
    name: &'t str,
    value: String,
}

fn record<'s>(
    source: &'s Source,
    lines: Vec<Line<'_>>,
    findings: &mut Findings,
) -> Option<Record<'s>> {
    let place = source.at(lines.first()?.number);
    let fields = lines.into_iter().map(|line| Field {
        place: source.at(line.number),
        value: value(source, &line, findings),
        name: line.name.to_owned(),
    });
    Some(Record {
        fields: fields.collect(),
        name: "object".into(),
        place,
    })
}

/// Returns a value, or a list in braces. A list that PowerShell has cut is an error, and none.
fn value<'s>(source: &'s Source, line: &Line<'_>, findings: &mut Findings) -> Value<'s> {
    let place = source.at(line.number);
    let Some(list) = line.value.strip_prefix('{') else {
        return Value::Text(line.value.clone());
    };
    let whole = list.strip_suffix('}');
    let is_cut = |list: &&str| list.ends_with("...") || list.ends_with('…');
    let Some(list) = whole.filter(|list| !is_cut(list)) else {
        let text = "the list is cut; set `$FormatEnumerationLimit = -1` and run the cmdlet again";
        findings.error(place, line.name, text);
        return Value::Null;
    };
    let items = list.split(',').map(str::trim);
    let items = items.filter(|item| !list.trim().is_empty() || !item.is_empty());
    let items = items.map(|item| Field {
        name: line.name.to_owned(),
        place,
        value: Value::Text(item.to_owned()),
    });
    Value::List(items.collect())
}
