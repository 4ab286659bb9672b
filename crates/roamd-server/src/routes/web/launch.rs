//! Launches of resources and reconnects of sessions, in two steps (web-api.md §9.2).

use http::Method;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{FarmId, Launch};
use roamd_state::Digest;
use roamd_store_proto::{LaunchErrorId, LaunchParams};
use roamd_web_proto::{DeviceId, FileTicket, LaunchStatus, LaunchTarget, Parameters, media_type};
use secrecy::ExposeSecret as _;

use super::response::{answer, secret_answer};
use super::visit::Visit;
use crate::app::state::{AppState, HostedStore};
use crate::audit::{Launchable, Text};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::caller::Caller;
use crate::routes::planned_launch::{Launched, PlannedLaunch, ResourceTarget, retry_after};
use crate::web::client_tickets::FileGrant;
use crate::web::kept_launches::{Kept, LaunchKey, ReadyIca, Turn};
use crate::web::web_sessions::WebSession;

/// Longest name of an ICA file, in characters.
const MAX_FILE_NAME: usize = 64;

/// Launches, and keeps the ICA file for [`ica`] or [`ica_of_ticket`] (WA-80, WA-88).
pub(super) async fn status(
    visit: &Visit<'_>,
    target: LaunchTarget<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let file_url = visit.store.urls(&request).ica_file();
    let (mut launching, parameters) = Launching::of_visit(visit, target, request).await?;
    if !launching.turn.has_ica(visit.state.now()) {
        match launching.run(target).await? {
            Step::Ready(ready) => launching.turn.keep(Kept::Ica(ready), visit.state.now()),
            Step::Status(status) => return Ok(answer(media_type::JSON, status.to_json())),
        }
    }
    let ticket = parameters
        .wants_file_ticket
        .then(|| visit.file_ticket(target));
    let ticket = ticket.flatten().map(|ticket| FileTicket {
        ticket,
        url: file_url,
    });
    let status = LaunchStatus::Success { ticket };
    Ok(secret_answer(media_type::JSON, status.to_json()))
}

/// Returns the ICA file: the one that is kept, or that of a new launch (WA-81, WA-84, WA-85).
pub(super) async fn ica(
    visit: &Visit<'_>,
    target: LaunchTarget<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let (launching, _) = Launching::of_visit(visit, target, request).await?;
    launching.file(target).await
}

/// Like [`ica`], for a native client with the ticket of a launch (WA-88).
pub(super) async fn ica_of_ticket(
    state: &AppState,
    store: &HostedStore,
    caller: Caller<'_>,
    grant: &FileGrant,
    via: Vec<String>,
) -> Result<Response, ApiError> {
    let target = grant.target();
    let client = Client {
        device: &grant.device,
        session: &grant.session,
        via,
        title: None,
    };
    let launching = Launching::begin(state, store, caller, client, target).await;
    launching.file(target).await
}

/// Records that a ticket came again after its use.
pub(super) fn record_used_ticket(store: &HostedStore, caller: &Caller<'_>, grant: &FileGrant) {
    let (_, launchable) = target_of(grant.target(), None);
    let end_point = store.end_point_of(&grant.device);
    let planned = PlannedLaunch::new(store, caller, None, launchable, false, &end_point);
    drop(planned.not_found(caller));
}

/// A request for a launch that has its turn.
struct Launching<'s> {
    state: &'s AppState,
    store: &'s HostedStore,
    caller: Caller<'s>,
    launch: Launch,
    turn: Turn,
}

/// The client that a launch is for.
struct Client<'c> {
    device: &'c DeviceId,
    session: &'c WebSession,
    /// Addresses and names of the Citrix Gateway that it comes through.
    via: Vec<String>,
    /// Title of its window.
    title: Option<String>,
}

/// Result of a launch.
enum Step {
    Ready(ReadyIca),
    Status(LaunchStatus),
}

impl<'s> Launching<'s> {
    /// Waits for the turn of a request of a browser. Returns it with the parameters of the request.
    async fn of_visit(
        visit: &Visit<'s>,
        target: LaunchTarget<'_>,
        request: Request,
    ) -> Result<(Self, Parameters), ApiError> {
        let caller = visit.caller(&request).await?;
        let device = visit.device()?;
        let via = request.citrix_gateway();
        let mut parameters = if request.method() == Method::POST {
            Parameters::decode(&caller.body(request).await?)
        } else {
            Parameters::decode(request.query_text().as_bytes())
        };
        let Some(session) = &visit.session else {
            return Err(ApiError::Forbidden);
        };
        let client = Client {
            device: &device,
            session,
            via,
            title: parameters.title.take(),
        };
        let launching = Self::begin(visit.state, visit.store, caller, client, target).await;
        Ok((launching, parameters))
    }

    /// Waits for the turn of a request.
    async fn begin(
        state: &'s AppState,
        store: &'s HostedStore,
        caller: Caller<'s>,
        client: Client<'_>,
        target: LaunchTarget<'_>,
    ) -> Self {
        let params = LaunchParams {
            client_name: Some(client.device.as_str().to_owned()),
            device_id: Some(client.device.as_str().to_owned()),
            ..LaunchParams::default()
        };
        let launch = Launch {
            params: store.client_name_length.cut_launch_params(params),
            // A client behind a proxy that is not configured, or whose proxy does not name it, is
            // outside.
            seen_address: caller.address,
            via: client.via,
            title: client.title,
        };
        let target = match target {
            LaunchTarget::Resource(id) => format!("resource {id}"),
            LaunchTarget::Session(id) => format!("session {id}"),
        };
        let key = LaunchKey {
            user: caller.user.key().clone(),
            session: client.session.digest(),
            target: Digest::of(target.as_bytes()),
        };
        let turn = state.web.launches.turn(key, state.now()).await;
        Self {
            state,
            store,
            caller,
            launch,
            turn,
        }
    }

