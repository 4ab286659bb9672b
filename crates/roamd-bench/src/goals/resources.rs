//! Time of a long list of resources. The server requests it from the farms each time.
//!
//! The farms are scripted and respond from memory, so that the time is that of the server, of the
//! loopback interface, and of this client, which reads the response.

use std::time::Instant;

use anyhow::{Result, ensure};
use roamd_bench::{Connection, Request, ServerProcess, median, runtime, sign_in_once};
use roamd_nfuse_proto::{Application, IconForm, Settings};
use roamd_store_proto::{Resources, media_type};
use roamd_testkit::FarmConfig;
use secrecy::ExposeSecret as _;

use super::context::Context;
use super::goal::{Bound, Goal, Unit};
use crate::scripted_farms::ScriptedFarms;

const FARMS: usize = 16;
const APPLICATIONS: usize = 1000;
/// Lists that are counted. One more goes before, for which the server opens its connections to the
/// farms.
const LISTS: usize = 9;

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    eprintln!("resources");
    let scripted = ScriptedFarms::start()?;
    let farms: Vec<FarmConfig> = (0..FARMS)
        .map(|farm| {
            let applications = (0..APPLICATIONS).map(|number| application(farm, number));
            scripted.publishing(&format!("F{farm}"), applications.collect())
        })
        .collect();
    let folder = context.folder.path().join("resources");
    let server = ServerProcess::start(context.roamd, &folder, &farms)?;
    let request = list(&server)?;
    let (times, processor_time, bytes) = runtime()?.block_on(async {
        let mut connection = server.connect().await?;
        time(&mut connection, request.clone()).await?;
        let before = server.process.usage()?.cpu;
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..LISTS {
            let (time, length) = time(&mut connection, request.clone()).await?;
            times.push(time);
            bytes = length;
        }
        let processor_time = server.process.usage()?.cpu.saturating_sub(before);
        anyhow::Ok((times, processor_time, bytes))
    })?;
    let most = times.iter().copied().fold(0.0, f64::max);
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(vec![Goal {
        name: format!(
            "uncached list of {} resources over {FARMS} farms",
            FARMS * APPLICATIONS
        ),
        bound: Bound::Most(120.0),
        unit: Unit::Milliseconds,
        reached: median(times),
        figures: format!(
            "{least:.0} to {most:.0} ms, processor time of the server {:.0} ms, {:.1} MiB",
            processor_time.as_secs_f64() * 1e3 / LISTS as f64,
            bytes as f64 / 1024.0 / 1024.0
        ),
    }])
}

/// Signs a user in and returns the request for the user's resources, which the server never caches.
fn list(server: &ServerProcess) -> Result<Request> {
    let token = sign_in_once(server)?;
    let authorization = format!("CitrixAuth {}", token.expose_secret());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Accept", media_type::RESOURCES),
    ];
    let path = "/Citrix/Store/resources/v2?clientName=BENCH-1";
    Request::get(path, &headers)
}

/// Returns the time of a list in milliseconds, and the length of the response in bytes.
async fn time(connection: &mut Connection, request: Request) -> Result<(f64, usize)> {
    let start = Instant::now();
    let response = connection.send(request).await?;
    let time = start.elapsed();
    ensure!(
        response.status == 200,
        "the list of resources got status {}",
        response.status
    );
    let listed = Resources::from_xml(&response.body)?.resources.len();
    ensure!(
        listed == FARMS * APPLICATIONS,
        "{listed} resources are listed instead of {}",
        FARMS * APPLICATIONS
    );
    Ok((time.as_secs_f64() * 1e3, response.body.len()))
}

/// An application as an embedded farm describes it.
fn application(farm: usize, number: usize) -> Application {
    let name = format!("Application {number} of {farm}");
    let icon_form = |size: &str| IconForm {
        size: size.to_owned(),
        bpp: "32".to_owned(),
        format: "png".to_owned(),
    };
    Application {
        friendly_name: name.clone(),
        settings: Some(Settings {
            folder: format!("Folder {}", number % 20),
            description: format!("Description of the application {number}"),
            publisher_name: format!("Farm {farm}"),
            ..Settings::default()
        }),
        icon_forms: ["16", "32", "48", "128", "256"].map(icon_form).into(),
        seq_no: Some(1),
        server_type: Some("win32".to_owned()),
        client_type: Some("ica30".to_owned()),
        in_name: name,
        ..Application::default()
    }
}
