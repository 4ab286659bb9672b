//! Connecting to a session, or starting an application: what the client asked, and what became of it
//! (SS-53 to SS-59, store-services.md §4).

use std::net::IpAddr;
use std::sync::Arc;

use roamd_store_proto::{ErrorReason, LaunchParams};
use secrecy::SecretString;
use tracing::{info, warn};

use crate::remote_access::route;
use crate::resources::catalogue_with;
use crate::{
    Application, Busy, ConnectRequest, DeadlineShare, EndPoint, FailureCause, Farm, FarmError,
    FarmId, Generation, IcaContent, IcaFile, Kind, LaunchFailure, Logon, NotReady, Operation,
    Refusal, RemoteAccess, ResourceEnumeration, ResourceIds, SessionSettings, Target, User,
};

/// What is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchTarget {
    /// A session, by the id that it was listed with.
    Session(String),
    /// An application or desktop, on the first farm that can serve it.
    Application(ResourceIds),
}

/// A wish to connect.
#[derive(Debug, Clone)]
pub struct Launch {
    /// What the client said of itself and wishes.
    pub params: LaunchParams,
    /// Address of the connection, used when the client claims none (ST-16).
    pub seen_address: Option<IpAddr>,
}

/// What became of it.
#[derive(Debug)]
pub enum LaunchOutcome {
    /// The client can connect with this file.
    Ready {
        /// The file.
        ica: IcaFile,
        /// The logon ticket inside it; none where the user logs on in another way.
        ticket: Option<SecretString>,
        /// The farm that made it.
        farm: FarmId,
    },
    /// The host is not ready yet.
    NotReady {
        /// Why.
        reason: NotReady,
        /// The farm that said so, and that goes on with this launch.
        farm: FarmId,
    },
    /// It failed.
    Failed(LaunchFailure),
    /// There is nothing to launch for this user, or no longer (SS-54, SS-55, ST-54).
    NotFound(ErrorReason),
}

impl Launch {
    /// Makes the connection to what stands on this farm, under the one deadline of an operation.
    pub(crate) async fn at<F: Farm>(
        &self,
        farm: &F,
        access: Option<&RemoteAccess>,
        user: &User,
        target: Target,
    ) -> Result<LaunchOutcome, Busy> {
        let failure = match self.connect(farm, access, user, target).await {
            Ok(launched) => return Ok(launched),
            Err(failure) => failure,
        };
        if failure.cause == FailureCause::Farm(FarmError::Busy) {
            return Err(Busy);
        }
        Ok(match failure.cause.refusal() {
            Some(Refusal::UnknownSession) => LaunchOutcome::NotFound(ErrorReason::ResourceNotFound),
            Some(Refusal::NotReady(reason)) => {
                let farm = farm.description().id.clone();
                LaunchOutcome::NotReady { reason, farm }
            }
            _ => {
                let error = &failure.cause;
                warn!(farm = %farm.description().id, %error, "Launch failed");
                LaunchOutcome::Failed(failure)
            }
        })
    }

    async fn connect<F: Farm>(
        &self,
        farm: &F,
        access: Option<&RemoteAccess>,
        user: &User,
        target: Target,
    ) -> Result<LaunchOutcome, LaunchFailure> {
        let description = farm.description();
        let old_desktop = description.generation == Generation::XenDesktop5;
        let failed = |desktop| move |error: FarmError| LaunchFailure::new(error, desktop);
        let operation = farm.begin(user).await.map_err(failed(old_desktop))?;
        let catalogue = match &target {
            Target::Session(_) => operation.applications(DeadlineShare::Half).await,
            Target::Application(in_name) => catalogue_with(&operation, in_name).await,
        };
        let catalogue = known(farm, &target, catalogue).map_err(failed(old_desktop))?;
        let in_name = target.in_name().to_owned();
        let application = catalogue
            .as_deref()
            .and_then(|catalogue| catalogue.application(&in_name));
        if let Target::Application(_) = target
            && let Some(reason) = nothing_to_start(application)
        {
            return Ok(LaunchOutcome::NotFound(reason));
        }
        let desktop = application.map_or(old_desktop, Application::is_desktop);
        let application_settings = application.map(|application| application.settings);
        let settings =
            SessionSettings::new(&self.params, &application_settings.unwrap_or_default());
        // Several applications share a session; a desktop is one, and a session has its key already.
        let shares = matches!(target, Target::Application(_)) && !desktop;
        let connect = ConnectRequest {
            target,
            end_point: EndPoint {
                client_name: self.params.client_name.clone(),
                device_id: self.params.device_id.clone(),
            },
            client_address: self.params.client_address.or(self.seen_address),
            sharing_key: shares.then(|| settings.sharing_key(user, &description.publisher_name)),
            settings,
        };
        let mut connection = operation.connect(&connect).await.map_err(failed(desktop))?;
        let client = self.seen_address;
        let route = route(access, client, &operation, &in_name, &mut connection)
            .await
            .map_err(|cause| LaunchFailure::new(cause, desktop))?;
        let title = application.map(|application| application.title.as_str());
        let names = title.into_iter().chain([in_name.as_str()]);
        let content = IcaContent {
            in_name: &in_name,
            title: description.name_of(names),
            route: &route,
            connection: &connection,
            settings: &connect.settings,
        };
        let farm = description.id.clone();
        let ica = IcaFile::new(&content).map_err(|error| LaunchFailure::new(error, desktop))?;
        info!(%farm, user = %user.key, "Connection is ready");
        let ticket = match connection.logon {
            Logon::Ticket(ticket) => Some(ticket),
            Logon::SingleSignOn | Logon::Prompt => None,
        };
        Ok(LaunchOutcome::Ready { ica, ticket, farm })
    }
}

/// Why there is nothing to start, if so (ST-52). A document is opened by its client: there is no ICA
/// file for it.
fn nothing_to_start(application: Option<&Application>) -> Option<ErrorReason> {
    match application {
        None => Some(ErrorReason::ResourceNotFound),
        Some(Application { disabled: true, .. }) => Some(ErrorReason::ResourceDisabled),
        Some(Application {
            kind: Kind::Document { .. },
            ..
        }) => Some(ErrorReason::UnsupportedOperation),
        Some(_) => None,
    }
}

/// What a launch knows of the applications. A session can do without: its host has the limits. A
/// farm that refuses the account is not asked for more.
fn known<F: Farm>(
    farm: &F,
    target: &Target,
    catalogue: Result<Arc<ResourceEnumeration>, FarmError>,
) -> Result<Option<Arc<ResourceEnumeration>>, FarmError> {
    match (catalogue, target) {
        (Ok(catalogue), _) => Ok(Some(catalogue)),
        (Err(FarmError::Refused(refusal)), _) if refusal.concerns_account() => {
            Err(FarmError::Refused(refusal))
        }
        (Err(error), Target::Application(_)) => Err(error.after_read()),
        (Err(error), Target::Session(_)) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list applications; a session goes on without");
            Ok(None)
        }
    }
}
