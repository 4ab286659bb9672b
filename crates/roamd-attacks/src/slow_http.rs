//! slowhttptest: connections that send or read as slowly as the server permits.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use roamd_bench::{
    ClientLimits, Listening, Load, Run, SESSIONS, ServerProcess, Setup, Subject, Usage, mebibytes,
    micros,
};
use roamd_store_proto::media_type;
use roamd_testkit::free_address;

/// Connections that an attack holds.
const CONNECTIONS: &str = "2000";
/// Connections that it opens per second.
const RATE: &str = "500";

/// Connections of clients that list sessions during an attack.
const CLIENTS: usize = 4;

/// One attack and its results.
pub(crate) struct SlowAttack {
    pub(crate) name: &'static str,
    limits: ClientLimits,
    /// Lists during the attack.
    lists: Run,
    /// Whether the server responded to the last probe of the attacker, which is one more
    /// connection.
    available: bool,
    /// Usage of the server at the end of the attack.
    memory: Usage,
}

/// Returns the name and the arguments of each mode of the program.
fn attacks(server: &str) -> [(&'static str, Vec<String>); 4] {
    // Both need no token.
    let protocols = format!("{server}/Citrix/StoreAuth/auth/v1/protocols");
    let schema = format!("{server}/Schemas/Resources.xsd");
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

/// Runs all attacks with both limits.
pub(crate) fn attack(setup: &Setup, roamd: &Path, duration: Duration) -> Result<Vec<SlowAttack>> {
    let mut results = Vec::new();
    for limits in [ClientLimits::OneUser, ClientLimits::OneClient] {
        for number in 0..4 {
            // Each attack has a new server, on which the attack before has no effect.
            let name = format!("attack-{limits:?}-{number}");
            let (server, attacked) = start_server(setup, roamd, &name, limits)?;
            let [attack] = attacks(&attacked)
                .into_iter()
                .skip(number)
                .take(1)
                .collect::<Vec<_>>()
                .try_into()
                .ok()
                .context("there are four attacks")?;
            results.push(run(&server, attack, limits, duration)?);
        }
    }
    Ok(results)
}

/// Starts a server that clients reach by IPv4 and the attacker by IPv6, so that they have different
/// addresses on one machine. Returns it with the URL for the attacker.
fn start_server(
    setup: &Setup,
    roamd: &Path,
    name: &str,
    limits: ClientLimits,
) -> Result<(ServerProcess, String)> {
    let address = free_address();
    let port = address.port();
    let listening = Listening {
        listen: format!("[::]:{port}").parse()?,
        base_url: format!("http://{address}"),
        sections: String::new(),
        limits,
        arguments: &["--insecure-plain-http"],
    };
    let server = setup.start_server(roamd, name, address, &listening)?;
    Ok((server, format!("http://[::1]:{port}")))
}

fn run(
    server: &ServerProcess,
    (name, arguments): (&'static str, Vec<String>),
    limits: ClientLimits,
    duration: Duration,
) -> Result<SlowAttack> {
    eprintln!("{name}, limits per client: {}", per_client(limits));
    let subject = Subject::server(name, server, None, SESSIONS)?;
    let attacker = Command::new("slowhttptest")
        .args(arguments)
        .args(["-c", CONNECTIONS, "-r", RATE, "-p", "5"])
        .args(["-l", &duration.as_secs().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run slowhttptest")?;
    let lists = subject.run(Load {
        duration,
        connections: CLIENTS,
    })?;
    let memory = server.process.usage()?;
    let output = attacker.wait_with_output()?;
    let output = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.contains("Exit status"),
        "slowhttptest did not run:\n{output}"
    );
    Ok(SlowAttack {
        name,
        limits,
        lists,
        available: is_available(&output).context("slowhttptest did not probe")?,
        memory,
    })
}

/// Returns whether the server is available according to the last line about it, or `None` if there
/// is none.
fn is_available(output: &str) -> Option<bool> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains("service available"))?;
    Some(line.contains("YES"))
}

impl SlowAttack {
    /// Returns whether clients got their lists in time, and whether the server was available to the
    /// attacker if its limits permit one more connection.
    pub(crate) fn is_withstood(&self, max_latency: Duration) -> bool {
        self.lists.percentile_99 < max_latency
            && (self.available || self.limits != ClientLimits::OneClient)
    }
}

/// Names the limits for the attacker, which is one client.
fn per_client(limits: ClientLimits) -> &'static str {
    match limits {
        ClientLimits::Default | ClientLimits::OneUser => "default",
        ClientLimits::OneClient => "none",
    }
}

/// Writes a row for each attack.
pub(crate) fn table(f: &mut fmt::Formatter<'_>, attacks: &[SlowAttack]) -> fmt::Result {
    writeln!(
        f,
        "| {CONNECTIONS} connections of | limits per client | lists/s of {CLIENTS} clients | median \
         latency | 99th percentile | memory | attacker's probe |\n|---|---|---|---|---|---|---|"
    )?;
    for attack in attacks {
        writeln!(
            f,
            "| {} | {} | {:.0} | {} | {} | {} | {} |",
            attack.name,
            per_client(attack.limits),
            attack.lists.per_second(),
            micros(attack.lists.median.as_secs_f64()),
            micros(attack.lists.percentile_99.as_secs_f64()),
            mebibytes(attack.memory),
            if attack.available {
                "responded"
            } else {
                "no response"
            },
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_availability_line_of_slowhttptest_counts() {
        let output = "service available:   \u{1b}[1;32mYES\nclosed: 3\nservice available:   NO\n";
        assert_eq!(is_available(output), Some(false));
        assert_eq!(is_available("service available:   YES\n"), Some(true));
        assert_eq!(is_available("Exit status: Connection refused"), None);
    }
}
