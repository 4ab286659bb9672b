//! Disconnect and log off: one operation on every farm, and a pure merge (SS-44 to SS-51).

use futures_util::future::join_all;
use roamd_store_proto::SessionStatus;
use secrecy::SecretString;
use tracing::warn;

use crate::farm::is_account_refused;
use crate::{
    Busy, EndAction, EndPoint, Farm, FarmAccess, FarmError, FarmId, Operation, User, UserFarms,
};

/// Result of a change on one farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmResult {
    /// The farm.
    pub farm: FarmId,
    /// `Ok` if the farm confirmed the change.
    pub result: Result<(), FarmError>,
}

/// Outcome of a disconnect or log-off on all farms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOutcome {
    /// Success if every farm confirmed, failure if none did, partial otherwise (SS-50). A farm
    /// without sessions to end confirms too.
    pub status: SessionStatus,
    /// The result on each farm, in configured order.
    pub farms: Vec<FarmResult>,
}

impl EndOutcome {
    /// Whether no farm confirmed, and a farm refused the account (CA-12).
    #[must_use]
    pub fn is_account_refused(&self) -> bool {
        is_account_refused(self.farms.iter().map(|it| it.result.as_ref().copied()))
    }
}

/// Ends sessions at once on all farms that may have some of the user. Results are in configured
/// order.
pub(crate) async fn end<F: Farm>(
    farms: &[F],
    user_farms: &UserFarms,
    user: &User,
    end_point: &EndPoint,
    action: EndAction,
    tickets: &[SecretString],
) -> Vec<FarmResult> {
    let is_mapped = |farm: &&F| user_farms.access(&farm.description().id) != FarmAccess::NotMapped;
    join_all(farms.iter().filter(is_mapped).map(async |farm| {
        let ended = async {
            let operation = farm.begin(user).await?;
            operation.end(action, end_point, tickets).await
        };
        let result = ended.await;
        let farm = farm.description().id.clone();
        if let Err(error) = &result {
            warn!(%farm, ?action, %error, "Farm did not confirm the end of sessions");
        }
        FarmResult { farm, result }
    }))
    .await
}

/// Merges the results of all farms.
///
/// # Errors
/// [`Busy`] if nothing was ended, because all farms were busy.
pub fn merge(farms: Vec<FarmResult>) -> Result<EndOutcome, Busy> {
    let count = |matches: fn(&Result<(), FarmError>) -> bool| {
        farms.iter().filter(|farm| matches(&farm.result)).count()
    };
    let confirmed = count(Result::is_ok);
    let busy = count(|result| matches!(result, Err(FarmError::Busy)));
    let status = match farms.len() {
        all if confirmed == all => SessionStatus::Success,
        all if busy == all => return Err(Busy),
        _ if confirmed == 0 => SessionStatus::Failure,
        _ => SessionStatus::Partial,
    };
    Ok(EndOutcome { status, farms })
}
