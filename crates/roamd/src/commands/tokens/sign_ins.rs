//! Sign-ins of a user that have not ended, found in the audit log.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_server::control::Account;
use serde::Serialize;
use serde_json::Value;

use crate::commands::account::{bare_name, names, split};

/// A sign-in that has not ended, as printed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct SignIn {
    /// Its id in the audit log. `None` in lines of older versions.
    pub(super) id: Option<String>,
    pub(super) user: String,
    /// Time of the sign-in.
    pub(super) since: Timestamp,
    /// Address of the client.
    pub(super) address: Option<String>,
    /// Other addresses that its tokens were used from.
    pub(super) used_from: BTreeSet<String>,
    /// Expiry of its token, if the client does not refresh it.
    pub(super) until: Option<Timestamp>,
    /// Latest time to which the client can refresh it.
    pub(super) at_most_until: Timestamp,
    /// Session of a web site that it belongs to.
    web_session: Option<String>,
    /// When it ends unless it is used, for one at a web site of a running server.
    pub(super) idle_end: Option<Timestamp>,
}

/// Reads an audit log, oldest line first.
pub(super) struct SignIns<'a> {
    account: &'a Account,
    /// All sign-ins up to this time were ended by an operator.
    revoked: Option<Timestamp>,
    now: Timestamp,
    /// Longest life of a sign-in.
    lifetime_max: SignedDuration,
    open: Vec<SignIn>,
    first_line: Option<Timestamp>,
    missing_lines: u64,
    /// Other accounts of the log with the name of this one, each as its sign-in has it.
    namesakes: BTreeSet<String>,
}

impl<'a> SignIns<'a> {
    pub(super) fn new(
        account: &'a Account,
        revoked: Option<Timestamp>,
        now: Timestamp,
        lifetime_max: Duration,
    ) -> Self {
        Self {
            account,
            revoked,
            now,
            lifetime_max: SignedDuration::try_from(lifetime_max).unwrap_or(SignedDuration::MAX),
            open: Vec::new(),
            first_line: None,
            missing_lines: 0,
            namesakes: BTreeSet::new(),
        }
    }

    /// Reads the next line. One that is no audit line is left out.
    pub(super) fn read(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        let text = |field: &str| line.get(field).and_then(Value::as_str);
        let time_in = |field: &str| text(field)?.parse::<Timestamp>().ok();
        let Some(time) = time_in("time") else { return };
        self.first_line.get_or_insert(time);
        let event = text("event").unwrap_or_default();
        if event == "missing" && self.begin() < time {
            let lines = line.get("lines").and_then(Value::as_u64);
            self.missing_lines = self.missing_lines.saturating_add(lines.unwrap_or_default());
        }
        let Some(user) = text("user") else { return };
        if !names(user, self.account) {
            if event == "sign-in" && bare_name(split(user).1) == bare_name(&self.account.name) {
                self.namesakes.insert(user.to_owned());
            }
            return;
        }
        let id = text("sign_in");
        match event {
            "sign-in" => self.open.push(SignIn {
                id: id.map(str::to_owned),
                user: user.to_owned(),
                since: time,
                address: text("address").map(str::to_owned),
                used_from: BTreeSet::new(),
                until: time_in("until"),
                at_most_until: time
                    .checked_add(self.lifetime_max)
                    .unwrap_or(Timestamp::MAX),
                web_session: text("web_session").map(str::to_owned),
                idle_end: None,
            }),
            "token-used" => {
                let sign_in = self
                    .open
                    .iter_mut()
                    .find(|it| id.is_some() && it.id.as_deref() == id);
                if let (Some(sign_in), Some(address)) = (sign_in, text("address")) {
                    sign_in.used_from.insert(address.to_owned());
                }
            }
            "token-destroyed" => self
                .open
                .retain(|it| id.is_none() || it.id.as_deref() != id),
            // The time of the line is that of the server. For an operator it is a little later than
            // the end, which the file of revocations has.
            "tokens-revoked" if text("reason") != Some("operator") || self.revoked.is_none() => {
                self.open.clear();
            }
            _ => {}
        }
    }

