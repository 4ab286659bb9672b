//! Acknowledged changes survive a killed farm process (bad-inputs 79).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use jiff::Timestamp;
use roamd_farm::{
    Farms, ServeOptions, SessionFilter, SessionRecord, SessionState, StartSession, serve,
};
use roamd_nfuse_proto::{Dialect, Request, decode_response, encode_request};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::requests::{address, disconnect, ica, logoff, session_name, ticket_request};
use crate::support::assert_database_intact;
use crate::support::{Folder, of};

/// Number of times that the process is killed.
const KILLS: usize = 12;
/// Number of clients that change sessions all the time.
const CLIENTS: usize = 6;
const FARM: &str = "xenapp-6";

/// A change that the farm acknowledged.
enum Acknowledged {
    Disconnected(SessionRecord),
    LoggedOff(SessionRecord),
    /// An unredeemed ticket for the session.
    Ticket(SessionRecord, String),
}

#[test]
fn acknowledged_changes_survive_sigkill() {
    let folder = Folder::new();
    for kill in 0..KILLS {
        let (mut process, at) = start(folder.path());
        let (sender, receiver) = channel();
        let acknowledged: Vec<Acknowledged> = thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (farms, at) = (Farms::open(folder.path()).unwrap(), &at);
                let sender = sender.clone();
                scope.spawn(move || work(&farms, at, &format!("C{kill}-{client}"), &sender));
            }
            drop(sender);
            // Kill at a different moment each time, while other clients wait for a response.
            let mut acknowledged: Vec<Acknowledged> = receiver.iter().take(10 + 7 * kill).collect();
            process.kill().unwrap();
            process.wait().unwrap();
            acknowledged.extend(receiver);
            acknowledged
        });
        assert_database_intact(folder.path());
        check(&Farms::open(folder.path()).unwrap(), acknowledged);
    }
}

/// Changes one session after the other until the farm stops responding.
fn work(farms: &Farms, at: &str, client: &str, acknowledged: &Sender<Acknowledged>) {
    for step in 0.. {
        let client = format!("{client}-{step}");
        let start = StartSession {
            farm: FARM.to_owned(),
            user: r"DEMO\alice".to_owned(),
            app: "Here".to_owned(),
            client_name: Some(client.clone()),
            device_id: Some(client.clone()),
            state: SessionState::Active,
        };
        let session = farms.start_session(&start).unwrap();
        let change = match step % 3 {
            0 => {
                ask(at, &disconnect("alice", &client)).map(|_| Acknowledged::Disconnected(session))
            }
            1 => ask(at, &logoff("alice", &client)).map(|_| Acknowledged::LoggedOff(session)),
            _ => ask(at, &address(session_name(&session), Some(of("alice"))))
                .and_then(|response| {
                    let tag = response.ticket_tag.unwrap();
                    ask(at, &ticket_request("alice", &tag, None))
                })
                .map(|response| Acknowledged::Ticket(session, response.ticket)),
        };
        let Some(change) = change else { return };
        acknowledged.send(change).unwrap();
    }
}

/// Returns the complete response, or `None` if it is unknown whether the change was made.
fn ask<R: Request>(at: &str, request: &R) -> Option<R::Response> {
    let body = encode_request(Dialect::new(5, 4), request);
    let head = format!(
        "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nContent-Type: text/xml\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(at).ok()?;
    stream.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    let mut response = String::new();
    stream.read_to_string(&mut response).ok()?;
    let (_, body) = response.split_once("\r\n\r\n")?;
    let (_, response) = decode_response::<R>(body.as_bytes()).ok()?;
    Some(response.unwrap())
}

fn check(farms: &Farms, acknowledged: Vec<Acknowledged>) {
    let sessions = farms.sessions(&SessionFilter::default()).unwrap();
    let state = |session: &SessionRecord| {
        let number = (&session.host_id, session.session_id);
        let mut sessions = sessions.iter();
        let found = sessions.find(|session| (&session.host_id, session.session_id) == number);
        found.map(|session| session.state)
    };
    for change in acknowledged {
        match change {
            Acknowledged::Disconnected(session) => {
                assert_eq!(state(&session), Some(SessionState::Disconnected));
            }
            Acknowledged::LoggedOff(session) => assert_eq!(state(&session), None),
            Acknowledged::Ticket(session, ticket) => {
                let redeemed = farms.connect(&ica(&ticket), Timestamp::now()).unwrap();
                assert_eq!(redeemed.session_id, session.session_id);
            }
        }
    }
}

/// Starts a process that serves a farm, and returns its address.
fn start(folder: &Path) -> (Child, String) {
    // The child process is this test binary, running `serve_in_child_process`.
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "crash_recovery::serve_in_child_process",
            "--exact",
            "--ignored",
        ])
        .arg("--nocapture")
        .env("ROAMD_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let at = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
    (child, at.unwrap())
}

#[tokio::test]
#[ignore = "run by acknowledged_changes_survive_sigkill in a process of its own"]
async fn serve_in_child_process() {
    let folder = std::env::var_os("ROAMD_TEST_FOLDER").unwrap();
    let farm = Farms::open(Path::new(&folder)).unwrap().farm(FARM).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on {}", listener.local_addr().unwrap());
    let never = CancellationToken::new();
    serve(farm, ServeOptions::default(), listener, never)
        .await
        .unwrap();
}
