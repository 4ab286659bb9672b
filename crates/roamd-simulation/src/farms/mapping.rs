//! Mappings of farms to users, and what they give a user.

use roamd_citrixauth::{HeldSids, NamedSids};

use super::farm::FarmPlan;
use super::mapped::Mapped;

/// SID of the group of some mappings.
const GROUP: &str = "S-1-5-21-10-20-30-1200";

/// Relation of a user to a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Primary,
    Backup,
    /// A mapping may give it to the user, whose groups are not known.
    Undecided,
    NotMapped,
}

/// The relation of a user to a farm (SS-73). This repeats the rule of the server on purpose.
pub(crate) fn access(user: usize, farm: &FarmPlan) -> Access {
    match (farm.mapped, user % 3) {
        (Mapped::All, _) | (Mapped::Group, 0) => Access::Primary,
        (Mapped::AllAsBackup, _) => Access::Backup,
        (Mapped::Group, 1) => Access::NotMapped,
        (Mapped::Group, _) => Access::Undecided,
        (Mapped::NoUser, _) => Access::NotMapped,
    }
}

/// Returns the SIDs in the token of a user: with the group, without it, or `None` if not known.
pub(crate) fn held_sids(user: usize, farms: &[FarmPlan]) -> Option<HeldSids> {
    let names_group = farms.iter().any(|farm| farm.mapped == Mapped::Group);
    let named = NamedSids::new(names_group.then_some(GROUP));
    match user % 3 {
        0 => named.held_by(&[GROUP.to_owned()]),
        1 => named.held_by(&[]),
        _ => None,
    }
}

/// The sections of the configuration; none if all farms are for all users.
pub(crate) fn sections(farms: &[FarmPlan]) -> String {
    if farms.iter().all(|farm| farm.mapped == Mapped::All) {
        return String::new();
    }
    let list = |mapped| {
        let farms = farms.iter().filter(|farm| farm.mapped == mapped);
        let ids: Vec<_> = farms.map(|farm| format!("\"{}\"", farm.id())).collect();
        ids.join(", ")
    };
    let mut text = format!(
        "[[store.mapping]]\nname = \"all\"\n[[store.mapping.farm_set]]\nprimary = [{}]\n\
         backup = [{}]\nlaunch_order = \"balanced\"\n",
        list(Mapped::All),
        list(Mapped::AllAsBackup)
    );
    let group = list(Mapped::Group);
    if !group.is_empty() {
        text += &format!(
            "[[store.mapping]]\nname = \"group\"\ngroups = [\"{GROUP}\"]\n\
             [[store.mapping.farm_set]]\nprimary = [{group}]\n"
        );
    }
    text
}