    /// Returns the sign-ins that have not ended, oldest first.
    pub(super) fn open(&self) -> impl Iterator<Item = &SignIn> {
        self.open.iter().filter(|sign_in| {
            self.now < sign_in.at_most_until
                && self.revoked.is_none_or(|revoked| revoked < sign_in.since)
        })
    }

    /// Returns the sessions of web sites that open sign-ins belong to.
    pub(super) fn web_sessions(&self) -> Vec<String> {
        let sessions = self.open().filter_map(|it| it.web_session.clone());
        sessions.collect()
    }

    /// Removes the sign-ins at web sites that have ended because they were idle. `idle_ends` has
    /// when each session ends unless it is used; `None` if it has.
    pub(super) fn remove_idle(&mut self, idle_ends: &HashMap<String, Option<Timestamp>>) {
        self.open.retain_mut(|sign_in| {
            let session = sign_in.web_session.as_ref();
            match session.and_then(|session| idle_ends.get(session)) {
                Some(idle_end) => {
                    sign_in.idle_end = *idle_end;
                    idle_end.is_some()
                }
                None => true,
            }
        });
    }

    /// Returns the accounts with the same name whose form does not say that they are this one.
    pub(super) fn namesakes(&self) -> impl Iterator<Item = &str> {
        self.namesakes.iter().map(String::as_str)
    }

