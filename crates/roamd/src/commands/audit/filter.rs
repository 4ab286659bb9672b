//! Selection of audit lines.

use std::net::IpAddr;

use anyhow::bail;
use clap::Args;
use ipnet::IpNet;
use jiff::civil::{DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use roamd_server::AUDIT_EVENTS;
use serde_json::Value;

use crate::commands::account::{bare_name, names, parse_account, split};
use crate::exit_code::UsageError;
use crate::suggestion::did_you_mean;

/// Filters, of which a line has to match all.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Lines of this user: an account such as 'EXAMPLE\ada', in any form of its name, or a name in
    /// any domain. Case does not matter.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Lines of this event, such as `launch` or `sign-in-refused`. May be repeated.
    #[arg(long = "event", value_name = "EVENT", value_parser = parse_event)]
    events: Vec<String>,
    /// Lines from this time on: 2026-11-29T08:00:00Z, 2026-11-29, a time of day such as 08:30, or a
    /// time ago such as 2h, 1d or 2w. Times without a zone are UTC.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Lines before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Lines of clients with this address or in this network, such as 10.0.0.0/8.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_network)]
    address: Option<IpNet>,
    /// Lines of the request with this id, the `x-request-id` of its response.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

impl Filter {
    /// Checks that a line can match.
    ///
    /// # Errors
    /// If the times exclude each other.
    pub(super) fn check(&self) -> Result<(), UsageError> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if until < since => Err(UsageError(format!(
                "--until {until:.0} is before --since {since:.0}; exchange them"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a line matches all filters. A line without the field of a filter does not match it.
    pub(super) fn selects(&self, line: &Value) -> bool {
        let text = |field: &str| line.get(field).and_then(Value::as_str);
        let time = || text("time")?.parse::<Timestamp>().ok();
        let address = || text("address")?.parse::<IpAddr>().ok();
        let is = |wanted: &String, field| {
            text(field).is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        };
        self.user
            .as_ref()
            .is_none_or(|user| text("user").is_some_and(|found| is_user(found, user)))
            && (self.events.is_empty() || self.events.iter().any(|event| is(event, "event")))
            && self
                .since
                .is_none_or(|since| time().is_some_and(|time| time >= since))
            && self
                .until
                .is_none_or(|until| time().is_some_and(|time| time < until))
            && self
                .address
                .is_none_or(|network| address().is_some_and(|it| network.contains(&it)))
            && self.request.as_ref().is_none_or(|id| is(id, "request"))
    }
}

/// Whether an account is the wanted one, in any form of its name. A wanted name without a domain is
/// that of any domain.
fn is_user(account: &str, wanted: &str) -> bool {
    match parse_account(wanted) {
        Ok(wanted) => names(account, &wanted),
        Err(_) => bare_name(split(account).1) == bare_name(wanted),
    }
}

/// Parses the name of an event. Case does not matter.
fn parse_event(text: &str) -> Result<String, String> {
    let event = text.to_lowercase();
    if AUDIT_EVENTS.contains(&&*event) {
        return Ok(event);
    }
    Err(format!(
        "there is no such event{}; the events are {}",
        did_you_mean(&event, AUDIT_EVENTS),
        AUDIT_EVENTS.join(", ")
    ))
}

/// Parses a point in time.
fn parse_time(text: &str) -> anyhow::Result<Timestamp> {
    time_before(text, Timestamp::now())
}

/// Parses a point in time: RFC 3339, a date with or without a time, the last time of day, or a time
/// before now.
fn time_before(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let today = TimeZone::UTC.to_datetime(now);
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Ok(Offset::UTC.to_timestamp(time)?);
    }
    if let Ok(time) = text.parse::<Time>() {
        let of_today = today.date().to_datetime(time);
        let time = Offset::UTC.to_timestamp(of_today)?;
        return match time > now {
            true => Ok(time.checked_sub(SignedDuration::from_hours(24))?),
            false => Ok(time),
        };
    }
    if let Ok(ago) = text.parse::<Span>() {
        return Ok(Offset::UTC.to_timestamp(today.checked_sub(ago)?)?);
    }
    bail!(
        "must be a time such as 2026-11-29T08:00:00Z, a date, a time of day such as 08:30, or a time \
         ago such as 2h or 1d"
    )
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpAddr>().map(IpNet::from);
    let network = network.or_else(|_| text.parse::<IpNet>());
    network.map_err(|_| "must be an address, or a network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        filter: Filter,
    }

    #[test]
    fn line_has_to_match_every_filter() {
        let line = json!({
            "time": "2026-11-29T08:30:00.000000Z",
            "request": "00000000000000ab",
            "address": "10.1.2.3",
            "event": "launch",
            "user": "EXAMPLE\\Ada",
        });
        let cases: [(&[&str], bool); 18] = [
            (&[], true),
            (&["--user", "example\\ada"], true),
            (&["--user", "ada"], true),
            (&["--user", "ada@example.test"], true),
            (&["--user", "ada@other.test"], false),
            (&["--user", "ad"], false),
            (&["--user", "OTHER\\ada"], false),
            (&["--event", "sign-in", "--event", "launch"], true),
            (&["--event", "sign-in"], false),
            (&["--since", "2026-11-29T08:30:00Z"], true),
            (&["--until", "2026-11-29T08:30:00Z"], false),
            (&["--since", "2026-11-29", "--until", "2026-11-30"], true),
            (&["--address", "10.1.2.3"], true),
            (&["--address", "10.0.0.0/8"], true),
            (&["--address", "2001:db8::/32"], false),
            (&["--request", "00000000000000AB"], true),
            (&["--request", "1"], false),
            (&["--user", "ada", "--event", "list"], false),
        ];
        for (arguments, expected) in cases {
            let arguments = ["audit"].iter().chain(arguments);
            let filter = Command::parse_from(arguments.clone()).filter;
            assert_eq!(filter.selects(&line), expected, "{arguments:?}");
        }
        // A line without a user, such as `missing`, is of no user.
        let missing = json!({ "time": "2026-11-29T08:30:00.000000Z", "event": "missing" });
        let filter = Command::parse_from(["audit", "--user", "ada"]).filter;
        assert!(!filter.selects(&missing));
    }

    #[test]
    fn time_is_absolute_or_of_the_day_or_ago() {
        let now = "2026-11-29T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-29T08:00:00+01:00", "2026-11-29T07:00:00Z"),
            ("2026-11-28", "2026-11-28T00:00:00Z"),
            ("2026-11-28 08:30", "2026-11-28T08:30:00Z"),
            ("2026-11-28T08:30", "2026-11-28T08:30:00Z"),
            ("08:30", "2026-11-29T08:30:00Z"),
            // Of today it has not come yet.
            ("18:00:30", "2026-11-28T18:00:30Z"),
            ("90m", "2026-11-29T10:30:00Z"),
            ("1h30m", "2026-11-29T10:30:00Z"),
            ("1d", "2026-11-28T12:00:00Z"),
            ("10d", "2026-11-19T12:00:00Z"),
            ("2w", "2026-11-15T12:00:00Z"),
        ] {
            let time = time_before(text, now).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(time.to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "8 o'clock", "25:00", "1x"] {
            assert!(time_before(text, now).is_err(), "{text}");
        }
    }
}
