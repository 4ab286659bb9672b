//! Validation of a world description.

use std::collections::{HashMap, HashSet};

use crate::model::account_name::AccountName;
use crate::model::account_policy::{AccountPolicy, PasswordHashing};
use crate::model::application::ApplicationKind;
use crate::model::case_folding::fold_case;
use crate::model::generation::Generation;
use crate::model::limit::Limit;
use crate::model::world::{Application, FarmDescription, World};
use crate::model::world_error::{WorldError, WorldFault, WorldProblem};

/// Maximum length of a name, in characters.
const LONGEST_NAME: usize = 256;

impl World {
    /// Checks that the parts of the world fit together.
    ///
    /// # Errors
    /// [`WorldError::Faults`] with every fault.
    pub fn check(&self) -> Result<(), WorldError> {
        let mut faults = WorldFaults::default();
        let PasswordHashing { memory_kib, passes } = self.password_hashing;
        if !(8..=1024 * 1024).contains(&memory_kib) || !(1..=100).contains(&passes) {
            faults.add("password_hashing", WorldProblem::HashingCost);
        }
        let AccountPolicy {
            lockout_seconds,
            password_length,
            ..
        } = self.accounts;
        if lockout_seconds == 0 || password_length == 0 {
            faults.add("accounts", WorldProblem::Zero);
        }
        let users = self.check_domains(&mut faults);
        self.check_farms(&users, &mut faults);
        self.check_sessions(&users, &mut faults);
        if faults.0.is_empty() {
            Ok(())
        } else {
            Err(WorldError::Faults(faults.0))
        }
    }

    fn check_domains(&self, faults: &mut WorldFaults) -> Users {
        let mut users = Users::default();
        let mut seen = HashSet::new();
        if self.domains.is_empty() {
            faults.add("domain", WorldProblem::None);
        }
        for (index, domain) in self.domains.iter().enumerate() {
            let location = format!("domain {}", domain.name);
            for name in [&domain.name, &domain.dns] {
                faults.check_name(&location, name, &['\\', '@']);
            }
            // NetBIOS and DNS name of one domain may be equal. Two domains may not share a name.
            for name in HashSet::from([fold_case(&domain.name), fold_case(&domain.dns)]) {
                if !seen.insert(name.clone()) {
                    faults.add(&location, WorldProblem::Duplicate);
                }
                users.domains.insert(name, index);
            }
            for user in &domain.users {
                let location = format!("{location}, user {}", user.name);
                faults.check_name(&location, &user.name, &['\\', '@']);
                let domains = users.accounts.entry(fold_case(&user.name)).or_default();
                if domains.contains(&index) {
                    faults.add(&location, WorldProblem::Duplicate);
                } else {
                    domains.push(index);
                }
            }
        }
        users
    }

    fn check_farms(&self, users: &Users, faults: &mut WorldFaults) {
        let mut ids = HashSet::new();
        if self.farms.is_empty() {
            faults.add("farm", WorldProblem::None);
        }
        for farm in &self.farms {
            let location = format!("farm {}", farm.id);
            // The id becomes part of file and resource names: XA1.Notepad.
            let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            if farm.id.is_empty() || !farm.id.chars().all(is_word) {
                faults.add(&location, WorldProblem::BadName);
            }
            faults.check_name(&location, &farm.name, &[]);
            if !ids.insert(fold_case(&farm.id)) {
                faults.add(&location, WorldProblem::Duplicate);
            }
            if farm.hosts.is_empty() {
                faults.add(format!("{location}, host"), WorldProblem::None);
            }
            farm.check_groups(&location, faults);
            farm.check_hosts(&location, faults);
            farm.check_applications(&location, users, faults);
        }
    }

    fn check_sessions(&self, users: &Users, faults: &mut WorldFaults) {
        for (number, session) in self.sessions.iter().enumerate() {
            let location = format!("session {}", number + 1);
            let client = [&session.client_name, &session.device_id];
            for name in client.into_iter().flatten() {
                faults.check_name(&location, name, &[]);
            }
            let user = users.find(&session.user);
            if user.is_none() {
                faults.add(&location, WorldProblem::UnknownUser);
            }
            let Some(farm) = self
                .farms
                .iter()
                .find(|farm| fold_case(&farm.id) == fold_case(&session.farm))
            else {
                faults.add(&location, WorldProblem::UnknownFarm);
                continue;
            };
            let published = farm
                .applications
                .iter()
                .filter(|app| app.kind != ApplicationKind::Document)
                .filter(|app| fold_case(&app.name) == fold_case(&session.app))
                .any(|app| match &app.users {
                    None => true,
                    Some(names) => names.iter().any(|name| users.find(name) == user),
                });
            if !published {
                faults.add(&location, WorldProblem::UnknownApplication);
            }
        }
    }
}

