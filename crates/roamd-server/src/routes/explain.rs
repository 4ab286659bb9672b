//! `sessions/v1/explain`: why a list offers a session or does not (SS-72).

use std::sync::Arc;

use http::StatusCode;
use roamd_http::Response;
use roamd_sessions::{
    Access, ClientPath, EndPoint, ExplainedMapping, FarmAccess, FarmAnswer, FarmError,
    FarmExplanation, ListRequest, PlanReason, RemoteAccess, Roaming, RoamingRule, RuleSource,
    Verdict, access,
};
use roamd_store_proto::{
    ExplainedAnswer, ExplainedEndPoint, ExplainedFarm, ExplainedFarmMapping, ExplainedQuestion,
    ExplainedRequest, ExplainedRoaming, ExplainedRoute, ExplainedSession, SessionExplanation,
    SessionParams, media_type,
};

use crate::app::state::{AppState, HostedStore};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::routes::caller::{Caller, caller};

/// Explains the list for the parameters in the query.
pub(crate) async fn explain(
    state: &AppState,
    store: &HostedStore,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = caller(state, &request, &store.urls(&request).sessions).await?;
    let via = request.citrix_gateway();
    let media = request.accepts(&[media_type::JSON], media_type::JSON)?;
    let params = SessionParams::from_query(request.query_pairs())?;
    let params = store.client_name_length.cut_session_params(params);
    let list_request = ListRequest {
        include_active_sessions: params.include_active_sessions,
        app_sessions_only: params.app_sessions_only,
    };
    let end_point = EndPoint::from(&params);
    let explained = explain_for(state, store, &caller, list_request, end_point, via).await?;
    let body = encode(state, explained).await?;
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// Explains the list that a caller gets at an end-point, after a check of the password. Has no side
/// effect.
pub(super) async fn explain_for(
    state: &AppState,
    store: &HostedStore,
    caller: &Caller<'_>,
    list_request: ListRequest,
    end_point: EndPoint,
    via: Vec<String>,
) -> Result<SessionExplanation, ApiError> {
    caller.check_password(store.check_policy()).await?;
    let service = Arc::clone(&store.service);
    let rule = caller.roaming(store);
    let plan = service.plan_list(list_request, rule.sessions, caller.farms(store));
    let plan = plan.without_side_effects();
    let queried = service
        .query_sessions(&plan, &caller.user, &end_point)
        .await;
    let (size, user) = (queried.size(), caller.user.key().clone());
    let explain = move || service.explain_sessions(&user, queried);
    let explained = state.large_work.run(size, explain).await?;
    caller.check_again_if(explained.account_refused).await?;
    // The farms may have taken long to respond.
    caller.check_token_again().await?;
    let user = &caller.user;
    let client = ClientPath {
        address: caller.address,
        via: &via,
    };
    Ok(SessionExplanation {
        store: store.path.to_string(),
        user: format!("{}\\{}", user.domain(), user.name()),
        end_point: explained_end_point(end_point),
        request: ExplainedRequest {
            include_active_sessions: list_request.include_active_sessions,
            app_sessions_only: list_request.app_sessions_only,
        },
        roaming: explained_rule(rule),
        enumeration: explained.enumeration.as_str().to_owned(),
        farms: explained
            .farms
            .into_iter()
            .map(|farm| explained_farm(farm, store.service.gateways(), client))
            .collect(),
    })
}

/// Writes an explanation.
pub(super) async fn encode(
    state: &AppState,
    explained: SessionExplanation,
) -> Result<Vec<u8>, ApiError> {
    let size = explained.farms.iter().map(|farm| farm.sessions.len()).sum();
    let write = move || explained.to_json();
    Ok(state.large_work.run(size, write).await?)
}

fn explained_end_point(end_point: EndPoint) -> ExplainedEndPoint {
    let identified_by = match end_point.device_id {
        Some(_) => "deviceId",
        None => "clientName",
    };
    ExplainedEndPoint {
        client_name: end_point.client_name,
        device_id: end_point.device_id,
        identified_by: identified_by.to_owned(),
        text: "Farms do not list sessions that are connected from this end-point.".to_owned(),
    }
}

fn explained_rule(rule: RoamingRule) -> ExplainedRoaming {
    let (id, exception) = match rule.source {
        RuleSource::Store => ("store", None),
        RuleSource::Exception(number) => ("exception", Some(number)),
        RuleSource::Undecided(number) => ("undecided", Some(number)),
    };
    let origin = match rule.source {
        RuleSource::Store => "The roaming policy of the store".to_owned(),
        RuleSource::Exception(number) => format!("Exception {number} of the roaming policy"),
        RuleSource::Undecided(number) => format!(
            "Exception {number} of the roaming policy, which may apply since the address or the \
             groups are not known,"
        ),
    };
    let offer = match rule.sessions {
        Roaming::Always => "offers disconnected and active sessions",
        Roaming::DisconnectedOnly => "offers disconnected sessions only",
        Roaming::SameEndpointOnly => "offers no sessions of other clients",
    };
    ExplainedRoaming {
        sessions: rule.sessions.as_str().to_owned(),
        rule: id.to_owned(),
        exception,
        text: format!("{origin} {offer}."),
    }
}

fn explained_farm(
    explained: FarmExplanation,
    gateways: &[RemoteAccess],
    client: ClientPath<'_>,
) -> ExplainedFarm {
    let FarmExplanation {
        farm,
        mapping,
        reasons,
        answer,
        sessions,
    } = explained;
    let sessions = sessions.into_iter().map(|session| ExplainedSession {
        name: session.name,
        desktop: session.desktop,
        offered: session.verdict == Verdict::Offered,
        reason: session.verdict.id().to_owned(),
        id: session.id,
        text: session.verdict.text().to_owned(),
    });
    let sessions: Vec<_> = sessions.collect();
    let route = (!gateways.is_empty()).then(|| explained_route(access(gateways, &farm, client)));
    ExplainedFarm {
        route,
        id: farm.id.to_string(),
        name: farm.publisher_name,
        generation: farm.generation.as_str().to_owned(),
        legacy_workspace_control: farm.legacy_workspace_control,
        mapping: mapping.map(explained_mapping),
        disconnected: explained_question(reasons.disconnected),
        active: explained_question(reasons.active),
        answer: explained_answer(&answer, sessions.len()),
        sessions,
    }
}

fn explained_mapping(mapping: ExplainedMapping) -> ExplainedFarmMapping {
    let (access, text) = match (mapping.access, &mapping.name) {
        (FarmAccess::Primary, Some(name)) => {
            ("primary", format!("Mapping {name} gives you the farm."))
        }
        (FarmAccess::Backup, Some(name)) => (
            "backup",
            format!(
                "Mapping {name} gives you the farm as a backup: it is asked for resources only if \
                 the primary farms fail."
            ),
        ),
        (FarmAccess::Undecided, Some(name)) => (
            "undecided",
            format!(
                "Mapping {name} may give you the farm. Your groups are not known, so it is asked \
                 for sessions and not for resources."
            ),
        ),
        (_, None) | (FarmAccess::NotMapped, _) => {
            ("not-mapped", "No mapping gives you the farm.".to_owned())
        }
    };
    ExplainedFarmMapping {
        access: access.to_owned(),
        name: mapping.name,
        text,
    }
}

fn explained_route(access: Access<'_>) -> ExplainedRoute {
    let (word, gateway, text) = match access {
        Access::Direct => ("direct", None, "You reach its hosts directly.".to_owned()),
        Access::Gateway(_, gateway) => {
            let gateway = gateway.gateway.to_string();
            let text = format!("You reach its hosts through the Citrix Gateway {gateway}.");
            ("gateway", Some(gateway), text)
        }
        Access::None => (
            "none",
            None,
            "You are outside, and no Citrix Gateway is for you and this farm: launches fail."
                .to_owned(),
        ),
    };
    ExplainedRoute {
        access: word.to_owned(),
        gateway,
        text,
    }
}

fn explained_question(reason: PlanReason) -> ExplainedQuestion {
    ExplainedQuestion {
        list_asks: reason.list_asks(),
        asked: reason.asks(),
        reason: reason.id().to_owned(),
        text: reason.text().to_owned(),
    }
}

fn explained_answer(answer: &FarmAnswer, sessions: usize) -> ExplainedAnswer {
    let unknown = |result: &str, text: &str| ExplainedAnswer {
        result: result.to_owned(),
        error: None,
        sessions: None,
        truncated: None,
        text: text.to_owned(),
    };
    match answer {
        FarmAnswer::NotAsked => unknown("not-asked", "The farm was not asked."),
        FarmAnswer::Listed { is_truncated } => ExplainedAnswer {
            sessions: Some(sessions),
            truncated: Some(*is_truncated),
            ..unknown("listed", &listed(sessions, *is_truncated))
        },
        FarmAnswer::Failed(error) => ExplainedAnswer {
            error: Some(error.reason().to_owned()),
            ..unknown("failed", failed(error))
        },
    }
}

fn listed(sessions: usize, is_truncated: bool) -> String {
    let number = match sessions {
        0 => "no session".to_owned(),
        1 => "1 session".to_owned(),
        number => format!("{number} sessions"),
    };
    let rest = if is_truncated {
        ", and has more than are read"
    } else {
        ""
    };
    format!("The farm listed {number}{rest}.")
}

/// The kind of an error. Its details are for the administrator, and in the log.
fn failed(error: &FarmError) -> &'static str {
    match error {
        FarmError::Unavailable(_) | FarmError::NotDone(_) => "The farm does not respond.",
        FarmError::Busy => "The farm is busy; try again later.",
        FarmError::Refused(_) | FarmError::RefusedHalfway(_) => "The farm refused.",
    }
}
