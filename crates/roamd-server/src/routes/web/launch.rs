//! Launches of resources and reconnects of sessions, in two steps (web-api.md §9.2).

use http::Method;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{FarmId, Launch};
use roamd_state::Digest;
use roamd_store_proto::{LaunchErrorId, LaunchParams};
use roamd_web_proto::{LaunchStatus, LaunchTarget, Parameters, media_type};
use secrecy::ExposeSecret as _;

use super::response::{answer, secret_answer};
use super::visit::Visit;
use crate::audit::{Launchable, Text};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::caller::Caller;
use crate::routes::planned_launch::{Launched, PlannedLaunch, ResourceTarget, retry_after};
use crate::web::kept_launches::{Kept, LaunchKey, ReadyIca, Turn};

/// Longest name of an ICA file, in characters.
const MAX_FILE_NAME: usize = 64;

/// Launches, and keeps the ICA file for [`ica`] (WA-80).
pub(super) async fn status(
    visit: &Visit<'_>,
    target: LaunchTarget<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut launching = Launching::begin(visit, target, request).await?;
    let now = visit.state.now();
    let status = if launching.turn.has_ica(now) {
        LaunchStatus::Success
    } else {
        match launching.run(visit, target).await? {
            Step::Ready(ready) => {
                launching.turn.keep(Kept::Ica(ready), visit.state.now());
                LaunchStatus::Success
            }
            Step::Status(status) => status,
        }
    };
    Ok(answer(media_type::JSON, status.to_json()))
}

/// Returns the ICA file: the one that is kept, or that of a new launch (WA-81, WA-84, WA-85).
pub(super) async fn ica(
    visit: &Visit<'_>,
    target: LaunchTarget<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut launching = Launching::begin(visit, target, request).await?;
    match launching.run(visit, target).await? {
        Step::Ready(ready) => Ok(ica_file(&ready)),
        // As text, so that it appears in the frame that was to load the file.
        Step::Status(status) => Ok(answer(media_type::TEXT, status.to_json())),
    }
}

/// A request for a launch that has its turn.
struct Launching<'s> {
    caller: Caller<'s>,
    launch: Launch,
    turn: Turn,
}

/// Result of a launch.
enum Step {
    Ready(ReadyIca),
    Status(LaunchStatus),
}

impl<'s> Launching<'s> {
    async fn begin(
        visit: &Visit<'s>,
        target: LaunchTarget<'_>,
        request: Request,
    ) -> Result<Self, ApiError> {
        let caller = visit.caller(&request).await?;
        let device = visit.device()?;
        let via = request.citrix_gateway();
        let title = if request.method() == Method::POST {
            Parameters::decode(&caller.body(request).await?).title
        } else {
            Parameters::decode(request.query_text().as_bytes()).title
        };
        let params = LaunchParams {
            client_name: Some(device.as_str().to_owned()),
            device_id: Some(device.as_str().to_owned()),
            ..LaunchParams::default()
        };
        let launch = Launch {
            params: visit.store.client_name_length.cut_launch_params(params),
            // A client behind a proxy that is not configured, or whose proxy does not name it, is
            // outside.
            seen_address: caller.address,
            via,
            title,
        };
        let Some(session) = &visit.session else {
            return Err(ApiError::Forbidden);
        };
        let target = match target {
            LaunchTarget::Resource(id) => format!("resource {id}"),
            LaunchTarget::Session(id) => format!("session {id}"),
        };
        let key = LaunchKey {
            user: caller.user.key().clone(),
            session: session.digest(),
            target: Digest::of(target.as_bytes()),
        };
        let turn = visit.state.web.launches.turn(key, visit.state.now()).await;
        Ok(Self {
            caller,
            launch,
            turn,
        })
    }

    /// Takes the ICA file that is kept, or launches. A file whose ticket was invalidated meanwhile
    /// is not given out.
    async fn run(&mut self, visit: &Visit<'_>, target: LaunchTarget<'_>) -> Result<Step, ApiError> {
        let (state, store, caller) = (visit.state, visit.store, &self.caller);
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
