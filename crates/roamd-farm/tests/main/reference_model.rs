//! A reference model of a farm: plain lists in memory. [`crate::model_comparison`] compares the
//! real farm with it after every step.

use roamd_farm::{LaunchRefusal as Refused, TicketRefusal, World};

use crate::support::PASSWORD;

/// The farm of the model. [`crate::model_comparison`] turns it into a world description.
pub(crate) const USERS: [&str; 3] = ["alice", "bob", "carol"];
pub(crate) const CLIENTS: [&str; 3] = ["DESK-A", "DESK-B", "TABLET"];
pub(crate) const HOSTS: [Host; 3] = [
    Host {
        desks: false,
        capacity: 2,
        boot: 30,
        on_since: Some(-1000),
        maintenance: false,
    },
    Host {
        desks: false,
        capacity: 3,
        boot: 30,
        on_since: Some(-1000),
        maintenance: false,
    },
    Host {
        desks: true,
        capacity: 1,
        boot: 20,
        on_since: None,
        maintenance: false,
    },
];
/// Published applications with their instance limits: in total and for each user.
pub(crate) const APPS: [App; 3] = [
    App {
        name: "Word",
        desk: false,
        most: 4,
        most_per_user: 3,
    },
    App {
        name: "Excel",
        desk: false,
        most: 100,
        most_per_user: 1,
    },
    App {
        name: "Desk",
        desk: true,
        most: 100,
        most_per_user: 100,
    },
];
pub(crate) const LICENCES: usize = 2;
pub(crate) const SESSIONS: usize = 5;
pub(crate) const SESSIONS_PER_USER: usize = 3;
/// Lifetime of a logon ticket in seconds.
const TICKET_LIFE: i64 = 200;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Host {
    /// Whether the host is in the group of desktops.
    pub(crate) desks: bool,
    pub(crate) capacity: usize,
    pub(crate) boot: i64,
    pub(crate) on_since: Option<i64>,
    pub(crate) maintenance: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) desk: bool,
    pub(crate) most: usize,
    pub(crate) most_per_user: usize,
}

/// A session. Users, clients, hosts and applications are indexes of their lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: usize,
    pub(crate) host: usize,
    /// Number on its host.
    pub(crate) number: u32,
    pub(crate) apps: Vec<usize>,
    pub(crate) client: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Host and session number.
    Session(usize, u32),
    App {
        host: usize,
        app: usize,
    },
}

#[derive(Debug)]
struct Ticket {
    user: usize,
    client: usize,
    target: Target,
    expires: i64,
    used: bool,
}

#[derive(Debug)]
pub(crate) struct Model {
    /// Whether listing active sessions disconnects them.
    pub(crate) old: bool,
    /// Whether launches switch machines on, and desktops follow their users.
    pub(crate) manages_desktops: bool,
    pub(crate) now: i64,
    pub(crate) hosts: [Host; 3],
    pub(crate) sessions: Vec<Session>,
    tickets: Vec<Ticket>,
    started: [u32; 3],
}

impl Model {
    pub(crate) fn new(generation: &str) -> Self {
        Self {
            old: generation != "cvad-7",
            manages_desktops: generation != "xenapp-6",
            now: 0,
            hosts: HOSTS,
            sessions: Vec::new(),
            tickets: Vec::new(),
            started: [0; 3],
        }
    }

    /// Launches an application and returns the target.
    pub(crate) fn launch(
        &mut self,
        user: usize,
        client: usize,
        app: usize,
    ) -> Result<Target, Refused> {
        if let Some(waiting) = self.waiting(user, app) {
            return self.return_to(&self.sessions[waiting]);
        }
        if let Some(joined) = self.joined(user, client, app, None) {
            self.may_run(user, app)?;
            let host = self.sessions[joined].host;
            return Ok(Target::App { host, app });
        }
        self.may_have_session(user, app)?;
        let hosts = || (0..3).filter(|host| self.hosts[*host].desks == APPS[app].desk);
        if let Some(host) = hosts()
            .filter(|host| self.takes_session(*host) == Ok(()))
            .min_by_key(|host| self.load(*host) * 6 / self.hosts[*host].capacity)
        {
            return Ok(Target::App { host, app });
        }
        let has = |refused| hosts().find(|host| self.takes_session(*host) == Err(refused));
        if let Some(host) = has(Refused::Off)
            && self.manages_desktops
        {
            self.hosts[host].on_since = Some(self.now);
            return Err(Refused::Starting);
        }
        let nearest = [Refused::Starting, Refused::Off, Refused::Full];
        let nearest = nearest.into_iter().find(|refused| has(*refused).is_some());
        Err(nearest.unwrap_or(Refused::Maintenance))
    }

