//! What all measurements share: the programs, the load, and one farm with servers in front.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use roamd_bench::{
    HttpResponse, Process, Proxy, Series, ServerProcess, Setup, Subject, measure_in_rounds,
};
use tempfile::TempDir;

use crate::bare_hyper;
use crate::proxies::Proxies;

/// Connections of an ordinary load.
pub(super) const CONNECTIONS: usize = 32;

/// Time of load before a measurement, in which connections are made and caches are filled.
pub(super) const WARM_UP: Duration = Duration::from_secs(1);

/// Name of the server in progress and in errors.
pub(super) const ROAMD: &str = "roamd";

/// Programs that run during all measurements. Those without requests take no processor time.
pub(super) struct Context<'a> {
    pub(super) roamd: &'a Path,
    pub(super) proxies: &'a Proxies,
    pub(super) rounds: usize,
    /// Duration of the load for each subject and round.
    pub(super) duration: Duration,
    /// A farm, and a server with its default configuration.
    pub(super) setup: Setup,
    /// A server in front of the same farm without limits per client.
    pub(super) server: ServerProcess,
    /// An nginx in front of the same farm.
    pub(super) nginx: Proxy,
    /// Files of further programs.
    pub(super) folder: TempDir,
}

impl<'a> Context<'a> {
    pub(super) fn start(
        roamd: &'a Path,
        proxies: &'a Proxies,
        rounds: usize,
        duration: Duration,
    ) -> Result<Self> {
        let setup = Setup::start(roamd)?;
        let server = setup.start_unlimited_server(roamd, "unlimited", None)?;
        let nginx = setup.start_nginx(&proxies.nginx, "nginx", None)?;
        Ok(Self {
            roamd,
            proxies,
            rounds,
            duration,
            setup,
            server,
            nginx,
            folder: tempfile::tempdir()?,
        })
    }

    /// The server, which lists sessions.
    pub(super) fn list(&self) -> Result<Subject<'_>> {
        Subject::server(
            ROAMD,
            &self.server,
            Some(&self.setup.farm.process),
            roamd_bench::SESSIONS,
        )
    }

    /// Loads the subjects in turn.
    pub(super) fn in_rounds<const N: usize>(
        &self,
        trials: [(&Subject<'_>, usize); N],
    ) -> Result<[Series; N]> {
        in_rounds_of(trials, self.rounds, self.duration)
    }

    /// Loads the subjects in turn in twice as many rounds, where a difference of figures counts.
    pub(super) fn in_more_rounds<const N: usize>(
        &self,
        trials: [(&Subject<'_>, usize); N],
    ) -> Result<[Series; N]> {
        in_rounds_of(trials, self.rounds * 2, self.duration)
    }

    /// Loads the subjects in turn, each for twice the time, where requests take long.
    pub(super) fn in_longer_rounds<const N: usize>(
        &self,
        trials: [(&Subject<'_>, usize); N],
    ) -> Result<[Series; N]> {
        in_rounds_of(trials, self.rounds, self.duration * 2)
    }

    /// Starts a bare hyper server that sends this response.
    pub(super) fn bare_hyper(
        &self,
        name: &str,
        response: &HttpResponse,
    ) -> Result<(Process, SocketAddr)> {
        bare_hyper::start(&self.folder.path().join(name), response)
    }

    /// Starts a bare proxy on hyper in front of the same farm.
    pub(super) fn bare_proxy(&self) -> Result<Proxy> {
        let folder = self.folder.path().join("bare-proxy");
        bare_hyper::start_proxy(&folder, self.setup.farm.address)
    }
}

fn in_rounds_of<const N: usize>(
    trials: [(&Subject<'_>, usize); N],
    rounds: usize,
    duration: Duration,
) -> Result<[Series; N]> {
    measure_in_rounds(&trials, rounds, duration, WARM_UP)?
        .try_into()
        .map_err(|_| anyhow!("a subject was not measured"))
}