    /// Returns a sentence for each reason why the list may not be complete.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        match self.first_line {
            None => gaps.push("The audit log has no lines yet.".to_owned()),
            Some(first) if self.begin() < first => gaps.push(format!(
                "The audit log begins at {first:.0}; sign-ins before that time are not listed."
            )),
            Some(_) => {}
        }
        if self.missing_lines > 0 {
            gaps.push(format!(
                "{} lines are missing in the audit log; sign-ins may be among them.",
                self.missing_lines
            ));
        }
        gaps
    }

    /// Time before which all sign-ins have ended.
    fn begin(&self) -> Timestamp {
        let begin = self.now.checked_sub(self.lifetime_max);
        begin.unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::account::parse_account;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(4_000_000_000 + 60 * minute).unwrap()
    }

    /// Reads lines, each with the minute of its time, and returns the minutes of the open sign-ins
    /// at minute 60, and the gaps.
    fn read(revoked: Option<i64>, lines: &[(i64, Value)]) -> (Vec<i64>, Vec<String>) {
        let account = parse_account(r"DEMO\alice").unwrap();
        let mut sign_ins = SignIns::new(&account, revoked.map(at), at(60), HOUR);
        for (minute, line) in lines {
            let mut line = line.clone();
            line["time"] = json!(at(*minute).to_string());
            sign_ins.read(line.to_string().as_bytes());
        }
        sign_ins.read(b"rubbish");
        sign_ins.read(b"[]");
        let minute = |it: &SignIn| (it.since.as_second() - 4_000_000_000) / 60;
        (sign_ins.open().map(minute).collect(), sign_ins.gaps())
    }

    #[test]
    fn ended_and_foreign_sign_ins_are_left_out() {
        let sign_in =
            |id: &str, user: &str| json!({"event": "sign-in", "user": user, "sign_in": id});
        let (alice, bob) = (r"demo\Alice", r"DEMO\bob");
        let mut lines = vec![
            (0, sign_in("expired", alice)),
            (1, sign_in("a", alice)),
            (2, sign_in("b", bob)),
            (3, sign_in("c", alice)),
            (4, json!({"event": "sign-in", "user": alice})),
        ];
        assert_eq!(read(None, &lines), (vec![1, 3, 4], vec![]));
        // Another user, a token for a service, and the whole sign-in.
        lines.push((
            5,
            json!({"event": "token-destroyed", "user": bob, "sign_in": "c"}),
        ));
        lines.push((6, json!({"event": "token-destroyed", "user": alice})));
        assert_eq!(read(None, &lines).0, [1, 3, 4]);
        lines.push((
            7,
            json!({"event": "token-destroyed", "user": alice, "sign_in": "c"}),
        ));
        assert_eq!(read(None, &lines).0, [1, 4]);
        // An operator: the file has the time of the end, and the line is later.
        let by = |reason| json!({"event": "tokens-revoked", "user": alice, "reason": reason});
        lines.push((8, sign_in("d", alice)));
        lines.push((9, by("operator")));
        assert_eq!(read(Some(7), &lines).0, [8]);
        assert_eq!(read(None, &lines).0, [0; 0]);
        lines.push((10, by("limit")));
        lines.push((11, sign_in("e", alice)));
        assert_eq!(read(Some(7), &lines).0, [11]);
    }

    /// A suffix that is not the domain may be that of another user.
    #[test]
    fn accounts_of_the_same_name_are_found() {
        let account = parse_account("alice@example.com").unwrap();
        let mut sign_ins = SignIns::new(&account, None, at(60), HOUR);
        for user in [
            r"DEMO\alice",
            r"DEMO\bob",
            r"LAB\Alice",
            r"\alice@example.com",
        ] {
            let time = at(5).to_string();
            let line = json!({"event": "sign-in", "user": user, "time": time});
            sign_ins.read(line.to_string().as_bytes());
        }
        assert_eq!(sign_ins.open().count(), 1);
        let namesakes: Vec<_> = sign_ins.namesakes().collect();
        assert_eq!(namesakes, [r"DEMO\alice", r"LAB\Alice"]);
    }

    #[test]
    fn idle_sign_in_at_a_web_site_is_removed() {
        let account = parse_account(r"DEMO\alice").unwrap();
        let mut sign_ins = SignIns::new(&account, None, at(60), HOUR);
        for (minute, session) in [(5, Some("a")), (6, Some("b")), (7, Some("c")), (8, None)] {
            let line = json!({
                "time": at(minute).to_string(), "event": "sign-in", "user": r"DEMO\alice",
                "web_session": session,
            });
            sign_ins.read(line.to_string().as_bytes());
        }
        assert_eq!(sign_ins.web_sessions(), ["a", "b", "c"]);
        // The server does not say anything of the third one.
        let idle_ends = [("a", None), ("b", Some(at(70)))];
        let idle_ends = idle_ends.map(|(session, end)| (session.to_owned(), end));
        sign_ins.remove_idle(&HashMap::from(idle_ends));
        let left: Vec<_> = sign_ins.open().map(|it| (it.since, it.idle_end)).collect();
        assert_eq!(left, [(at(6), Some(at(70))), (at(7), None), (at(8), None)]);
    }

    #[test]
    fn gaps_of_the_log_are_reported() {
        let line = json!({"event": "launch", "user": r"DEMO\bob"});
        let missing = json!({"event": "missing", "lines": 7, "reason": "flood"});
        let (nothing, early) = (read(None, &[]), read(None, &[(-1, line.clone())]));
        assert_eq!(nothing.1, ["The audit log has no lines yet."]);
        assert_eq!(early.1, [""; 0]);
        let (_, gaps) = read(None, &[(1, line), (2, missing)]);
        assert!(
            gaps[0].starts_with("The audit log begins at 2096"),
            "{gaps:?}"
        );
        assert!(gaps[1].starts_with("7 lines are missing"), "{gaps:?}");
    }

    #[test]
    fn use_from_another_address_is_part_of_its_sign_in() {
        let account = parse_account(r"DEMO\alice").unwrap();
        let mut sign_ins = SignIns::new(&account, None, at(60), HOUR);
        for line in [
            json!({"event": "sign-in", "sign_in": "a", "address": "192.0.2.1"}),
            json!({"event": "sign-in", "sign_in": "b", "address": "192.0.2.2"}),
            json!({"event": "token-used", "sign_in": "a", "address": "203.0.113.9"}),
        ] {
            let mut line = line;
            line["time"] = json!(at(5).to_string());
            line["user"] = json!(r"DEMO\alice");
            sign_ins.read(line.to_string().as_bytes());
        }
        let used: Vec<_> = sign_ins.open().map(|it| it.used_from.len()).collect();
        assert_eq!(used, [1, 0]);
    }
}
