//! The attackers: connections that act again and again until this is dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use roamd_bench::{
    ATTACKER, Account, Connection, Request, SignInForm, SignedIn, TlsClients, sign_in,
};
use secrecy::SecretString;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::attack::{self, Action, Attack, Listener};
use super::attacker_runtime::{attacker_runtime, leave_processors};
use super::farm_requests;
use super::handshakes;
use super::sources::Sources;
use super::tally::{Outcome, Outcomes, Tally};
use super::target::Target;

/// Pause before a connection that failed or was closed is opened again.
const BEFORE_RETRY: Duration = Duration::from_millis(100);

/// Pause of a connection after each request. All connections together send several thousand a
/// second, ten times the rates that once did harm. Without a pause the attackers alone would use up
/// the processors, which they share with the server.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(10);

/// Time for which a response is not read: as long as the server waits.
const UNREAD: Duration = Duration::from_secs(60);

/// Buffer of the system for a response that is not read, in bytes.
const UNREAD_BYTES: usize = 4 * 1024;

/// Time for the first connections. It is not measured.
const START: Duration = Duration::from_secs(2);

/// Connections of an attack. They are closed when this is dropped.
pub(super) struct Attackers {
    shared: Arc<Shared>,
    _runtime: Runtime,
}

/// What the connections have in common.
struct Shared {
    attack: Attack,
    sources: Sources,
    /// Address of the attacked listener.
    address: SocketAddr,
    /// Clients that speak HTTP/2, if the server has a certificate.
    tls: Option<TlsClients>,
    store: String,
    token: SecretString,
    tally: Tally,
    /// First message of a TLS client, if the server has a certificate.
    hello: Option<Vec<u8>>,
    /// Networks that have been used for one action each.
    networks: AtomicUsize,
}

impl Attackers {
    /// Signs the attacker in and starts.
    ///
    /// # Errors
    /// If the sign-in fails.
    pub(super) fn start(
        attack: Attack,
        target: &Target,
        sources: Sources,
        token: SecretString,
    ) -> Result<Self> {
        let runtime = attacker_runtime()?;
        let clients = target.server.tls.as_ref();
        let hello = clients.map(|tls| runtime.block_on(handshakes::record_hello(tls)));
        let shared = Arc::new(Shared {
            attack,
            sources,
            address: match attack.action.listener() {
                Listener::Server => target.address(),
                Listener::Farm => target.farm.address,
            },
            tls: clients.map(TlsClients::with_http2),
            store: target.attacked_store.clone(),
            token,
            tally: Tally::default(),
            hello: hello.transpose()?,
            networks: AtomicUsize::new(0),
        });
        for number in 0..attack.connections {
            let shared = Arc::clone(&shared);
            drop(runtime.spawn(async move {
                loop {
                    // A refusal is what an attacker expects.
                    let _refused = shared.act(number).await;
                    sleep(BEFORE_RETRY).await;
                }
            }));
        }
        std::thread::sleep(START);
        leave_processors(&runtime);
        Ok(Self {
            shared,
            _runtime: runtime,
        })
    }

    /// Returns the number of actions so far.
    pub(super) fn actions(&self) -> u64 {
        self.shared.tally.actions()
    }

    /// Returns what they got so far.
    pub(super) fn outcomes(&self) -> Outcomes {
        self.shared.tally.outcomes()
    }
}

/// Signs in as the attacker for the attacked store.
///
/// # Errors
/// If the sign-in fails.
pub(super) async fn sign_in_as_attacker(target: &Target, sources: Sources) -> Result<SignedIn> {
    let stream = sources.connect(0, target.address().port()).await?;
    let mut connection = target.connect(stream).await?;
    sign_in(
        &mut connection,
        &target.attacked_store,
        Account::of(ATTACKER),
    )
    .await
}

impl Shared {
    /// Acts until the connection ends.
    async fn act(&self, number: usize) -> Result<()> {
        match self.attack.action {
            Action::Disconnect => {
                let request = attack::disconnect(&self.store, &self.token, 0)?;
                self.repeat(number, request).await
            }
            Action::DisconnectWithTickets => {
                let request = attack::disconnect_with_tickets(&self.store, &self.token)?;
                self.repeat(number, request).await
            }
            Action::LaunchNothing => {
                let request = attack::launch_nothing(&self.store, &self.token)?;
                self.repeat(number, request).await
            }
            Action::List | Action::ListHostileFarm(_) => {
                let request = attack::list(&self.store, &self.token)?;
                self.repeat(number, request).await
            }
            Action::HalfBody(listener) => self.hold(number, &attack::half_body(listener)).await,
            Action::UnfinishedHead(listener) => {
                self.hold(number, &attack::unfinished_head(listener)).await
            }
            Action::LeaveListUnread => {
                let request = attack::list_in_bytes(&self.store, &self.token)?;
                self.leave_unread(number, &request).await
            }
            Action::HoldConnection => self.hold(number, b"P").await,
            Action::BeginHandshakes => self.begin_handshakes(number).await,
            Action::WrongPassword => self.try_wrong_password().await,
            Action::LongMessage => self.repeat(number, attack::long_message()?).await,
            Action::CancelSignIn => self.cancel_sign_ins(number).await,
            Action::Http2(flood) => {
                let tls = self.tls.as_ref().context("the server has no certificate")?;
                let stream = self.connect(number).await?;
                flood
                    .run(stream, self.address, tls, &self.tally, BETWEEN_REQUESTS)
                    .await
            }
            Action::PasswordAtFarm => {
                let request = farm_requests::password_of_unknown_user()?;
                self.repeat(number, request).await
            }
            Action::TicketAtFarm => self.repeat(number, farm_requests::ticket()?).await,
        }
    }

