//! Selection of a session on the command line: a row of the list, an id, or a launch URL.

use std::str::FromStr;

use roamd_store_client::Session;
use url::Url;

use crate::commands::store::parse_name;

/// Length of the longest row number. Longer digits are an id.
const MAX_ROW_DIGITS: usize = 4;

/// Length of the shortest start of an id, so that a typing error selects nothing.
const MIN_ID_START: usize = 4;

/// A session as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SessionSelector {
    /// Launch URL, which needs no list.
    Url(Url),
    /// Id, start of an id, or row of a fresh list.
    Listed(String),
}

/// Why a list does not contain the selected session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SelectionError {
    /// No session has this id.
    Unknown,
    /// The ids of several sessions start like this.
    Ambiguous,
    /// The list has fewer rows.
    NoRow,
}

impl SessionSelector {
    /// Finds the session in a list of the store: by its id, else by its number in the list, else by
    /// the start of its id.
    ///
    /// Digits are never the start of an id: the number of a row that has gone must not select
    /// another session.
    pub(super) fn find<'l>(
        name: &str,
        sessions: &'l [Session],
    ) -> Result<&'l Session, SelectionError> {
        if let Some(session) = sessions.iter().find(|session| session.id == name) {
            return Ok(session);
        }
        if name.len() <= MAX_ROW_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit()) {
            let row: Option<usize> = name.parse().ok();
            let row = row.and_then(|number| sessions.get(number.checked_sub(1)?));
            return row.ok_or(SelectionError::NoRow);
        }
        if name.chars().count() < MIN_ID_START {
            return Err(SelectionError::Unknown);
        }
        let mut found = sessions.iter().filter(|it| it.id.starts_with(name));
        match (found.next(), found.next()) {
            (Some(session), None) => Ok(session),
            (None, _) => Err(SelectionError::Unknown),
            (Some(_), Some(_)) => Err(SelectionError::Ambiguous),
        }
    }
}

impl FromStr for SessionSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match Url::parse(text) {
            Ok(url) => Self::Url(url),
            Err(_) => Self::Listed(parse_name(text)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_is_found_by_id_row_or_unique_start() {
        use SelectionError::{Ambiguous, NoRow, Unknown};
        let ids = ["Aq_Y5IKUi", "Aq_Y5IJO-", "2", "12345678", "99"];
        let sessions = ids.map(|id| Session {
            id: id.to_owned(),
            ..Session::default()
        });
        for (name, expected) in [
            ("Aq_Y5IKUi", Ok(0)),
            ("Aq_Y5IK", Ok(0)),
            ("Aq_Y5IJ", Ok(1)),
            ("Aq_Y5I", Err(Ambiguous)),
            ("Aq", Err(Unknown)),
            ("Zq_Y5IJ", Err(Unknown)),
            ("aq_y5ij", Err(Unknown)),
            ("", Err(NoRow)),
            ("1", Ok(0)),
            // An exact id wins over a row.
            ("2", Ok(2)),
            ("99", Ok(4)),
            ("5", Ok(4)),
            ("05", Ok(4)),
            ("0", Err(NoRow)),
            ("6", Err(NoRow)),
            ("1234", Err(NoRow)),
            ("12345", Ok(3)),
        ] {
            let found = SessionSelector::find(name, &sessions);
            let expected = expected.map(|index: usize| &sessions[index]);
            assert_eq!(found, expected, "{name}");
        }
    }
}