    /// Reconnects to a session and returns the target.
    pub(crate) fn reconnect(&self, session: usize) -> Result<Target, Refused> {
        self.return_to(&self.sessions[session])
    }

    /// Issues a ticket.
    pub(crate) fn issue(&mut self, user: usize, client: usize, target: Target) {
        self.tickets.push(Ticket {
            user,
            client,
            target,
            expires: self.now + TICKET_LIFE,
            used: false,
        });
    }

    /// Redeems a ticket and returns its session.
    pub(crate) fn connect(
        &mut self,
        ticket: usize,
    ) -> Result<Result<Session, Refused>, TicketRefusal> {
        let Ticket {
            user,
            client,
            target,
            expires,
            used,
        } = self.tickets[ticket];
        if used {
            return Err(TicketRefusal::Used);
        }
        if self.now >= expires {
            return Err(TicketRefusal::Expired);
        }
        let session = match target {
            Target::Session(host, number) => {
                let is_it = |it: &Session| (it.host, it.number) == (host, number);
                let found = self.sessions.iter().position(is_it);
                let Some(found) = found else {
                    return Err(TicketRefusal::SessionEnded);
                };
                self.move_to(client, found)
            }
            Target::App { host, app } => self.start(user, client, host, app),
        };
        self.tickets[ticket].used |= session.is_ok();
        Ok(session.map(|session| self.sessions[session].clone()))
    }

    /// Lists the sessions that a client sees, as host and number.
    pub(crate) fn list(&mut self, user: usize, client: usize, active: bool) -> Vec<(usize, u32)> {
        let mut listed = Vec::new();
        for session in &mut self.sessions {
            let is_elsewhere = session.client.is_some_and(|other| other != client);
            if session.user == user && (session.client.is_none() || active && is_elsewhere) {
                listed.push((session.host, session.number));
                if self.old {
                    session.client = None;
                }
            }
        }
        listed
    }

    pub(crate) fn disconnect(&mut self, user: usize, client: usize) {
        for session in &mut self.sessions {
            if (session.user, session.client) == (user, Some(client)) {
                session.client = None;
            }
        }
    }

    pub(crate) fn logoff(&mut self, user: usize, client: usize) {
        self.sessions
            .retain(|it| (it.user, it.client) != (user, Some(client)));
    }

    fn start(
        &mut self,
        user: usize,
        client: usize,
        host: usize,
        app: usize,
    ) -> Result<usize, Refused> {
        if let Some(waiting) = self.waiting(user, app) {
            return self.move_to(client, waiting);
        }
        if let Some(joined) = self.joined(user, client, app, Some(host)) {
            self.may_run(user, app)?;
            self.sessions[joined].apps.push(app);
            return Ok(joined);
        }
        self.may_have_session(user, app)?;
        self.takes_session(host)?;
        self.started[host] += 1;
        self.sessions.push(Session {
            user,
            host,
            number: self.started[host],
            apps: vec![app],
            client: Some(client),
        });
        Ok(self.sessions.len() - 1)
    }

    fn move_to(&mut self, client: usize, session: usize) -> Result<usize, Refused> {
        self.return_to(&self.sessions[session])?;
        self.sessions[session].client = Some(client);
        Ok(session)
    }

    /// Finds the session that a launch returns to: a disconnected one, or a desktop that follows
    /// its user.
    fn waiting(&self, user: usize, app: usize) -> Option<usize> {
        let roams = APPS[app].desk && self.manages_desktops;
        let runs_it = |active: bool| {
            self.sessions.iter().position(|it| {
                it.user == user && it.client.is_some() == active && it.apps.contains(&app)
            })
        };
        runs_it(false).or_else(|| roams.then(|| runs_it(true))?)
    }

