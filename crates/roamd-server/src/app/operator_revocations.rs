//! Applies the revocations of operators while the server runs.

use std::sync::Arc;
use std::time::Duration;

use roamd_state::{Reach, StateError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::app::current_state::CurrentState;
use crate::app::state::AppState;
use crate::auth::user_blocks::BlockDecision;
use crate::revocations::{RevocationFile, RevocationsError, UserRevocation};

/// Interval at which a running server reads the file.
const INTERVAL: Duration = Duration::from_secs(2);

/// Applies the file of revocations to the shared state.
pub(super) struct OperatorRevocations {
    file: RevocationFile,
    state: Arc<CurrentState>,
    /// Content of the file that has been applied.
    applied: Vec<UserRevocation>,
    /// The last problem that was logged.
    problem: Option<String>,
}

/// Why a content of the file is not applied.
#[derive(Debug, thiserror::Error)]
enum NotApplied {
    #[error(transparent)]
    File(#[from] RevocationsError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}

impl OperatorRevocations {
    /// Checks the file.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub(super) fn open(
        file: RevocationFile,
        state: Arc<CurrentState>,
    ) -> Result<Self, RevocationsError> {
        file.read()?;
        Ok(Self {
            file,
            state,
            applied: Vec::new(),
            problem: None,
        })
    }

    /// Runs until `stop` is cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            self.update().await;
        }
    }

    /// Reads the file and applies it. If that fails, what was applied before stays.
    pub(super) async fn update(&mut self) {
        let problem = self.read_and_apply().await.err();
        let problem = problem.map(|error| error.to_string());
        if let Some(error) = &problem
            && self.problem != problem
        {
            warn!(error, "Revocations not applied; trying again");
        }
        self.problem = problem;
    }

    async fn read_and_apply(&mut self) -> Result<(), NotApplied> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || file.read()).await??;
        if read == self.applied {
            return Ok(());
        }
        for revocation in &read {
            if !self.applied.contains(revocation) {
                apply(&self.state.get(), revocation).await?;
            }
        }
        self.applied = read;
        Ok(())
    }
}

/// Blocks or allows new sign-ins of a user, if that was decided, and ends those up to now. Returns
/// where it holds; the other servers follow as soon as they can be reached. The command of the
/// operator has written the line of the audit log.
pub(crate) async fn apply(
    state: &AppState,
    revocation: &UserRevocation,
) -> Result<Reach, StateError> {
    let user = revocation.key();
    // First, so that no sign-in comes between.
    let block_reach = match revocation.block_decided {
        Some(at) => {
            let until = revocation.blocked_until;
            let decision = BlockDecision { at, until };
            state.user_blocks.decide(&user, decision).await?
        }
        None => Reach::AllServers,
    };
    let Some(ended) = revocation.ended else {
        return Ok(block_reach);
    };
    let done = state.revocations.end_account(&user, ended).await?;
    if done.is_new {
        match done.reach {
            Reach::AllServers => info!(%user, %ended, "Sign-ins of a user ended by an operator"),
            Reach::ThisServer => warn!(
                %user,
                %ended,
                "Sign-ins of a user ended by an operator; the other servers do not know it yet"
            ),
        }
    }
    Ok(match block_reach {
        Reach::AllServers => done.reach,
        Reach::ThisServer => block_reach,
    })
}
