//! slowhttptest: connections that send or read as slowly as they may.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use roamd_store_proto::media_type;

use crate::load::{Front, Load, Run};
use crate::report::{mebibytes, micros};
use crate::service::{Usage, free_address};
use crate::setup::{Gateway, Reached, SESSIONS, Setup};

/// Connections that an attack holds, and how many it opens in a second.
const CONNECTIONS: &str = "2000";
const RATE: &str = "500";

/// Connections of the clients who want their lists meanwhile.
const CLIENTS: usize = 4;

/// Lifts the limits of one client.
const AS_FROM_MANY: &str = "[limits]\nconnections_per_client = 10000\nrequests_per_client = 2048\n";

/// One attack, and what it did.
pub(crate) struct Siege {
    pub(crate) attack: &'static str,
    limit: Limit,
    /// Lists that were asked for meanwhile.
    lists: Run,
    /// What the attacker says: whether its probe, one more connection of its own, was answered.
    available: bool,
    /// Of the gateway, at the end of the attack.
    memory: Usage,
}

/// Which limits hold for the attacker, who is one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// Those of the default configuration.
    Default,
    /// None.
    Lifted,
}

/// The four modes of the program.
fn attacks(gateway: &str) -> [(&'static str, Vec<String>); 4] {
    // What everybody may ask for without a token.
    let protocols = format!("{gateway}/Citrix/StoreAuth/auth/v1/protocols");
    let schema = format!("{gateway}/Schemas/Resources.xsd");
    let arguments = |list: &[&str]| list.iter().copied().map(str::to_owned).collect();
    [
        (
            "slow heads",
            arguments(&["-H", "-i", "5", "-u", &protocols]),
        ),
        (
            "slow bodies",
            arguments(&[
                "-B",
                "-i",
                "5",
                "-s",
                "60000",
                "-f",
                media_type::REQUEST_TOKEN,
                "-m",
                media_type::REQUEST_TOKEN_RESPONSE,
                "-u",
                &protocols,
            ]),
        ),
        ("ranges", arguments(&["-R", "-t", "HEAD", "-u", &schema])),
        (
            "slow readers",
            arguments(&[
                "-X", "-k", "10", "-n", "5", "-w", "64", "-y", "128", "-z", "16", "-u", &schema,
            ]),
        ),
    ]
}

/// Plays all attacks under both limits.
pub(super) fn besiege(setup: &Setup, roamd: &Path, duration: Duration) -> Result<Vec<Siege>> {
    let mut sieges = Vec::new();
    for limit in [Limit::Default, Limit::Lifted] {
        for number in 0..4 {
            // A gateway of its own, so that no attack profits from the one before.
            let name = format!("siege-{limit:?}-{number}");
            let (gateway, attacked) = gateway(setup, roamd, &name, limit)?;
            let [attack] = attacks(&attacked)
                .into_iter()
                .skip(number)
                .take(1)
                .collect::<Vec<_>>()
                .try_into()
                .ok()
                .context("there are four attacks")?;
            sieges.push(play(&gateway, attack, limit, duration)?);
        }
    }
    Ok(sieges)
}

/// A gateway that clients reach by IPv4 and the attacker by IPv6, so that they have different
/// addresses on one machine.
fn gateway(setup: &Setup, roamd: &Path, name: &str, limit: Limit) -> Result<(Gateway, String)> {
    let address = free_address()?;
    let port = address.port();
    let reached = Reached {
        listen: format!("[::]:{port}").parse()?,
        base_url: format!("http://{address}"),
        sections: match limit {
            Limit::Default => String::new(),
            Limit::Lifted => AS_FROM_MANY.to_owned(),
        },
        arguments: &["--insecure-plain-http"],
    };
    let gateway = setup.start_gateway(roamd, name, address, &reached)?;
    Ok((gateway, format!("http://[::1]:{port}")))
}

fn play(
    gateway: &Gateway,
    (attack, arguments): (&'static str, Vec<String>),
    limit: Limit,
    duration: Duration,
) -> Result<Siege> {
    eprintln!("{attack}, limits of one client: {limit}");
    let front = Front::gateway(attack, gateway, None, SESSIONS)?;
    let attacker = Command::new("slowhttptest")
        .args(arguments)
        .args(["-c", CONNECTIONS, "-r", RATE, "-p", "5"])
        .args(["-l", &duration.as_secs().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run slowhttptest")?;
    let lists = front.run(Load {
        duration,
        connections: CLIENTS,
    })?;
    let memory = gateway.service.usage()?;
    let output = attacker.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        said.contains("Exit status"),
        "slowhttptest did not attack:\n{said}"
    );
    Ok(Siege {
        attack,
        limit,
        lists,
        available: is_available(&said).context("slowhttptest did not probe")?,
        memory,
    })
}

/// Whether the last line about it says that the server answers.
fn is_available(said: &str) -> Option<bool> {
    let line = said
        .lines()
        .rev()
        .find(|line| line.contains("service available"))?;
    Some(line.contains("YES"))
}

impl Siege {
    /// Whether clients had their lists in time, and where the attacker may have one more
    /// connection, whether that was answered.
    pub(super) fn stood(&self, bearable: Duration) -> bool {
        self.lists.slowest_percent < bearable && (self.available || self.limit == Limit::Default)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Lifted => "none",
        })
    }
}

/// A line for each attack.
pub(super) fn table(f: &mut fmt::Formatter<'_>, sieges: &[Siege]) -> fmt::Result {
    writeln!(
        f,
        "| {CONNECTIONS} connections of | limits of a client | lists/s of {CLIENTS} clients | half \
         within | 99 % within | memory | attacker's probe |\n|---|---|---|---|---|---|---|"
    )?;
    for siege in sieges {
        writeln!(
            f,
            "| {} | {} | {:.0} | {} | {} | {} | {} |",
            siege.attack,
            siege.limit,
            siege.lists.per_second(),
            micros(siege.lists.median.as_secs_f64()),
            micros(siege.lists.slowest_percent.as_secs_f64()),
            mebibytes(siege.memory),
            if siege.available {
                "answered"
            } else {
                "not answered"
            },
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_the_service_counts() {
        let said = "service available:   \u{1b}[1;32mYES\nclosed: 3\nservice available:   NO\n";
        assert_eq!(is_available(said), Some(false));
        assert_eq!(is_available("service available:   YES\n"), Some(true));
        assert_eq!(is_available("Exit status: Connection refused"), None);
    }
}
