//! Launch on one farm, as one operation with one deadline.

use std::net::IpAddr;
use std::sync::Arc;

use roamd_store_proto::{ErrorReason, LaunchParams};
use tracing::{info, warn};

use super::failure::{FailureCause, LaunchFailure};
use super::outcome::LaunchOutcome;
use super::plan::LaunchPlan;
use super::publication::{enumeration_for, not_startable, not_startable_any_more};
use crate::remote_access::{access, route};
use crate::{
    Application, Busy, ClientPath, ConnectRequest, DeadlineShare, DefaultWindow, EndPoint, Farm,
    FarmError, IcaContent, IcaFile, ListScope, Logon, Operation, Refusal, ResourceEnumeration,
    SessionKey, SessionSettings, StoreRules, Target,
};

/// Launch request of a client.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Launch parameters.
    pub params: LaunchParams,
    /// Address of the connection, used if the client claims none (ST-16).
    pub seen_address: Option<IpAddr>,
    /// Names and addresses of the Citrix Gateway that has forwarded the request, as a trusted proxy
    /// reports them; empty if none has.
    pub via: Vec<String>,
    /// Title that the client wants; `None` for that of the application (WA-80).
    pub title: Option<String>,
}

/// Launches the target on this farm.
///
/// # Errors
/// [`Busy`] if nothing was sent to the farm, because it was busy.
pub(crate) async fn attempt<F: Farm>(
    launch: &Launch,
    farm: &F,
    rules: &StoreRules,
    plan: &LaunchPlan,
    target: Target,
) -> Result<LaunchOutcome, Busy> {
    let failure = match launch.connect(farm, rules, plan, target).await {
        Ok(outcome) => return Ok(outcome),
        Err(failure) => failure,
    };
    if failure.cause == FailureCause::Farm(FarmError::Busy) {
        return Err(Busy);
    }
    let (farm, error) = (&farm.description().id, &failure.cause);
    Ok(match failure.cause.refusal() {
        Some(Refusal::UnknownSession) => {
            info!(%farm, %error, "Launch of an unknown session");
            LaunchOutcome::NotFound(ErrorReason::ResourceNotFound)
        }
        Some(Refusal::NotReady(reason)) => {
            info!(%farm, %error, "Launch has to be retried");
            let farm = farm.clone();
            LaunchOutcome::NotReady { reason, farm }
        }
        _ => {
            warn!(%farm, %error, "Launch failed");
            LaunchOutcome::Failed(failure)
        }
    })
}

impl Launch {
    async fn connect<F: Farm>(
        &self,
        farm: &F,
        rules: &StoreRules,
        plan: &LaunchPlan,
        target: Target,
    ) -> Result<LaunchOutcome, LaunchFailure> {
        let user = plan.user();
        let description = farm.description();
        // Assumed until the enumeration names the application.
        let desktop = description.generation.hosts_only_desktops();
        let failed = |desktop| move |error: FarmError| LaunchFailure::new(error, desktop);
        let operation = farm.begin(user).await.map_err(failed(desktop))?;
        let end_point = EndPoint::from(&self.params);
        if let Target::Session(session) = &target
            && plan.requires_disconnected()
            && !is_disconnected(&operation, &end_point, session)
                .await
                .map_err(|error| failed(desktop)(error.after_read()))?
        {
            let farm = &description.id;
            info!(%farm, "Launch of a session that the roaming policy does not offer");
            return Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound));
        }
        let enumeration = match &target {
            Target::Session(_) => operation.applications(DeadlineShare::Half).await,
            Target::Application(in_name) => {
                enumeration_for(&operation, in_name, &rules.filter).await
            }
        };
        let enumeration =
            optional_enumeration(farm, &target, enumeration).map_err(failed(desktop))?;
        let in_name = target.in_name().to_owned();
        let application = enumeration
            .as_deref()
            .and_then(|enumeration| enumeration.application(&in_name));
        if let Target::Application(_) = target
            && let Some(reason) = not_startable(application, &rules.filter)
        {
            return Ok(LaunchOutcome::NotFound(reason));
        }
        let desktop = application.map_or(desktop, Application::is_desktop);
        let own = application.map(|application| application.settings);
        let window = match (application, desktop) {
            (_, true) => Some(DefaultWindow::FullScreen),
            (Some(_), false) => Some(DefaultWindow::Seamless),
            (None, false) => None,
        };
        let mut settings = SessionSettings::new(&self.params, &own.unwrap_or_default(), window);
        if !rules.override_client_name {
            settings.client_name = None;
        }
        // Applications can share a session. A desktop is a session of its own, and an existing
        // session has its key already.
        let shares = matches!(target, Target::Application(_)) && !desktop;
        let connect = ConnectRequest {
            target,
            end_point,
            client_address: self.params.client_address.or(self.seen_address),
            sharing_key: shares.then(|| settings.sharing_key(user, &description.publisher_name)),
            settings,
        };
        let mut connection = match operation.connect(&connect).await {
            Ok(connection) => connection,
            Err(error) => {
                return match not_startable_any_more(
                    &operation,
                    &connect.target,
                    &rules.filter,
                    &error,
                )
                .await
                {
                    Some(reason) => Ok(LaunchOutcome::NotFound(reason)),
                    None => Err(failed(desktop)(error)),
                };
            }
        };
        let client = ClientPath {
            address: self.seen_address,
            via: &self.via,
        };
        let access = access(&rules.gateways, description, client);
        let route = route(access, &operation, &in_name, &mut connection)
            .await
            .map_err(|cause| LaunchFailure::new(cause, desktop))?;
        let title = application.map(|application| application.title.as_str());
        let wanted = self.title.as_deref();
        let names = wanted.into_iter().chain(title).chain([in_name.as_str()]);
        let content = IcaContent {
            in_name: &in_name,
            title: description.display_name(names),
            route: &route,
            connection: &connection,
            settings: &connect.settings,
        };
        let farm = description.id.clone();
        let ica = IcaFile::new(&content).map_err(|error| LaunchFailure::new(error, desktop))?;
        info!(%farm, user = %user.key(), "Launch succeeded");
        let ticket = match connection.logon {
            Logon::Ticket(ticket) => Some(ticket),
            Logon::SingleSignOn | Logon::Prompt => None,
        };
        Ok(LaunchOutcome::Ready { ica, ticket, farm })
    }
}

/// Whether the farm lists a session as disconnected.
async fn is_disconnected(
    operation: &impl Operation,
    end_point: &EndPoint,
    session: &SessionKey,
) -> Result<bool, FarmError> {
    let listed = operation
        .sessions(end_point, ListScope::Disconnected)
        .await?;
    let mut listed = listed.as_slice().iter();
    Ok(listed.any(|it| it.key.is_same_session(session)))
}

/// Returns `None` for a failed enumeration that the launch does not need: the host of an existing
/// session enforces the limits of its application.
///
/// # Errors
/// If an application is launched. If the farm refuses the account, since it would refuse the launch
/// too.
fn optional_enumeration<F: Farm>(
    farm: &F,
    target: &Target,
    enumeration: Result<Arc<ResourceEnumeration>, FarmError>,
) -> Result<Option<Arc<ResourceEnumeration>>, FarmError> {
    match (enumeration, target) {
        (Ok(enumeration), _) => Ok(Some(enumeration)),
        (Err(error), _) if error.concerns_account() => Err(error),
        (Err(error), Target::Application(_)) => Err(error.after_read()),
        (Err(error), Target::Session(_)) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list applications; reconnecting without them");
            Ok(None)
        }
    }
}
