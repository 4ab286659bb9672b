//! The attackers: connections that act again and again until this is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use roamd_bench::{ATTACKER, Account, Connection, Request, SignedIn, sign_in};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use super::attack::{self, Action, Attack};
use super::sources::Sources;
use super::target::Target;

/// Pause before a connection that failed or was closed is opened again.
const BEFORE_RETRY: Duration = Duration::from_millis(100);

/// Pause of a connection after each request. All connections together send several thousand a
/// second, ten times the rates that once did harm. Without a pause the attackers alone would use up
/// the processors, which they share with the server.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(10);

/// Time for the first connections.
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
    port: u16,
    address: std::net::SocketAddr,
    store: String,
    token: SecretString,
    /// Actions so far.
    done: AtomicU64,
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
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let shared = Arc::new(Shared {
            attack,
            sources,
            port: target.address().port(),
            address: target.address(),
            store: target.attacked_store.clone(),
            token,
            done: AtomicU64::new(0),
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
        Ok(Self {
            shared,
            _runtime: runtime,
        })
    }

    /// Returns the number of actions so far.
    pub(super) fn actions(&self) -> u64 {
        self.shared.done.load(Ordering::Relaxed)
    }
}

/// Signs in as the attacker for the attacked store.
///
/// # Errors
/// If the sign-in fails.
pub(super) async fn sign_in_as_attacker(target: &Target, sources: Sources) -> Result<SignedIn> {
    let stream = sources.connect(0, target.address().port()).await?;
    let mut connection = Connection::over(stream, target.address(), None).await?;
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
            Action::ListHostileFarm(_) => {
                let request = attack::list(&self.store, &self.token)?;
                self.repeat(number, request).await
            }
            Action::HalfBody => self.hold(number, &attack::half_body()).await,
            Action::UnfinishedHead => self.hold(number, &attack::unfinished_head()).await,
            Action::WrongPassword => self.try_wrong_password().await,
        }
    }

    /// Sends a request over one connection until the server closes it.
    async fn repeat(&self, number: usize, request: Request) -> Result<()> {
        let stream = self.sources.connect(number, self.port).await?;
        let mut connection = Connection::over(stream, self.address, None).await?;
        loop {
            connection.send(request.clone()).await?;
            self.count();
            sleep(BETWEEN_REQUESTS).await;
        }
    }

    /// Sends some bytes, and waits until the server closes the connection.
    async fn hold(&self, number: usize, bytes: &[u8]) -> Result<()> {
        let mut stream = self.sources.connect(number, self.port).await?;
        stream.write_all(bytes).await?;
        self.count();
        stream.read_to_end(&mut Vec::new()).await?;
        Ok(())
    }

    async fn try_wrong_password(&self) -> Result<()> {
        let network = self.networks.fetch_add(1, Ordering::Relaxed);
        let stream = self
            .sources
            .connect_from_network(network, self.port)
            .await?;
        let mut connection = Connection::over(stream, self.address, None).await?;
        let account = Account {
            user: roamd_bench::USER,
            password: "wrong",
        };
        self.count();
        sign_in(&mut connection, &self.store, account).await?;
        Ok(())
    }

    fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}
