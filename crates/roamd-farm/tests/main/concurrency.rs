//! Invariants under concurrent users and clients, each with its own database connections, as in
//! separate processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread;

use roamd_farm::{
    Error, Farms, PowerSetting, ServeOptions, SessionFilter, SessionRecord, SessionState,
};
use roamd_nfuse_proto::{
    AddressName, AddressRequest, Dialect, FarmError, HostId, Request, SessionName, decode_response,
    encode_request,
};

use crate::reference_model::{
    APPS, CLIENTS, HOSTS, LICENCES, SESSIONS, SESSIONS_PER_USER, USERS, world_description,
};
use crate::requests::{
    address, application, disconnect, ica, logoff, session_name, ticket_request,
};
use crate::support::{Folder, GENERATIONS, assert_database_intact, at, of};

/// Number of operations of each client.
const STEPS: usize = 40;

/// The only user who logs off. Sessions of the other users must still exist at the end.
const LOGGING_OFF: &str = "carol";

/// An issued ticket and its redemptions.
struct Ticket {
    text: String,
    starts_application: bool,
    /// The sessions that it connected: at most one.
    redeemed_for: Vec<SessionRecord>,
}

#[test]
fn concurrent_clients_break_no_ticket_or_session_rule() {
    for generation in GENERATIONS {
        let mut world = world_description(generation);
        for host in &mut world.farms[0].hosts {
            host.power = PowerSetting::On;
        }
        let folder = Folder::in_memory(&world);
        let tickets = Mutex::default();
        thread::scope(|scope| {
            for (number, user) in USERS.into_iter().enumerate() {
                for (other, client) in CLIENTS.into_iter().enumerate() {
                    let seed = (number * CLIENTS.len() + other) as u64;
                    let farms = Farms::open(folder.path()).unwrap();
                    let simulated_user = SimulatedUser {
                        user,
                        client,
                        farms,
                        tickets: &tickets,
                    };
                    scope.spawn(move || simulated_user.run(seed));
                }
            }
        });
        let sessions = folder.farms.sessions(&SessionFilter::default()).unwrap();
        let tickets = tickets.into_inner().unwrap();
        check_tickets(&tickets, &sessions);
        check_limits(&sessions);
        check_desktops(generation, &sessions);
        let redeemed = tickets
            .iter()
            .filter(|ticket| !ticket.redeemed_for.is_empty());
        assert!(
            redeemed.count() > USERS.len(),
            "most users redeemed tickets"
        );
    }
}

fn check_tickets(tickets: &[Ticket], sessions: &[SessionRecord]) {
    // The number of applications in a session after each ticket that may have started one. Such a
    // ticket may also have returned to a session, so a number may repeat, but none is missing.
    let mut started = BTreeMap::<_, BTreeSet<_>>::new();
    for ticket in tickets {
        assert!(
            ticket.redeemed_for.len() <= 1,
            "a ticket is redeemed at most once"
        );
        for session in &ticket.redeemed_for {
            let started = started.entry(session_key(session)).or_default();
            started.extend(ticket.starts_application.then_some(session.apps.len()));
        }
    }
    let keys: BTreeSet<_> = sessions.iter().map(session_key).collect();
    assert_eq!(keys.len(), sessions.len(), "session numbers are unique");
    for session in sessions {
        let apps = started.remove(&session_key(session)).unwrap_or_default();
        assert!(
            apps.into_iter().eq(1..=session.apps.len()),
            "instance lost or doubled: {session:?}"
        );
    }
    for (user, ..) in started.into_keys() {
        assert_eq!(user, LOGGING_OFF, "only this user logs off");
    }
}

fn check_limits(sessions: &[SessionRecord]) {
    let count = |which: &dyn Fn(&&SessionRecord) -> bool| sessions.iter().filter(which).count();
    assert!(sessions.len() <= SESSIONS);
    for (number, host) in HOSTS.iter().enumerate() {
        assert!(count(&|it| it.host_id == number.to_string()) <= host.capacity);
    }
    let mut connected = 0;
    for user in USERS {
        assert!(count(&|it| it.user == user) <= SESSIONS_PER_USER);
        let is_active = |it: &&SessionRecord| it.user == user && it.state == SessionState::Active;
        connected += usize::from(count(&is_active) > 0);
    }
    assert!(connected <= LICENCES);
    for app in APPS {
        let apps = sessions.iter().flat_map(|it| &it.apps);
        assert!(apps.filter(|name| *name == app.name).count() <= app.most);
    }
}

/// A desktop that follows its user has one session, however many launches overlap.
fn check_desktops(generation: &str, sessions: &[SessionRecord]) {
    for user in USERS {
        let desktops = sessions
            .iter()
            .filter(|it| it.user == user && it.app == "Desk");
        assert!(desktops.count() <= 1 || generation == "xenapp-6", "{user}");
    }
}

