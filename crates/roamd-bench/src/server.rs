//! The server beside proxies in front of the same farm, and sign-ins.

use std::path::Path;

use anyhow::Result;
use roamd_bench::{
    Load, Process, SESSIONS, Setup, Subject, WARM_UP, measure_in_rounds, measure_sign_ins,
};

use crate::password;
use crate::proxies::Proxies;
use crate::server_report::{HAPROXY, NGINX, NGINX_TLS, ROAMD, ROAMD_TLS, ServerReport};

/// Measures all of them in turn.
///
/// # Errors
/// If a program does not start, or fails under load.
pub(crate) fn measure(
    roamd: &Path,
    proxies: &Proxies,
    load: Load,
    rounds: usize,
) -> Result<ServerReport> {
    let mut report = ServerReport::new(roamd, proxies, load, rounds)?;

    let setup = Setup::start(roamd)?;
    let certificate = setup.certificate("certificate")?;
    let with_tls = setup.start_unlimited_server(roamd, "roamd-tls", Some(&certificate))?;
    let nginx = setup.start_nginx(&proxies.nginx, "nginx", None)?;
    let nginx_with_tls = setup.start_nginx(&proxies.nginx, "nginx-tls", Some(&certificate))?;
    let haproxy = proxies.haproxy.as_deref();
    let haproxy = haproxy
        .map(|program| setup.start_haproxy(program, "haproxy"))
        .transpose()?;

    let mut programs: Vec<(&str, &Process)> = vec![
        ("roamd server", &setup.server.process),
        ("roamd server with TLS", &with_tls.process),
        ("roamd farm", &setup.farm.process),
        (NGINX, &nginx.process),
        (NGINX_TLS, &nginx_with_tls.process),
    ];
    programs.extend(haproxy.as_ref().map(|proxy| (HAPROXY, &proxy.process)));
    let usages = || {
        let usage = |&(name, process): &(&'static str, &Process)| Ok((name, process.usage()?));
        programs.iter().map(usage).collect::<Result<Vec<_>>>()
    };
    // Before the sign-ins of the subjects.
    report.set_idle(usages()?);

    let mut subjects = vec![
        Subject::server(ROAMD, &setup.server, Some(&setup.farm.process), SESSIONS)?,
        Subject::proxy(NGINX, &setup, &nginx)?,
        Subject::server(ROAMD_TLS, &with_tls, Some(&setup.farm.process), SESSIONS)?,
        Subject::proxy(NGINX_TLS, &setup, &nginx_with_tls)?,
    ];
    if let Some(haproxy) = &haproxy {
        subjects.push(Subject::proxy(HAPROXY, &setup, haproxy)?);
    }
    subjects.push(Subject::farm(&setup)?);
    let trials: Vec<_> = subjects
        .iter()
        .map(|subject| (subject, load.connections))
        .collect();
    report.set_series(measure_in_rounds(&trials, rounds, load.duration, WARM_UP)?);
    report.set_loaded(usages()?);

    eprintln!("sign-ins");
    let sign_ins = measure_sign_ins(&setup.server, &setup.farm.process, load)?;
    report.set_sign_ins(sign_ins, password::cost(&setup)?);
    Ok(report)
}
