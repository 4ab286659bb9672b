//! The world of the embedded farm: a user with three disconnected sessions, and others
//! without.

use roamd_nfuse_proto::{Credentials, Domain, Password, PasswordEncoding};

/// User of the world.
pub const USER: &str = "alice";
/// Another user, without sessions.
pub const ATTACKER: &str = "mallory";
/// Number of further users, without sessions.
pub const CLERKS: usize = 100;
/// Number of the user's sessions.
pub const SESSIONS: usize = 3;
pub(crate) const DOMAIN: &str = "BENCH";
pub(crate) const PASSWORD: &str = "bench";

/// Returns credentials with the password of the world, as the server sends them to a farm.
#[must_use]
pub fn credentials(user: &str) -> Credentials {
    Credentials::Explicit {
        user_name: user.to_owned(),
        password: Some(Password {
            value: PASSWORD.into(),
            encoding: PasswordEncoding::Ctx1,
        }),
        domain: Some(Domain::nt(DOMAIN)),
    }
}

/// Returns the name of a further user, by a number below [`CLERKS`].
#[must_use]
pub fn clerk(number: usize) -> String {
    format!("clerk{number}")
}

/// Returns the world for `roamd farm init`.
pub(crate) fn world() -> String {
    let clerk = |number| {
        let name = clerk(number);
        format!("[[domain.user]]\nname = \"{name}\"\npassword = \"{PASSWORD}\"\n")
    };
    let clerks: String = (0..CLERKS).map(clerk).collect();
    format!(
        r#"[[domain]]
name = "{DOMAIN}"
dns = "bench.test"
[[domain.user]]
name = "{USER}"
password = "{PASSWORD}"
[[domain.user]]
name = "{ATTACKER}"
password = "{PASSWORD}"
{clerks}
[[farm]]
id = "CVAD"
name = "Farm"
generation = "cvad-7"
[[farm.host]]
id = "1"
name = "HOST1"
address = "192.0.2.1"
dns = "host1.bench.test"
[[farm.application]]
name = "Excel"
[[farm.application]]
name = "Word"
[[farm.application]]
name = "Desktop"
kind = "desktop"

[[session]]
farm = "CVAD"
user = "{USER}"
app = "Excel"
state = "disconnected"
[[session]]
farm = "CVAD"
user = "{USER}"
app = "Word"
state = "disconnected"
[[session]]
farm = "CVAD"
user = "{USER}"
app = "Desktop"
state = "disconnected"
"#
    )
}