    /// Finds the session that an application joins. All users have the same session settings here.
    fn joined(&self, user: usize, client: usize, app: usize, on: Option<usize>) -> Option<usize> {
        self.sessions.iter().position(|it| {
            !APPS[app].desk
                && !APPS[it.apps[0]].desk
                && (it.user, it.client) == (user, Some(client))
                && on.is_none_or(|host| host == it.host)
                && !self.hosts[it.host].maintenance
        })
    }

    fn return_to(&self, session: &Session) -> Result<Target, Refused> {
        let host = self.hosts[session.host];
        if host.maintenance && host.capacity == 1 {
            return Err(Refused::SessionMaintenance);
        }
        self.may_connect(session.user)?;
        Ok(Target::Session(session.host, session.number))
    }

    fn takes_session(&self, host: usize) -> Result<(), Refused> {
        let (load, host) = (self.load(host), self.hosts[host]);
        match host.on_since {
            _ if host.maintenance => Err(Refused::Maintenance),
            None => Err(Refused::Off),
            _ if load >= host.capacity => Err(Refused::Full),
            Some(since) if self.now < since + host.boot => Err(Refused::Starting),
            Some(_) => Ok(()),
        }
    }

    fn load(&self, host: usize) -> usize {
        self.sessions.iter().filter(|it| it.host == host).count()
    }

    fn may_connect(&self, user: usize) -> Result<(), Refused> {
        let connected = |user| {
            let mut sessions = self.sessions.iter();
            sessions.any(|it| it.user == user && it.client.is_some())
        };
        let others = (0..3).filter(|other| *other != user && connected(*other));
        match connected(user) || others.count() < LICENCES {
            true => Ok(()),
            false => Err(Refused::NotLicensed),
        }
    }

    fn may_have_session(&self, user: usize, app: usize) -> Result<(), Refused> {
        self.may_connect(user)?;
        if self.sessions.iter().filter(|it| it.user == user).count() >= SESSIONS_PER_USER {
            return Err(Refused::UserLimit);
        }
        if self.sessions.len() >= SESSIONS {
            return Err(Refused::FarmLimit);
        }
        self.may_run(user, app)
    }

    fn may_run(&self, user: usize, app: usize) -> Result<(), Refused> {
        let runs = |session: &Session| session.apps.iter().filter(|it| **it == app).count();
        let of_user = self.sessions.iter().filter(|it| it.user == user);
        if of_user.map(runs).sum::<usize>() >= APPS[app].most_per_user {
            return Err(Refused::ApplicationUserLimit);
        }
        if self.sessions.iter().map(runs).sum::<usize>() >= APPS[app].most {
            return Err(Refused::ApplicationLimit);
        }
        Ok(())
    }
}

/// The farm of the model as a world description, with farm id `F`.
pub(crate) fn world_description(generation: &str) -> World {
    let users = USERS.map(|name| format!("{{ name = \"{name}\", password = \"{PASSWORD}\" }}"));
    let mut text = format!(
        r#"
        password_hashing = {{ memory_kib = 8, passes = 1 }}
        [[domain]]
        name = "DEMO"
        dns = "demo.test"
        user = [{}]
        [[farm]]
        id = "F"
        name = "Farm"
        generation = "{generation}"
        licences = {LICENCES}
        max_sessions = {SESSIONS}
        max_sessions_per_user = {SESSIONS_PER_USER}
        group = [{{ name = "Desks" }}]
        "#,
        users.join(", ")
    );
    let group = |desk| if desk { "group = \"Desks\"" } else { "" };
    for (number, host) in HOSTS.iter().enumerate() {
        let power = host.on_since.map_or("off", |_| "on");
        text += &format!(
            r#"
            [[farm.host]]
            id = "{number}"
            name = "HOST{number}"
            address = "192.0.2.{number}"
            dns = "host{number}.test"
            capacity = {}
            power = "{power}"
            boot_seconds = {}
            {}
            "#,
            host.capacity,
            host.boot,
            group(host.desks),
        );
    }
    for app in APPS {
        text += &format!(
            r#"
            [[farm.application]]
            name = "{}"
            kind = "{}"
            max_instances = {}
            max_instances_per_user = {}
            {}
            "#,
            app.name,
            if app.desk { "desktop" } else { "app" },
            app.most,
            app.most_per_user,
            group(app.desk),
        );
    }
    World::from_toml(&text).unwrap()
}
