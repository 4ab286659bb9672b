//! A store: its farms in configured order, and the operations on them.

use std::sync::Arc;

use roamd_seal::KeyRing;
use secrecy::SecretString;

use crate::farm::find_farm;
use crate::{
    Busy, EndAction, EndOutcome, EndPoint, Farm, FarmEnumeration, FarmId, FarmListResult, Icon,
    IconSize, Launch, LaunchOutcome, LaunchPlan, LaunchTarget, ListExplanation, ListOutcome,
    ListPlan, ListRequest, ListedResource, QueriedResources, QueriedSessions, RemoteAccess,
    ResourceError, ResourceId, ResourceList, Roaming, Scope, SessionIds, SessionList, StoreRules,
    User, UserFarms, UserKey, end, launch, list, resources,
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

    /// The Citrix Gateways for clients outside, in their order.
    #[must_use]
    pub fn gateways(&self) -> &[RemoteAccess] {
        &self.rules.gateways
    }

    /// Whether users have different farms.
    #[must_use]
    pub fn has_mappings(&self) -> bool {
        !self.rules.mappings.is_empty()
    }

    /// The farms of a user (SS-73). `sids` are the identifiers of the user and their groups, as
    /// [`Sid::as_str`](crate::Sid::as_str) writes them; `None` if they are not known.
    #[must_use]
    pub fn farms_of(&self, user: &UserKey, sids: Option<&[&str]>) -> UserFarms {
        let farms = self.farms.iter().map(Farm::description);
        UserFarms::new(&self.rules.mappings, farms, user, sids)
    }

    /// Plans a list of the sessions that a roaming policy offers, on the farms of the user (SS-29
    /// to SS-35, SS-71, SS-73).
    #[must_use]
    pub fn plan_list(
        &self,
        request: ListRequest,
        roaming: Roaming,
        user_farms: UserFarms,
    ) -> ListPlan {
        let farms = self.farms.iter().map(Farm::description);
        ListPlan::new(farms, request, roaming, user_farms)
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
        let QueriedSessions {
            outcomes,
            user_farms,
        } = queried;
        list::merge(&self.ids, user, &self.results(outcomes, &user_farms))
    }

    /// Explains the list that [`merge_sessions`](Self::merge_sessions) makes of these results.
    #[must_use]
    pub fn explain_sessions(&self, user: &UserKey, queried: QueriedSessions) -> ListExplanation {
        let QueriedSessions {
            outcomes,
            user_farms,
        } = queried;
        let results = self.results(outcomes, &user_farms);
        list::explain(&self.ids, user, &user_farms, &results)
    }

    fn results<'s>(
        &'s self,
        outcomes: Vec<(FarmId, ListOutcome)>,
        user_farms: &'s UserFarms,
    ) -> Vec<FarmListResult<'s>> {
        let results = outcomes.into_iter().filter_map(|(id, outcome)| {
            let farm = find_farm(&self.farms, &id)?.description();
            let farm = user_farms.description(farm);
            Some(FarmListResult { farm, outcome })
        });
        results.collect()
    }

    /// Disconnects or logs off the user's sessions that are connected from this end-point, on every
    /// farm that the user has or may have, and invalidates these logon tickets (SS-44 to SS-51).
    /// Always has side effects.
    ///
    /// # Errors
    /// [`Busy`] if nothing was ended, because all farms were busy.
    pub async fn end(
        &self,
        user_farms: &UserFarms,
        user: &User,
        end_point: &EndPoint,
        action: EndAction,
        tickets: &[SecretString],
    ) -> Result<EndOutcome, Busy> {
        end::merge(end::end(&self.farms, user_farms, user, end_point, action, tickets).await)
    }

    /// Plans a launch: which farms can serve it, in which order. A session that the roaming policy
    /// does not offer cannot be launched (SS-71).
    #[must_use]
    pub fn plan_launch(
        &self,
        user: &User,
        target: &LaunchTarget,
        roaming: Roaming,
        user_farms: &UserFarms,
    ) -> LaunchPlan {
        LaunchPlan::new(&self.farms, &self.ids, user, target, roaming, user_farms)
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

    /// Queries the farms of the user for the resources that the user may start (store-services.md
    /// §5), backup farms only if no primary one can list them.
    /// [`merge_resources`](Self::merge_resources) makes a list of them.
    pub async fn query_resources(
        &self,
        user_farms: &UserFarms,
        user: &User,
        scope: Scope,
    ) -> QueriedResources {
        resources::query(&self.farms, user_farms, user, scope).await
    }

    /// Merges the resources into one list.
    ///
    /// # Errors
    /// [`Busy`] if no farm was queried, because all were busy.
    pub fn merge_resources(&self, queried: QueriedResources) -> Result<ResourceList, Busy> {
        let QueriedResources {
            enumerations,
            user_farms,
        } = queried;
        let farms = enumerations.into_iter().filter_map(|(id, enumeration)| {
            let farm = find_farm(&self.farms, &id)?.description();
            let farm = user_farms.description(farm);
            Some(FarmEnumeration { farm, enumeration })
        });
        let list = resources::merge(&farms.collect::<Vec<_>>(), &self.rules.filter)?;
        Ok(list.of_user(&user_farms))
    }

    /// Looks up one resource of a farm of the user, by any of its ids.
    ///
    /// # Errors
    /// [`ResourceError`] if the resource does not exist or its farm failed.
    pub async fn resource(
        &self,
        user_farms: &UserFarms,
        user: &User,
        id: &ResourceId,
    ) -> Result<ListedResource, ResourceError> {
        resources::resource(&self.farms, user_farms, &self.rules.filter, user, id).await
    }

    /// Gets the icon of a resource from the farm in its id.
    ///
    /// # Errors
    /// [`ResourceError`] if the resource does not exist or its farm failed.
    pub async fn icon(
        &self,
        user_farms: &UserFarms,
        user: &User,
        id: &ResourceId,
        size: IconSize,
    ) -> Result<Icon, ResourceError> {
        resources::icon(&self.farms, user_farms, user, id, size).await
    }
}