    /// Returns the ICA file: the one that is kept, or that of a new launch.
    async fn file(mut self, target: LaunchTarget<'_>) -> Result<Response, ApiError> {
        match self.run(target).await? {
            Step::Ready(ready) => Ok(ica_file(&ready)),
            // As text, so that it appears in the frame that was to load the file.
            Step::Status(status) => Ok(answer(media_type::TEXT, status.to_json())),
        }
    }

    /// Takes the ICA file that is kept, or launches. A file whose ticket was invalidated meanwhile
    /// is not given out.
    async fn run(&mut self, target: LaunchTarget<'_>) -> Result<Step, ApiError> {
        let (state, store, caller) = (self.state, self.store, &self.caller);
        let prepared_by = match self.turn.take(state.now()) {
            Some(Kept::Ica(ready)) => {
                // The request may have waited for its turn.
                caller.check_token_again().await?;
                let user = caller.user.key();
                let is_invalidated = match &ready.ticket {
                    Some(ticket) => state.revocations.is_invalidated(user, ticket).await?,
                    None => false,
                };
                if !is_invalidated {
                    return Ok(Step::Ready(ready));
                }
                None
            }
            Some(Kept::PreparedBy(farm)) => Some(farm),
            None => None,
        };
        let (known, launchable) = target_of(target, prepared_by.as_ref());
        let (is_retry, end_point) = (prepared_by.is_some(), (&self.launch.params).into());
        let known = known.as_ref();
        let planned = PlannedLaunch::new(store, caller, known, launchable, is_retry, &end_point);
        let has_candidates = planned.has_candidates();
        let launched = planned.run(state, store, caller, self.launch.clone()).await;
        Ok(match launched {
            Ok(Launched::Ready { ica, ticket }) => Step::Ready(ReadyIca { ica, ticket }),
            Ok(Launched::NotReady { reason, farm }) => {
                self.turn.keep(Kept::PreparedBy(farm), state.now());
                let (_, poll_timeout) = retry_after(reason);
                Step::Status(LaunchStatus::Retry { poll_timeout })
            }
            Ok(Launched::Failed(failure)) => Step::Status(LaunchStatus::Failure {
                error_id: failure.id().0.into_owned(),
                suggest_restart: failure.remedy().is_some(),
            }),
            // A session that was listed has ended (WA-102).
            Err(ApiError::MissingTarget(_))
                if has_candidates && matches!(target, LaunchTarget::Session(_)) =>
            {
                Step::Status(LaunchStatus::Failure {
                    error_id: LaunchErrorId::APP_REMOVED.0.into_owned(),
                    suggest_restart: false,
                })
            }
            Err(error) => return Err(error),
        })
    }
}

/// Returns what to launch, and its name in the audit log. Further attempts query only the farm that
/// prepares a host.
fn target_of(
    target: LaunchTarget<'_>,
    prepared_by: Option<&FarmId>,
) -> (Option<roamd_sessions::LaunchTarget>, Launchable) {
    match target {
        LaunchTarget::Session(id) => (
            Some(roamd_sessions::LaunchTarget::Session(id.to_owned())),
            Launchable::Session(Text::new(id)),
        ),
        LaunchTarget::Resource(id) => {
            let ResourceTarget { ids, launchable } = ResourceTarget::of_segment(id);
            let ids = ids.map(|ids| prepared_by.and_then(|farm| ids.on(farm)).unwrap_or(ids));
            let target = ids.map(roamd_sessions::LaunchTarget::Application);
            (target, launchable)
        }
    }
}

/// The answer with an ICA file. The browser names the file by its title (WA-86).
fn ica_file(ready: &ReadyIca) -> Response {
    let text = ready.ica.expose_secret();
    let name = file_name(text);
    let mut response = secret_answer(media_type::ICA, text.as_bytes().to_vec());
    let disposition = format!("inline; filename=\"{name}.ica\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        response
            .headers_mut()
            .insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Returns the title in an ICA file, with `-` in place of characters that a header or a file name
/// cannot contain.
fn file_name(ica: &str) -> String {
    let title = ica.lines().find_map(|line| line.strip_prefix("Title="));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_()".contains(c);
    let name = title.unwrap_or("Session").chars().take(MAX_FILE_NAME);
    name.map(|c| if is_plain(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_is_safe_in_a_header() {
        for (title, name) in [
            ("Ledger 2 (test)", "Ledger 2 (test)"),
            ("B\u{fc}ro\"; x=\\", "B-ro-- x--"),
            ("a/../b.ica", "a----b-ica"),
        ] {
            let ica = format!("[Encoding]\r\nInputEncoding=UTF8\r\nTitle={title}\r\n");
            assert_eq!(file_name(&ica), name);
        }
        assert_eq!(file_name(""), "Session");
        let long = format!("Title={}", "x".repeat(100));
        assert_eq!(file_name(&long).len(), MAX_FILE_NAME);
    }
}
