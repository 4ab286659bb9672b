//! A farm whose process is killed while it works: what it acknowledged is so (bad-inputs 79).

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

use crate::ill_treatment::assert_whole;
use crate::launch::{address, disconnect, ica, logoff, session_name, ticket_request};
use crate::support::{Folder, of};

/// How often the process is killed.
const KILLS: usize = 12;
/// Who changes something all the time.
const CLIENTS: usize = 6;
const FARM: &str = "xenapp-6";

/// What a client was told of a session.
enum Told {
    Disconnected(SessionRecord),
    LoggedOff(SessionRecord),
    /// A ticket for it, which nobody redeemed yet.
    Ticket(SessionRecord, String),
}

#[test]
fn what_a_farm_acknowledged_survives_sigkill_at_any_moment() {
    let folder = Folder::new();
    for kill in 0..KILLS {
        let (mut process, at) = start(folder.path());
        let (sender, receiver) = channel();
        let told: Vec<Told> = thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (farms, at) = (Farms::open(folder.path()).unwrap(), &at);
                let sender = sender.clone();
                scope.spawn(move || work(&farms, at, &format!("C{kill}-{client}"), &sender));
            }
            drop(sender);
            // Another moment each time, amid the changes of those who have not heard yet.
            let mut told: Vec<Told> = receiver.iter().take(10 + 7 * kill).collect();
            process.kill().unwrap();
            process.wait().unwrap();
            told.extend(receiver);
            told
        });
        assert_whole(folder.path());
        check(&Farms::open(folder.path()).unwrap(), told);
    }
}

/// Changes one session after the other until the farm is silent.
fn work(farms: &Farms, at: &str, client: &str, told: &Sender<Told>) {
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
        let fact = match step % 3 {
            0 => ask(at, &disconnect("alice", &client)).map(|_| Told::Disconnected(session)),
            1 => ask(at, &logoff("alice", &client)).map(|_| Told::LoggedOff(session)),
            _ => ask(at, &address(session_name(&session), Some(of("alice"))))
                .and_then(|answer| {
                    let tag = answer.ticket_tag.unwrap();
                    ask(at, &ticket_request("alice", &tag, None))
                })
                .map(|answer| Told::Ticket(session, answer.ticket)),
        };
        let Some(fact) = fact else { return };
        told.send(fact).unwrap();
    }
}

/// A whole answer, or nothing: then nobody knows whether it was done.
fn ask<R: Request>(at: &str, request: &R) -> Option<R::Response> {
    let body = encode_request(Dialect::new(5, 4), request);
    let head = format!(
        "POST /scripts/wpnbr.dll HTTP/1.1\r\nHost: farm\r\nContent-Type: text/xml\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(at).ok()?;
    stream.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let (_, answer) = decode_response::<R>(body.as_bytes()).ok()?;
    Some(answer.unwrap())
}

fn check(farms: &Farms, told: Vec<Told>) {
    let sessions = farms.sessions(&SessionFilter::default()).unwrap();
    let state = |told: &SessionRecord| {
        let number = (&told.host_id, told.session_id);
        let mut sessions = sessions.iter();
        let found = sessions.find(|session| (&session.host_id, session.session_id) == number);
        found.map(|session| session.state)
    };
    for fact in told {
        match fact {
            Told::Disconnected(session) => {
                assert_eq!(state(&session), Some(SessionState::Disconnected));
            }
            Told::LoggedOff(session) => assert_eq!(state(&session), None),
            Told::Ticket(session, ticket) => {
                let redeemed = farms.connect(&ica(&ticket), Timestamp::now()).unwrap();
                assert_eq!(redeemed.session_id, session.session_id);
            }
        }
    }
}

/// Serves a farm in a process of its own, and tells where.
fn start(folder: &Path) -> (Child, String) {
    // The child is this same test binary, running `helper_that_serves`.
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::helper_that_serves", "--exact", "--ignored"])
        .arg("--nocapture")
        .env("ROAMD_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let at = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.split_once("serves at ")?.1.to_owned()));
    (child, at.unwrap())
}

#[tokio::test]
#[ignore = "run by what_a_farm_acknowledged_survives_sigkill_at_any_moment in a process of its own"]
async fn helper_that_serves() {
    let folder = std::env::var_os("ROAMD_TEST_FOLDER").unwrap();
    let farm = Farms::open(Path::new(&folder)).unwrap().farm(FARM).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("serves at {}", listener.local_addr().unwrap());
    let never = CancellationToken::new();
    serve(farm, ServeOptions::default(), listener, never)
        .await
        .unwrap();
}
