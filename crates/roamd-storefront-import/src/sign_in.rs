//! The authentication service (SI-22, SI-23).

use std::time::Duration;

use crate::finding::{Finding, Findings, Grade};
use crate::model::SignIn;
use crate::record::{OFF, Record, Silence, Unused};

/// Settings of a sign-in with user name and password without a key in roamd.
const UNUSED: [Unused; 7] = [
    Unused {
        names: &["showPasswordExpiryWarning"],
        silence: Silence::At(&["never"]),
        grade: Grade::Note,
        text: "roamd gives no such warning",
    },
    Unused {
        names: &["allowZeroLengthPassword"],
        silence: OFF,
        grade: Grade::Warning,
        text: "roamd refuses empty passwords",
    },
    silent(&["passwordExpiryWarningPeriod"]),
    silent(&["requireAccountSIDs"]),
    silent(&["explicitJsonEnabled"]),
    silent(&["id"]),
    silent(&["name"]),
];

/// Settings of accounts without a key in roamd.
const UNUSED_OF_ACCOUNTS: [Unused; 1] = [Unused {
    names: &["allowUnlockAccount", "allowResetPassword"],
    silence: OFF,
    grade: Grade::Note,
    text: "roamd has no self-service for accounts",
}];

const fn silent(names: &'static [&'static str]) -> Unused {
    Unused {
        names,
        silence: Silence::Always,
        grade: Grade::Note,
        text: "",
    }
}

/// Reads a sign-in with user name and password. `plain_farms` are the farms whose controllers get
/// passwords without TLS.
pub(crate) fn read(
    mut record: Record<'_>,
    plain_farms: &[String],
    findings: &mut Findings,
) -> SignIn {
    authenticator(&mut record, plain_farms, findings);
    let hidden = record.flag(&["hideDomainField"], findings);
    let mut sign_in = SignIn {
        hide_domain_field: hidden.is_some_and(|(is_on, _)| is_on),
        password_change: password_change(&mut record, findings),
        ..SignIn::default()
    };
    for selection in record.take_all(&["domainSelection"]) {
        if let Some(selection) = selection.into_record(findings) {
            domains(selection, &mut sign_in, findings);
        }
    }
    for policy in record.take_all(&["accountPolicy"]) {
        if let Some(mut policy) = policy.into_record(findings) {
            policy.unused(&UNUSED_OF_ACCOUNTS, findings);
            policy.finish(Grade::Note, findings);
        }
    }
    record.unused(&UNUSED, findings);
    record.finish(Grade::Note, findings);
    sign_in
}

/// Reports what checks passwords now (SI-22).
fn authenticator(record: &mut Record<'_>, plain_farms: &[String], findings: &mut Findings) {
    let Some(setting) = record.text(&["authenticator"], findings) else {
        return;
    };
    if setting
        .value
        .eq_ignore_ascii_case("xmlServiceAuthenticator")
    {
        return;
    }
    let mut text = "the farms check passwords".to_owned();
    if !plain_farms.is_empty() {
        let names: Vec<_> = plain_farms
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        text += &format!(
            "; they are not encrypted on http:// to {}",
            names.join(", ")
        );
    }
    let finding = setting.finding(Grade::Note, text).key("credentials");
    findings.add(setting.place, finding);
}

/// Reads `allowUserPasswordChange` (SI-22), and returns the value of `password_change`.
fn password_change(record: &mut Record<'_>, findings: &mut Findings) -> Option<&'static str> {
    let setting = record.text(&["allowUserPasswordChange"], findings)?;
    match setting.value.to_ascii_lowercase().as_str() {
        "always" => Some("always"),
        "expiredonly" => Some("expired"),
        "never" => Some("never"),
        _ => {
            let text = "is no value that roamd knows; users may not change passwords";
            let finding = setting.finding(Grade::Warning, text);
            findings.add(setting.place, finding.key("password_change"));
            Some("never")
        }
    }
}

fn domains(mut selection: Record<'_>, sign_in: &mut SignIn, findings: &mut Findings) {
    let default = selection.text(&["default"], findings);
    for domain in selection.take_all(&["add"]) {
        let Some(domain) = domain.item_text(&["domain"], findings) else {
            continue;
        };
        let is_valid = !domain.value.chars().any(char::is_control);
        if !is_valid {
            let text = "has control characters; not taken";
            findings.error(domain.place, domain.name, text);
        } else if sign_in.domains.contains(&domain.value) {
            let finding = domain.finding(Grade::Warning, "occurs twice; taken once");
            findings.add(domain.place, finding.key("domains"));
        } else {
            sign_in.domains.push(domain.value);
        }
    }
    if let Some(default) = default {
        let same = sign_in
            .domains
            .iter()
            .find(|domain| domain.eq_ignore_ascii_case(&default.value));
        match same {
            Some(domain) => sign_in.default_domain = Some(domain.clone()),
            None => {
                let text = "is not one of the domains; not taken";
                let finding = default.finding(Grade::Warning, text);
                findings.add(default.place, finding.key("default_domain"));
            }
        }
    }
    selection.finish(Grade::Error, findings);
}

/// Shortest and longest lifetime of a token that are taken.
const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_mins(5)..=Duration::from_hours(24 * 365);

/// Takes a lifetime of tokens. One out of range is reported.
pub(crate) fn lifetime(
    record: &mut Record<'_>,
    names: &[&str],
    key: &'static str,
    findings: &mut Findings,
) -> Option<Duration> {
    let (span, setting) = record.span(names, Duration::from_secs(1), findings)?;
    if LIFETIMES.contains(&span) {
        return Some(span);
    }
    let text = "has to be five minutes to a year; roamd uses its default";
    findings.add(
        setting.place,
        Finding::new(Grade::Warning, setting.place, setting.name, text).key(key),
    );
    None
}
