//! A store: its farms in configured order, and the operations on them.

use std::sync::Arc;

use roamd_seal::KeyRing;
use secrecy::SecretString;

use crate::farm::find_farm;
use crate::{
    Busy, EndAction, EndOutcome, EndPoint, Farm, FarmEnumeration, FarmListResult, Icon, IconSize,
    Launch, LaunchOutcome, LaunchPlan, LaunchTarget, ListExplanation, ListPlan, ListRequest,
    ListedResource, QueriedResources, QueriedSessions, ResourceError, ResourceId, ResourceList,
    Roaming, Scope, SessionIds, SessionList, StoreRules, User, UserKey, end, launch, list,
    resources,
};

/// The farms of a store, and the service that they provide together.
///
/// A list and a launch are planned first. The plan is a value, which the operation carries out.
#[derive(Debug)]
pub struct Store<F> {
    farms: Vec<F>,
    ids: SessionIds,
    rules: StoreRules,
}

impl<F: Farm> Store<F> {
    /// A store with these farms and the default rules. Its session ids are sealed under these keys.
    #[must_use]
    pub fn new(farms: Vec<F>, keys: Arc<KeyRing>) -> Self {
        Self {
            farms,
            ids: SessionIds::new(keys),
            rules: StoreRules::default(),
        }
    }

    /// Returns the store with these rules.
    #[must_use]
    pub fn with_rules(self, rules: StoreRules) -> Self {
        Self { rules, ..self }
    }

    /// The farms, in configured order.
    #[must_use]
    pub fn farms(&self) -> &[F] {
        &self.farms
    }

    /// Plans a list of the sessions that a roaming policy offers (SS-29 to SS-35, SS-71).
    #[must_use]
    pub fn plan_list(&self, request: ListRequest, roaming: Roaming) -> ListPlan {
        ListPlan::new(self.farms.iter().map(Farm::description), request, roaming)
    }

    /// Queries the farms for the sessions that the user may connect to from this end-point (SS-28
    /// to SS-42). [`merge_sessions`](Self::merge_sessions) makes a list of them; it may take long
    /// if they are many.
    pub async fn query_sessions(
        &self,
        plan: &ListPlan,
        user: &User,
        end_point: &EndPoint,
    ) -> QueriedSessions {
        list::query(&self.farms, plan, user, end_point).await
    }

    /// Merges the sessions of this user into one list.
    ///
    /// # Errors
    /// [`Busy`] if no farm was queried, because all planned farms were busy.
    pub fn merge_sessions(
        &self,
        user: &UserKey,
        queried: QueriedSessions,
    ) -> Result<SessionList, Busy> {
        list::merge(&self.ids, user, &self.results(queried))
    }

    /// Explains the list that [`merge_sessions`](Self::merge_sessions) makes of these results.
    #[must_use]
    pub fn explain_sessions(&self, user: &UserKey, queried: QueriedSessions) -> ListExplanation {
        list::explain(&self.ids, user, &self.results(queried))
    }

    fn results(&self, queried: QueriedSessions) -> Vec<FarmListResult<'_>> {
        let results = queried.0.into_iter().filter_map(|(id, outcome)| {
            let farm = find_farm(&self.farms, &id)?.description();
            Some(FarmListResult { farm, outcome })
        });
        results.collect()
    }

    /// Disconnects or logs off the user's sessions that are connected from this end-point, on every
    /// farm, and invalidates these logon tickets (SS-44 to SS-51). Always has side effects.
    ///
    /// # Errors
    /// [`Busy`] if nothing was ended, because all farms were busy.
    pub async fn end(
        &self,
        user: &User,
        end_point: &EndPoint,
        action: EndAction,
        tickets: &[SecretString],
    ) -> Result<EndOutcome, Busy> {
        end::merge(end::end(&self.farms, user, end_point, action, tickets).await)
    }

    /// Plans a launch: which farms can serve it, in which order. A session that the roaming policy
    /// does not offer cannot be launched (SS-71).
    #[must_use]
    pub fn plan_launch(&self, user: &User, target: &LaunchTarget, roaming: Roaming) -> LaunchPlan {
        LaunchPlan::new(&self.farms, &self.ids, user, target, roaming)
    }

    /// Connects the client to a session, or starts an application (SS-53 to SS-59). If several
    /// farms publish the application, tries the next one while it is certain that nothing was
    /// started. Always has side effects.
    ///
    /// # Errors
    /// [`Busy`] if no farm was queried, because all planned farms were busy.
    pub async fn launch(&self, plan: &LaunchPlan, launch: &Launch) -> Result<LaunchOutcome, Busy> {
        launch::run(&self.farms, &self.rules, plan, launch).await
    }

    /// Queries the farms for the resources that the user may start (store-services.md §5).
    /// [`merge_resources`](Self::merge_resources) makes a list of them.
    pub async fn query_resources(&self, user: &User, scope: Scope) -> QueriedResources {
        resources::query(&self.farms, user, scope).await
    }

    /// Merges the resources into one list.
    ///
    /// # Errors
    /// [`Busy`] if no farm was queried, because all were busy.
    pub fn merge_resources(&self, queried: QueriedResources) -> Result<ResourceList, Busy> {
        let farms = queried.0.into_iter().filter_map(|(id, enumeration)| {
            let farm = find_farm(&self.farms, &id)?.description();
            Some(FarmEnumeration { farm, enumeration })
        });
        resources::merge(&farms.collect::<Vec<_>>(), &self.rules.filter)
    }

    /// Looks up one resource, by any of its ids.
    ///
    /// # Errors
    /// [`ResourceError`] if the resource does not exist or its farm failed.
    pub async fn resource(
        &self,
        user: &User,
        id: &ResourceId,
    ) -> Result<ListedResource, ResourceError> {
        resources::resource(&self.farms, &self.rules.filter, user, id).await
    }

    /// Gets the icon of a resource from the farm in its id.
    ///
    /// # Errors
    /// [`ResourceError`] if the resource does not exist or its farm failed.
    pub async fn icon(
        &self,
        user: &User,
        id: &ResourceId,
        size: IconSize,
    ) -> Result<Icon, ResourceError> {
        resources::icon(&self.farms, user, id, size).await
    }
}
