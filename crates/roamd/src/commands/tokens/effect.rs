//! Where a decision about the sign-ins of a user has taken effect.

use roamd_server::control::{Account, ControlClient, RevocationReach, RevocationRequest};
use roamd_server::revocations::UserRevocation;

use crate::commands::running_server::ServerFiles;
use crate::exit_code::Exit;
use crate::output;
use crate::runtime::block_on;

/// Where a decision that is in the file of revocations has taken effect.
pub(super) enum Effect {
    /// At the only server, in a moment.
    Soon,
    AllServers,
    /// At this server of a group, and not at all others.
    ThisServer,
    /// At no server of a group, for this reason.
    NotYet(String),
}

impl Effect {
    /// Has the server of a group here apply a decision. One that is alone reads the file.
    ///
    /// # Errors
    /// If this process cannot make a connection.
    pub(super) fn of(
        files: &ServerFiles,
        user: &Account,
        revocation: &UserRevocation,
    ) -> anyhow::Result<Self> {
        if !files.is_in_group {
            return Ok(Self::Soon);
        }
        let request = RevocationRequest {
            user: user.clone(),
            ended: revocation.ended,
            blocked_until: revocation.blocked_until,
            block_decided: revocation.block_decided,
        };
        let client = ControlClient::of(&files.data_dir);
        let done = block_on(async { Ok(client.revoke(&request).await) })?;
        Ok(match done.map(|done| done.reach) {
            Ok(RevocationReach::AllServers) => Self::AllServers,
            Ok(RevocationReach::ThisServer) => Self::ThisServer,
            Err(error) => Self::NotYet(error.to_string()),
        })
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Soon | Self::AllServers => Exit::Done,
            Self::ThisServer | Self::NotYet(_) => Exit::Partial,
        }
    }

    /// Returns the name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::AllServers => "all-servers",
            Self::ThisServer => "this-server",
            Self::NotYet(_) => "not-yet",
        }
    }

    /// Prints it: success to standard output, and what is left to do to standard error.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        match self {
            Self::Soon => output::print_line(
                "A running server applies this within a few seconds, a stopped one when it starts.",
            )?,
            Self::AllServers => output::print_line("All servers of the group apply this now.")?,
            Self::ThisServer => output::print_failure(
                "This server applies this now. Other servers of the group do not know it yet, \
                 because etcd or a server does not respond; they get it when it responds. `roamd \
                 group status` shows which.",
            ),
            Self::NotYet(reason) => output::print_failure(format_args!(
                "The servers of the group do not know this yet. It is kept, and the server here \
                 tries again while it runs. {reason}"
            )),
        }
        Ok(())
    }
}
