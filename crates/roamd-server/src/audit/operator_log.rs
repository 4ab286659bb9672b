//! Lines about commands of operators that change files themselves, whether a server runs or not.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::event::{Event, Line, RevocationReason, account};
use super::file;
use super::log::AuditError;
use super::operator::Operator;
use super::text::{self, Text};

/// An audit log that a command of roamd appends to, beside the server that writes it.
#[derive(Debug, Clone)]
pub struct OperatorLog {
    path: PathBuf,
    operator: Operator,
}

/// What a command has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorAction<'a> {
    /// All sign-ins of a user were ended.
    SignInsEnded {
        /// Domain of the account, as typed.
        domain: &'a str,
        /// Name of the account, as typed.
        name: &'a str,
        /// End of the block of new sign-ins.
        blocked_until: Option<Timestamp>,
    },
    /// Something else.
    Command(OperatorCommand<'a>),
}

/// A command, and what it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OperatorCommand<'a> {
    /// The command, such as `keys rotate`.
    pub command: &'static str,
    /// Account that it is about.
    pub user: Option<&'a str>,
    /// Id of the farm that it is about.
    pub farm: Option<&'a str>,
    /// What was changed.
    pub object: Option<&'a str>,
}

impl OperatorLog {
    /// Names the log for the user of this process. Reads nothing.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            operator: Operator::of_this_process(),
        }
    }

    /// Appends a line for each action. A new file belongs to the owner of its folder. `note` is the
    /// reason that the operator gave.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn record<'a>(
        &self,
        actions: impl IntoIterator<Item = OperatorAction<'a>>,
        note: Option<&str>,
        now: Timestamp,
    ) -> Result<(), AuditError> {
        let cannot = |source| AuditError::new(&self.path, source);
        let mut lines = Vec::new();
        for action in actions {
            let line = Line {
                time: now,
                request: None,
                address: None,
                event: self.event(action, note.map(Text::new)),
            };
            lines.push(text::line(&line).map_err(|error| cannot(error.into()))?);
        }
        file::append_beside_the_server(&self.path, &lines).map_err(cannot)
    }

    fn event(&self, action: OperatorAction<'_>, note: Option<Text>) -> Event {
        let operator = self.operator.clone();
        match action {
            OperatorAction::SignInsEnded {
                domain,
                name,
                blocked_until,
            } => Event::TokensRevoked {
                user: account(domain, name),
                reason: RevocationReason::Operator,
                blocked_until,
                operator: Some(operator),
                note,
            },
            OperatorAction::Command(OperatorCommand {
                command,
                user,
                farm,
                object,
            }) => Event::OperatorCommand {
                command,
                user: user.map(Text::new),
                farm: farm.map(Text::new),
                object: object.map(Text::new),
                operator,
                note,
            },
        }
    }
}
