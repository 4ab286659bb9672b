//! A session as a row of a table.

use clap::ValueEnum;
use roamd_store_client::Session;

use super::resource_kinds::ResourceKinds;
use crate::commands::cells::yes_or_no;
use crate::commands::listing::ListField;
use crate::table::Fit;

/// Length of the shortest short id.
const MIN_SHORT_ID: usize = 8;

/// A session with its place in the list of the store.
#[derive(Debug, Clone)]
pub(super) struct SessionRow {
    pub(super) session: Session,
    /// 1 for the first session of the list, whatever is filtered or sorted.
    pub(super) number: usize,
    /// `None` if the kind is unknown.
    pub(super) kind: Option<String>,
    /// Number of characters that distinguish the ids of the list.
    short_id_length: usize,
}

/// A field of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SessionField {
    #[value(skip)]
    Number,
    App,
    Farm,
    Resource,
    /// application or desktop
    Kind,
    /// Type of the host, such as win32
    Type,
    Aggregated,
    #[value(skip)]
    ShortId,
    Id,
    /// Launch URL
    Url,
}

impl SessionRow {
    /// Returns the rows of a list.
    pub(super) fn of_list(sessions: Vec<Session>, kinds: &ResourceKinds) -> Vec<Self> {
        let short_id_length = short_id_length(&sessions);
        let numbered = sessions.into_iter().zip(1..);
        numbered
            .map(|(session, number)| Self {
                kind: kinds.of(&session).map(str::to_owned),
                session,
                number,
                short_id_length,
            })
            .collect()
    }
}

impl ListField for SessionField {
    type Item = SessionRow;

    const TABLE: &'static [Self] = &[
        Self::Number,
        Self::App,
        Self::Farm,
        Self::Resource,
        Self::Kind,
        Self::ShortId,
    ];

    const WIDE: &'static [Self] = &[
        Self::Number,
        Self::App,
        Self::Farm,
        Self::Resource,
        Self::Kind,
        Self::Type,
        Self::Aggregated,
        Self::Id,
        Self::Url,
    ];

    const NAME: Self = Self::Id;

    fn header(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::App => "APP",
            Self::Farm => "FARM",
            Self::Resource => "RESOURCE",
            Self::Kind => "KIND",
            Self::Type => "TYPE",
            Self::Aggregated => "AGGREGATED",
            Self::ShortId | Self::Id => "ID",
            Self::Url => "URL",
        }
    }

    fn csv_name(self) -> String {
        match self {
            Self::Number => "number".to_owned(),
            _ => self.header().to_lowercase(),
        }
    }

    fn value(self, row: &SessionRow) -> String {
        let session = &row.session;
        match self {
            Self::Number => row.number.to_string(),
            Self::App => session.initial_app.clone(),
            Self::Farm => session.publisher_name.clone(),
            Self::Resource => session.resource_id.clone(),
            Self::Kind => row.kind.clone().unwrap_or_default(),
            Self::Type => session.server_type.clone(),
            Self::Aggregated => yes_or_no(session.aggregated),
            Self::ShortId => session.id.chars().take(row.short_id_length).collect(),
            Self::Id => session.id.clone(),
            Self::Url => session.launch_url.clone(),
        }
    }

    fn fit(self) -> Fit {
        match self {
            Self::Number | Self::Kind | Self::ShortId | Self::Id => Fit::Whole,
            Self::App | Self::Farm => Fit::Name,
            Self::Resource | Self::Type | Self::Aggregated | Self::Url => Fit::Detail,
        }
    }
}

/// Returns how many characters of an id distinguish all sessions of a list, at least 8.
fn short_id_length(sessions: &[Session]) -> usize {
    let mut ids: Vec<_> = sessions.iter().map(|it| it.id.as_str()).collect();
    ids.sort_unstable();
    let common = |(one, next): (&&str, &&str)| {
        let pairs = one.chars().zip(next.chars());
        pairs.take_while(|(a, b)| a == b).count()
    };
    let neighbours = ids.iter().zip(ids.iter().skip(1));
    let longest_common = neighbours.map(common).max();
    longest_common.map_or(MIN_SHORT_ID, |common| MIN_SHORT_ID.max(common + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_distinguish_all_sessions() {
        for (ids, expected) in [
            (&[][..], 8),
            (&["Aq_Y5IKUiapp3"], 8),
            (&["abc", "abd"], 8),
            (&["Aq_Y5IKUiapp3", "Aq_Y5IKUizzz1"], 10),
            (&["Aq_Y5IKUi", "Bq_Y5IKUi", "Aq_Y5IKUiapp3"], 10),
        ] {
            let sessions: Vec<_> = ids
                .iter()
                .map(|id| Session {
                    id: (*id).to_owned(),
                    ..Session::default()
                })
                .collect();
            assert_eq!(short_id_length(&sessions), expected, "{ids:?}");
        }
    }
}
