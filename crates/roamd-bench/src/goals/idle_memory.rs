//! Memory of an idle client connection beside a bare hyper server.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use roamd_bench::{Connection, Process, Request, Subject, runtime};
use tokio::time::sleep;

use super::context::{Context, ROAMD};
use super::goal::{Bound, Goal, Unit};
use super::source_addresses;

/// Connections that are idle.
const CONNECTIONS: usize = 3000;
/// Requests on one connection before the memory is read first.
const FIRST_REQUESTS: usize = 200;
/// Time until a server has freed what a request needed.
const REST: Duration = Duration::from_secs(2);

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    eprintln!("memory of idle connections");
    // A new server, which holds no memory of earlier loads.
    let setup = &context.setup;
    let server = setup.start_unlimited_server(context.roamd, "idle", None)?;
    let subject = Subject::endpoints(ROAMD, &server)?;
    let (hyper, hyper_address) = context.bare_hyper("idle-hyper", subject.response())?;
    let roamd = per_connection(&server.process, server.address, subject.request())?;
    let hyper = per_connection(&hyper, hyper_address, subject.request())?;
    Ok(vec![Goal {
        name: "memory per idle connection ÷ bare hyper's".to_owned(),
        bound: Bound::Most(1.15),
        unit: Unit::Ratio,
        reached: roamd / hyper,
        figures: format!(
            "{CONNECTIONS} connections: roamd {roamd:.1} KiB each, bare hyper {hyper:.1} KiB each"
        ),
    }])
}

/// Returns the growth of resident memory for each connection that is idle after one request, in
/// KiB.
fn per_connection(process: &Process, address: SocketAddr, request: &Request) -> Result<f64> {
    runtime()?.block_on(async {
        let mut first = Connection::open(address).await?;
        for _ in 0..FIRST_REQUESTS {
            first.send(request.clone()).await?;
        }
        sleep(REST).await;
        let before = process.usage()?.memory;
        let mut idle = Vec::new();
        for number in 0..CONNECTIONS {
            let stream = source_addresses::connect(number, address).await?;
            let mut connection = Connection::over(stream, address, None).await?;
            let response = connection.send(request.clone()).await?;
            ensure!(
                response.status == 200,
                "connection {number} got status {}",
                response.status
            );
            idle.push(connection);
        }
        sleep(REST).await;
        let after = process.usage()?.memory;
        Ok((after as f64 - before as f64) / CONNECTIONS as f64)
    })
}
