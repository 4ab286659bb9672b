//! `sessions/v1/{session-id}/launch/ica[/{retry-key}]` (SS-53 to SS-59).

use std::sync::Arc;

use http::StatusCode;
use roamd_http::Answer;
use roamd_sessions::{Launch, Launched, User};
use roamd_state::MarkKind;
use roamd_store_proto::{LaunchData, LaunchErrorId, LaunchParams, RetryReason, media_type};
use tracing::info;

use crate::answer::{Caching, whole};
use crate::gateway::{Gate, Reach};
use crate::refused::Refused;
use crate::request::Request;
use crate::retry_key::RetryKeys;
use crate::site::StoreSite;
use crate::tickets;

/// Seconds after which a client asks again for a host that is not ready.
const RETRY_AFTER: u32 = 5;

/// Connects the client to a session.
pub(crate) async fn session(
    gate: &Gate,
    site: &StoreSite,
    session: &str,
    retry: Option<&str>,
    request: Request,
) -> Result<Answer, Refused> {
    let user = request.user(gate, &site.sessions)?;
    let media = request.accepts(&[media_type::LAUNCH_DATA], media_type::LAUNCH_DATA)?;
    let peer = request.peer();
    let params = LaunchParams::from_xml(&request.body_of(media_type::LAUNCH_PARAMS).await?)?;
    let retries = RetryKeys::new(&gate.keys);
    if retry.is_some_and(|key| !retries.is_good(&user.key, session, key, gate.now())) {
        return Err(Refused::NotFound);
    }
    gate.admit(&user, &site.sessions, Reach::OneFarm).await?;
    let launch = Launch {
        params,
        seen_address: peer,
    };
    let (store, id, caller) = (Arc::clone(&site.store), session.to_owned(), user.clone());
    let launched = gate
        .to_the_end(async move { store.launch(&caller, &id, &launch).await })
        .await??;
    let data = match launched {
        Launched::NotFound => return Err(Refused::NotFound),
        Launched::NotReady => LaunchData::Retry {
            url: format!(
                "{}/{}",
                site.launch_url(session),
                retries.make(&user.key, session, gate.now())
            ),
            after: Some(RETRY_AFTER),
            reason: RetryReason::UNKNOWN,
            remedy: None,
        },
        Launched::Failed(failure) => LaunchData::Failure {
            id: failure.id(),
            text: failure.text().to_owned(),
            remedy: None,
        },
        Launched::Ready { ica, ticket, farm } => {
            if is_invalidated(gate, &user, &ticket).await? {
                info!(user = %user.key, %farm, "Farm gave a ticket that was invalidated before");
                LaunchData::Failure {
                    id: LaunchErrorId::GENERAL_APP_LAUNCH_ERROR,
                    text: "The launch was cancelled. Start it again.".to_owned(),
                    remedy: None,
                }
            } else {
                LaunchData::Success {
                    ica: ica.text().clone(),
                    logon_ticket: Some(ticket),
                }
            }
        }
    };
    Ok(whole(StatusCode::OK, media, Caching::Secret, data.to_xml()))
}

/// Whether the client had this ticket invalidated before it was handed out.
async fn is_invalidated(
    gate: &Gate,
    user: &User,
    ticket: &secrecy::SecretString,
) -> Result<bool, Refused> {
    let digest = tickets::digest(&user.key, ticket);
    Ok(gate
        .state
        .is_marked(MarkKind::InvalidatedTicket, digest, gate.now())
        .await?)
}
