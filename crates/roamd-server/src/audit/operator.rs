//! The operator who gives a command: a user of this machine, by the id that the kernel reports.
//! Variables such as `SUDO_USER` do not count, because the caller sets them.

use std::fs;

use rustix::process::geteuid;
use serde::Serialize;

use super::text::Text;

/// List of the users of this machine.
const PASSWD: &str = "/etc/passwd";

/// An operator.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Operator {
    /// Name of the user, or `user` and the id if this machine has no such name.
    #[serde(rename = "operator")]
    name: Text,
    #[serde(rename = "operator_id")]
    id: u32,
}

impl Operator {
    /// Returns the operator with the id of a user, as the kernel reports it.
    pub(crate) fn with_id(id: u32) -> Self {
        let users = fs::read_to_string(PASSWD).unwrap_or_default();
        let name = name_of(id, &users).map_or_else(|| format!("user {id}"), str::to_owned);
        Self {
            name: Text::new(&name),
            id,
        }
    }

    /// Returns the user of this process.
    pub(super) fn of_this_process() -> Self {
        Self::with_id(geteuid().as_raw())
    }

    /// Name of the user.
    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }
}

/// Finds the name of a user in a list with lines such as `root:x:0:0:root:/root:/bin/sh`.
fn name_of(user: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(user)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_operator_is_that_of_the_system() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken:x\nroamd:x:998:998::/:/bin/false\n";
        for (user, expected) in [(0, Some("root")), (998, Some("roamd")), (7, None)] {
            assert_eq!(name_of(user, users), expected, "{user}");
        }
        assert_eq!(Operator::with_id(4_000_000_000).name(), "user 4000000000");
    }
}
