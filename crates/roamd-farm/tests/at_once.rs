//! Many users and clients at once, each over connections of its own, as processes are: what holds
//! whatever comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread;

use roamd_farm::{
    Error, Farms, PowerSetting, ServeOptions, SessionFilter, SessionRecord, SessionState,
};
use roamd_nfuse_proto::{
    AddressName, AddressRequest, Dialect, FarmError, HostId, Request, SessionName, decode_answer,
    encode_request,
};

use crate::launch::{address, application, disconnect, ica, logoff, ticket_request};
use crate::model::{APPS, CLIENTS, HOSTS, LICENCES, SESSIONS, SESSIONS_PER_USER, USERS};
use crate::random_walks::world;
use crate::support::{Folder, GENERATIONS, at, of};

/// What each client does, one after the other.
const STEPS: usize = 40;

/// The only one who logs off. What the others start must still be there at the end.
const LEAVES: &str = "carol";

/// A ticket that was given out, and what it has done.
struct Ticket {
    text: String,
    starts_application: bool,
    /// Each session that it led into: one at most.
    led_into: Vec<SessionRecord>,
}

#[test]
fn no_ticket_works_twice_and_no_session_is_lost_doubled_or_one_too_many() {
    for generation in GENERATIONS {
        let mut world = world(generation);
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
                    let person = Person {
                        user,
                        client,
                        farms,
                        tickets: &tickets,
                    };
                    scope.spawn(move || person.live(seed));
                }
            }
        });
        let sessions = folder.farms.sessions(&SessionFilter::default()).unwrap();
        let tickets = tickets.into_inner().unwrap();
        check_tickets(&tickets, &sessions);
        check_limits(&sessions);
        check_desktops(generation, &sessions);
        let redeemed = tickets.iter().filter(|ticket| !ticket.led_into.is_empty());
        assert!(redeemed.count() > USERS.len(), "something went on");
    }
}

fn check_tickets(tickets: &[Ticket], sessions: &[SessionRecord]) {
    // How many applications ran in each session after each ticket that may have started one. Such a
    // ticket may also have led back to a session, so a number comes again; but none is left out.
    let mut started = BTreeMap::<_, BTreeSet<_>>::new();
    for ticket in tickets {
        assert!(ticket.led_into.len() <= 1, "a ticket works once");
        for session in &ticket.led_into {
            let started = started.entry(place(session)).or_default();
            started.extend(ticket.starts_application.then_some(session.apps.len()));
        }
    }
    let there: BTreeSet<_> = sessions.iter().map(place).collect();
    assert_eq!(there.len(), sessions.len(), "a number is given once");
    for session in sessions {
        let apps = started.remove(&place(session)).unwrap_or_default();
        assert!(
            apps.into_iter().eq(1..=session.apps.len()),
            "none lost or doubled: {session:?}"
        );
    }
    for (user, ..) in started.into_keys() {
        assert_eq!(user, LEAVES, "nobody else logs off");
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

/// A desktop that follows its user is one, however many launches of it overlap.
fn check_desktops(generation: &str, sessions: &[SessionRecord]) {
    for user in USERS {
        let desktops = sessions
            .iter()
            .filter(|it| it.user == user && it.app == "Desk");
        assert!(desktops.count() <= 1 || generation == "xenapp-6", "{user}");
    }
}

/// Whose session, on which host, with which number.
fn place(session: &SessionRecord) -> (String, String, u32) {
    let SessionRecord { user, host_id, .. } = session;
    (user.clone(), host_id.clone(), session.session_id)
}

/// A user at a client.
struct Person<'a> {
    user: &'static str,
    client: &'static str,
    farms: Farms,
    tickets: &'a Mutex<Vec<Ticket>>,
}

impl Person<'_> {
    fn live(&self, seed: u64) {
        // Any spread of numbers will do, and the same one each time.
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
                _ if self.user == LEAVES => {
                    self.ask(&logoff(self.user, self.client)).unwrap();
                }
                _ => {}
            }
        }
    }

    /// Asks for an address and its ticket; what stands in the way is no concern here.
    fn launch(&self, name: AddressName) {
        let request = AddressRequest {
            client_name: Some(self.client.to_owned()),
            device_id: None,
            ..address(name, Some(of(self.user)))
        };
        let Ok(answer) = self.ask(&request) else {
            return;
        };
        let tag = answer.ticket_tag.unwrap();
        let ticket = answer.ticket.or_else(|| {
            // The session that the address was for may have ended.
            let request = ticket_request(self.user, &tag, None);
            self.ask(&request).ok().map(|answer| answer.ticket)
        });
        if let Some(text) = ticket {
            // A launch may lead to a session that is there.
            let starts_application = tag.contains("?app=");
            let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
            tickets.push(Ticket {
                text,
                starts_application,
                led_into: Vec::new(),
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

    /// Takes one of the last tickets, whosever it is, to its host, where others may be with it.
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
                tickets[ticket].led_into.push(session);
            }
            Err(Error::Launch(_) | Error::Ticket(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, FarmError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let farm = self.farms.farm("F").unwrap();
        let body = encode_request(Dialect::new(5, 4), request);
        let answer = farm.respond(ServeOptions::default(), &body, at(0));
        let answer = runtime.unwrap().block_on(answer).unwrap();
        decode_answer::<R>(&answer).unwrap().1
    }
}
