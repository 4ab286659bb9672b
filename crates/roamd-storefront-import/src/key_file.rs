//! Service keys, which go to files of their own (SI-7).

use roamd_config::ServiceKeys;

use crate::finding::{Finding, Findings, Grade};
use crate::model::KeyFile;
use crate::record::Record;

/// Takes a service key and the switch that turns it on. `path_of` returns the path of the file for
/// a key. Findings never have the key.
pub(crate) fn read(
    record: &mut Record<'_>,
    enabled: &[&str],
    secret: &[&str],
    path_of: impl FnOnce(&str) -> String,
    findings: &mut Findings,
) -> Option<KeyFile> {
    let enabled = record.flag(enabled, findings);
    let secret = record.take(secret).and_then(|it| it.into_text(findings));
    let secret = secret.filter(|secret| !secret.value.is_empty());
    match (enabled, secret) {
        (Some((true, switch)), None) => {
            let text = "the key is missing; controllers will refuse requests without one";
            let finding = switch.finding(Grade::Error, text).key("service_key_file");
            findings.add(switch.place, finding);
            None
        }
        (Some((true, _)), Some(secret)) => {
            if ServiceKeys::parse(&secret.value).is_err() {
                let text = "is not a key of visible ASCII characters; not taken";
                findings.error(secret.place, secret.name, text);
                return None;
            }
            let path = path_of(&secret.value);
            let text = format!("the key belongs in {path}; it is not shown here");
            let finding = Finding::new(Grade::Note, secret.place, secret.name, text);
            findings.add(secret.place, finding.key("service_key_file"));
            Some(KeyFile {
                path,
                key: secret.value.into(),
            })
        }
        (_, Some(secret)) => {
            let text = "StoreFront does not use the key; not taken";
            findings.note(secret.place, secret.name, text);
            None
        }
        (_, None) => None,
    }
}
