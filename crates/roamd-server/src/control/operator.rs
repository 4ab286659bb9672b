//! The operator who gives a command: the user of the process that has connected.

use std::fs;

/// List of the users of this machine.
const PASSWD: &str = "/etc/passwd";

/// An operator.
#[derive(Debug, Clone)]
pub(super) struct Operator(String);

impl Operator {
    /// Returns the operator with the id of a user, as the kernel reports it.
    pub(super) fn with_id(user: u32) -> Self {
        let users = fs::read_to_string(PASSWD).unwrap_or_default();
        Self(name_of(user, &users).map_or_else(|| format!("user {user}"), str::to_owned))
    }

    /// Name of the user, or `user` and the id if this machine has no such name.
    pub(super) fn name(&self) -> &str {
        &self.0
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