/// User, host id and session number.
fn session_key(session: &SessionRecord) -> (String, String, u32) {
    let SessionRecord { user, host_id, .. } = session;
    (user.clone(), host_id.clone(), session.session_id)
}

/// A user on a client who performs random operations.
struct SimulatedUser<'a> {
    user: &'static str,
    client: &'static str,
    farms: Farms,
    tickets: &'a Mutex<Vec<Ticket>>,
}

impl SimulatedUser<'_> {
    fn run(&self, seed: u64) {
        // A simple generator is random enough, and the same seed repeats the run.
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        let mut draw = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for _ in 0..STEPS {
            match draw(12) {
                0..4 => self.launch(application(APPS[draw(APPS.len())].name)),
                4..6 => self.reconnect(draw(4)),
                6..10 => self.connect(draw(4)),
                10 => {
                    self.ask(&disconnect(self.user, self.client)).unwrap();
                }
                _ if self.user == LOGGING_OFF => {
                    self.ask(&logoff(self.user, self.client)).unwrap();
                }
                _ => {}
            }
        }
    }

    /// Requests an address and its ticket. Refusals are ignored.
    fn launch(&self, name: AddressName) {
        let request = AddressRequest {
            client_name: Some(self.client.to_owned()),
            device_id: None,
            ..address(name, Some(of(self.user)))
        };
        let Ok(response) = self.ask(&request) else {
            return;
        };
        let tag = response.ticket_tag.unwrap();
        let ticket = response.ticket.or_else(|| {
            // The session of the address may have ended.
            let request = ticket_request(self.user, &tag, None);
            self.ask(&request).ok().map(|response| response.ticket)
        });
        if let Some(text) = ticket {
            // A launch may return to an existing session.
            let starts_application = tag.contains("?app=");
            let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
            tickets.push(Ticket {
                text,
                starts_application,
                redeemed_for: Vec::new(),
            });
        }
    }

    fn reconnect(&self, number: usize) {
        let filter = SessionFilter {
            farm: None,
            user: Some(self.user.to_owned()),
        };
        let sessions = self.farms.sessions(&filter).unwrap();
        if let Some(session) = sessions.get(number) {
            self.launch(AddressName::Session(SessionName {
                in_name: String::new(),
                host_id: HostId {
                    kind: None,
                    value: session.host_id.clone(),
                },
                session_id: session.session_id.to_string(),
            }));
        }
    }

    /// Redeems one of the last tickets of any user, possibly at the same time as others.
    fn connect(&self, back: usize) {
        let tickets = self.tickets.lock().unwrap();
        let Some(ticket) = tickets.len().checked_sub(back + 1) else {
            return;
        };
        let file = ica(&tickets[ticket].text);
        drop(tickets);
        match self.farms.connect(&file, at(0)) {
            Ok(session) => {
                let mut tickets = self.tickets.lock().unwrap();
                tickets[ticket].redeemed_for.push(session);
            }
            Err(Error::Launch(_) | Error::Ticket(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    fn ask<R: Request>(&self, request: &R) -> Result<R::Response, FarmError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let farm = self.farms.farm("F").unwrap();
        let body = encode_request(Dialect::new(5, 4), request);
        let response = farm.respond(ServeOptions::default(), &body, at(0));
        let response = runtime.unwrap().block_on(response).unwrap();
        decode_response::<R>(&response).unwrap().1
    }
}

/// One session is launched, disconnected and logged off at once. In the end it is connected,
/// disconnected or gone, and the farm reported no false result.
#[test]
fn session_under_64_concurrent_clients_stays_consistent() {
    for generation in GENERATIONS {
        let folder = Folder::new();
        let session = folder.start(generation, "alice", "Here", Some("TABLET"));
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap()
        };
        let ended = thread::scope(|scope| {
            let clients: Vec<_> = (0..64)
                .map(|number| {
                    let (folder, session) = (&folder, &session);
                    scope.spawn(move || match number % 4 {
                        0 | 1 => {
                            let request = address(session_name(session), Some(of("alice")));
                            let response =
                                runtime().block_on(folder.ask_at(generation, &request, 0));
                            if let Some(ticket) = response.ok().and_then(|response| response.ticket)
                            {
                                folder.farms.connect(&ica(&ticket), at(0)).ok();
                            }
                            false
                        }
                        2 => {
                            let request = disconnect("alice", "TABLET");
                            runtime()
                                .block_on(folder.ask_at(generation, &request, 0))
                                .unwrap();
                            false
                        }
                        _ => {
                            let request = logoff("alice", "TABLET");
                            let response =
                                runtime().block_on(folder.ask_at(generation, &request, 0));
                            response.is_ok()
                        }
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .filter(|ended| *ended)
                .count()
        });
        assert_eq!(ended, 16, "every logoff gets a response");
        let left = folder.states(generation);
        assert!(
            left.is_empty() || left == ["Here"] || left == ["Here@TABLET"],
            "{left:?}"
        );
        assert_database_intact(folder.path());
    }
}