impl FarmDescription {
    fn check_groups(&self, location: &str, faults: &mut WorldFaults) {
        let mut names = HashSet::new();
        for group in &self.groups {
            let location = format!("{location}, group {}", group.name);
            faults.check_name(&location, &group.name, &[]);
            if !names.insert(fold_case(&group.name)) {
                faults.add(&location, WorldProblem::Duplicate);
            }
        }
    }

    fn check_group(&self, location: &str, group: Option<&String>, faults: &mut WorldFaults) {
        let is_there = |name: &String| {
            self.groups
                .iter()
                .any(|group| fold_case(name) == fold_case(&group.name))
        };
        if !group.is_none_or(is_there) {
            faults.add(location, WorldProblem::UnknownGroup);
        }
    }

    fn runs_somewhere(&self, application: &Application) -> bool {
        let group = |name: &Option<String>| name.as_deref().map(fold_case);
        let hosts = &mut self.hosts.iter();
        hosts.any(|host| group(&host.group) == group(&application.group))
    }

    fn check_hosts(&self, location: &str, faults: &mut WorldFaults) {
        let mut ids = HashSet::new();
        for host in &self.hosts {
            let location = format!("{location}, host {}", host.id);
            // The ticket tag contains the id, followed by `?`.
            faults.check_name(&location, &host.id, &['?', ' ']);
            faults.check_name(&location, &host.name, &[]);
            faults.check_name(&location, &host.dns, &[':', ' ']);
            if self.generation != Generation::Cvad7 && host.id.parse::<u32>().is_err() {
                faults.add(&location, WorldProblem::HostIdNotNumber);
            }
            if host.capacity == 0 {
                faults.add(&location, WorldProblem::NoCapacity);
            }
            self.check_group(&location, host.group.as_ref(), faults);
            if !ids.insert(&host.id) {
                faults.add(&location, WorldProblem::Duplicate);
            }
        }
    }

    fn check_applications(&self, location: &str, users: &Users, faults: &mut WorldFaults) {
        let mut names = HashSet::new();
        for application in &self.applications {
            let location = format!("{location}, application {}", application.name);
            faults.check_name(&location, &application.name, &[]);
            if let Some(title) = &application.title {
                faults.check_name(&location, title, &[]);
            }
            if !names.insert(fold_case(&application.name)) {
                faults.add(&location, WorldProblem::Duplicate);
            }
            self.check_group(&location, application.group.as_ref(), faults);
            if !application.has_parts_of_its_kind() {
                faults.add(&location, WorldProblem::Kind);
            }
            // A farm without hosts is a fault of its own.
            let runs = application.kind != ApplicationKind::Document;
            if runs && !self.hosts.is_empty() && !self.runs_somewhere(application) {
                faults.add(&location, WorldProblem::NoHost);
            }
            for user in application.users.iter().flatten() {
                if users.find(user).is_none() {
                    faults.add(
                        format!("{location}, user {user}"),
                        WorldProblem::UnknownUser,
                    );
                }
            }
        }
    }
}

impl Application {
    fn has_parts_of_its_kind(&self) -> bool {
        let limits = [self.max_instances, self.max_instances_per_user];
        let is_bare = self.group.is_none() && limits == [Limit::None; 2];
        match self.kind {
            ApplicationKind::App => self.content.is_none(),
            ApplicationKind::Desktop => self.content.is_none() && self.file_types.is_empty(),
            ApplicationKind::Document => {
                self.content.is_some() && self.file_types.is_empty() && is_bare
            }
        }
    }
}

/// The faults found so far.
#[derive(Default)]
struct WorldFaults(Vec<WorldFault>);

impl WorldFaults {
    fn add(&mut self, location: impl Into<String>, problem: WorldProblem) {
        self.0.push(WorldFault {
            location: location.into(),
            problem,
        });
    }

    fn check_name(&mut self, location: &str, name: &str, forbidden: &[char]) {
        let bad = name.trim() != name
            || name.is_empty()
            || name.chars().count() > LONGEST_NAME
            || name.contains(|c: char| c.is_control() || forbidden.contains(&c));
        if bad {
            self.add(location, WorldProblem::BadName);
        }
    }
}

/// The users of a world by name.
#[derive(Default)]
struct Users {
    /// Domain index by NetBIOS and DNS name, case folded.
    domains: HashMap<String, usize>,
    /// Domain indexes by user name, case folded.
    accounts: HashMap<String, Vec<usize>>,
}

impl Users {
    /// Finds the user with this name, as user name and domain index. Returns `None` unless exactly
    /// one matches.
    fn find(&self, text: &str) -> Option<(String, usize)> {
        let account = AccountName::parse(text);
        let name = fold_case(&account.user);
        let domains = self.accounts.get(&name)?;
        let domain = match (account.domain, domains.as_slice()) {
            (None, [only]) => *only,
            (None, _) => return None,
            (Some(domain), domains) => *self
                .domains
                .get(&fold_case(&domain))
                .filter(|index| domains.contains(index))?,
        };
        Some((name, domain))
    }
}