    /// Opens the connection with this number.
    async fn connect(&self, number: usize) -> Result<TcpStream> {
        self.connect_from(number / self.attack.per_address).await
    }

    /// Opens a connection from the network with this number.
    async fn connect_from(&self, network: usize) -> Result<TcpStream> {
        let stream = self.sources.connect(network, self.address.port()).await;
        stream.inspect_err(|_| self.tally.count(Outcome::NotConnected))
    }

    /// Sends a request over one connection until the server closes it.
    async fn repeat(&self, number: usize, request: Request) -> Result<()> {
        let stream = self.connect(number).await?;
        let mut connection = Connection::over(stream, self.address, None).await?;
        loop {
            self.tally.act(1);
            let response = connection.send(request.clone()).await;
            let response = response.inspect_err(|_| self.tally.count(Outcome::Closed))?;
            self.tally.count(Outcome::Status(response.status));
            sleep(BETWEEN_REQUESTS).await;
        }
    }

    /// Sends some bytes, and waits until the server closes the connection.
    async fn hold(&self, number: usize, bytes: &[u8]) -> Result<()> {
        let mut stream = self.connect(number).await?;
        stream.write_all(bytes).await?;
        self.tally.act(1);
        let open = self.tally.open();
        let mut response = Vec::new();
        // A connection that is reset has ended too.
        let _reset = stream.read_to_end(&mut response).await;
        open.ended(status_of(&response).map_or(Outcome::Closed, Outcome::Status));
        Ok(())
    }

    /// Sends a request, reads the status of the response, and nothing more.
    async fn leave_unread(&self, number: usize, request: &[u8]) -> Result<()> {
        let mut stream = self.connect(number).await?;
        // Otherwise the system would read the response.
        SockRef::from(&stream).set_recv_buffer_size(UNREAD_BYTES)?;
        stream.write_all(request).await?;
        self.tally.act(1);
        let mut start = [0; 12];
        let read = stream.read_exact(&mut start).await;
        read.inspect_err(|_| self.tally.count(Outcome::Closed))?;
        self.tally
            .count(status_of(&start).map_or(Outcome::Closed, Outcome::Status));
        sleep(UNREAD).await;
        Ok(())
    }

    /// Begins TLS handshakes, each on a connection of its own.
    async fn begin_handshakes(&self, number: usize) -> Result<()> {
        let hello = self
            .hello
            .as_ref()
            .context("the server has no certificate")?;
        loop {
            let stream = self.connect(number).await?;
            self.tally.act(1);
            let begun = handshakes::begin(stream, hello).await;
            self.tally.count(begun.unwrap_or(Outcome::Closed));
            sleep(BETWEEN_REQUESTS).await;
        }
    }

    /// Begins sign-ins over one connection and cancels them.
    async fn cancel_sign_ins(&self, number: usize) -> Result<()> {
        let stream = self.connect(number).await?;
        let mut connection = Connection::over(stream, self.address, None).await?;
        loop {
            self.tally.act(1);
            let cancelled = match SignInForm::open(&mut connection, &self.store).await {
                Ok(form) => form.cancel(&mut connection).await,
                Err(error) => Err(error),
            };
            let status = connection.last_status();
            self.tally
                .count(status.map_or(Outcome::Closed, Outcome::Status));
            cancelled?;
            sleep(BETWEEN_REQUESTS).await;
        }
    }

    async fn try_wrong_password(&self) -> Result<()> {
        let network = self.networks.fetch_add(1, Ordering::Relaxed);
        let stream = self.connect_from(network).await?;
        let mut connection = Connection::over(stream, self.address, None).await?;
        let account = Account {
            user: roamd_bench::USER,
            password: "wrong",
        };
        self.tally.act(1);
        let _refused = sign_in(&mut connection, &self.store, account).await;
        let status = connection.last_status();
        self.tally
            .count(status.map_or(Outcome::Closed, Outcome::Status));
        Ok(())
    }
}

/// Returns the status of an HTTP/1.1 response.
fn status_of(response: &[u8]) -> Option<u16> {
    let status = response.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(status).ok()?.parse().ok()
}
