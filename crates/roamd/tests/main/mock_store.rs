//! A mock store: each test defines its responses. It requires no sign-in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use crate::support::roamd;

/// The response of a successful launch.
pub(crate) const ICA: &str = concat!(
    "<launch xmlns=\"http://citrix.com/delivery-services/1-0/launch\" status=\"success\">",
    "<result type=\"ica\"><ica>[WFClient]</ica></result></launch>",
);

/// A running mock store; it runs until the test process ends.
pub(crate) struct MockStore {
    base: String,
}

/// A request to the mock store.
pub(crate) struct StoreRequest<'r> {
    /// Base URL of the store.
    pub(crate) base: &'r str,
    pub(crate) path: &'r str,
}

impl MockStore {
    /// Starts a store. `respond` returns status and body; the endpoints document is built in.
    pub(crate) fn start(
        respond: impl Fn(&StoreRequest<'_>) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let store = Self { base: base.clone() };
        let respond = Arc::new(respond);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (base, respond) = (base.clone(), Arc::clone(&respond));
                thread::spawn(move || serve(stream.unwrap(), &base, &*respond));
            }
        });
        store
    }

    /// Returns a subcommand of `roamd sessions` for this store.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let store = format!("{}/Store", self.base);
        let common = ["--store", &store, "--user", "ada", "--client-name", "KIOSK"];
        let mut command = roamd(&[&["sessions"], args, &common].concat());
        command.env("ROAMD_PASSWORD", "s3cret!");
        command
    }
}

/// Returns a list with a session of each application on Farm3. The launch URL is `/launch/APP`.
pub(crate) fn list(request: &StoreRequest<'_>, enumeration: &str, apps: &[&str]) -> (u16, String) {
    let sessions: String = apps
        .iter()
        .map(|app| {
            let url = format!("{}/launch/{app}", request.base);
            format!(
                "<session id=\"id-{app}\"><serverType>win32</serverType>\
                 <launchIca><url>{url}</url></launchIca><initialapp>{app}</initialapp>\
                 <initialappresourceaggregated>false</initialappresourceaggregated>\
                 <initialappresourceid>CVAD.{app}</initialappresourceid>\
                 <publishername>Farm3</publishername></session>"
            )
        })
        .collect();
    let body = format!(
        "<sessionState xmlns=\"http://citrix.com/delivery-services/1-0/sessionstate\" \
         enumeration=\"{enumeration}\"><sessions>{sessions}</sessions></sessionState>"
    );
    (200, body)
}

/// Returns a retry response whose URL is `/launch/APP`.
pub(crate) fn retry(request: &StoreRequest<'_>, app: &str, after: u32) -> (u16, String) {
    let url = format!("{}/launch/{app}", request.base);
    let body = format!(
        "<launch xmlns=\"http://citrix.com/delivery-services/1-0/launch\" status=\"retry\">\
         <result type=\"retry\"><retry><url>{url}</url><after>{after}</after>\
         <reason>resuming</reason></retry></result></launch>"
    );
    (200, body)
}

fn serve(mut stream: TcpStream, base: &str, respond: &dyn Fn(&StoreRequest<'_>) -> (u16, String)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let Some(path) = first.split(' ').nth(1) else {
        return;
    };
    let mut length = 0;
    for line in reader.by_ref().lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let (status, body) = match path {
        "/Store/endpoints/v1" => (
            200,
            format!(
                "<endpoints xmlns=\"http://citrix.com/dazzleservices/2-0/endpoints\">\
                 <endpoint id=\"ListSessions\"><url>{base}/list</url></endpoint></endpoints>"
            ),
        ),
        _ => respond(&StoreRequest { base, path }),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n");
    // The client may have ended already.
    write!(stream, "{head}\r\n{body}").ok();
}
