//! From an NFuse request to its answer: who asks, one decision, one read or one transaction.

mod catalogue;
mod launch;
mod sta;

use std::time::Instant;

use jiff::Timestamp;
use roamd_nfuse_proto::{
    AnyRequest, Body, CapabilitiesResponse, CapabilityId, ChangePasswordRequest,
    ChangePasswordResponse, Credentials, DecodeError, DisconnectUserSessionsRequest,
    DisconnectUserSessionsResponse, Domain, Frame, HostId, LogoffUserSessionsRequest,
    LogoffUserSessionsResponse, ProtocolInfoResponse, ReconnectSessionDataRequest,
    ReconnectSessionDataResponse, ServerFarmDataResponse, SessionEntry, SessionSelection,
    UserIdentity, ValidateCredentialsRequest, ValidateCredentialsResponse, decode_request,
    encode_response,
};
use rusqlite::{Connection, Transaction};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::Error;
use crate::db::catalogue::Audience;
use crate::db::sessions::SessionRow;
use crate::db::users::User;
use crate::db::{Failure, sessions, tickets, users};
use crate::farms::Farm;
use crate::http::ServeOptions;
use crate::name::AccountName;
use crate::password::Verdict;
use crate::refusal::{self, NewPasswordRefusal, Refusal};
use crate::rules::{self, Client};
use crate::world::{Account, Generation};

/// What a farm of every generation can do.
const CAPABILITIES: [CapabilityId; 6] = [
    CapabilityId::SEPARATE_CREDENTIALS_VALIDATION,
    CapabilityId::LAUNCH_REFERENCE,
    CapabilityId::MULTI_IMAGE_ICONS,
    CapabilityId::USER_IDENTITY,
    CapabilityId::TICKET_INVALIDATION,
    CapabilityId::PASSWORD_CHANGE,
];

/// The one type of server and of client that there is here.
const SERVER_TYPE: &str = "win32";
const CLIENT_TYPE: &str = "ica30";

impl Farm {
    /// Answers the bytes of a request with the bytes of an answer, without a socket and at a time
    /// that the caller tells.
    ///
    /// # Errors
    /// The bytes are no request that is served. A request that is understood and refused is
    /// answered.
    pub async fn answer(
        &self,
        options: ServeOptions,
        request: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        let (frame, request) = decode_request(request)?;
        let desk = Desk {
            farm: self,
            options,
            now,
        };
        Ok(match request {
            AnyRequest::Address(it) => desk.reply(&frame, desk.address(it)).await,
            AnyRequest::AppData(it) => desk.reply(&frame, desk.app_data(it)).await,
            AnyRequest::Capabilities(_) => desk.reply(&frame, async { Ok(capabilities()) }).await,
            AnyRequest::ChangePassword(it) => desk.reply(&frame, desk.change_password(it)).await,
            AnyRequest::DisconnectUserSessions(it) => desk.reply(&frame, desk.disconnect(it)).await,
            AnyRequest::LaunchRef(it) => desk.reply(&frame, desk.launch_ref(it)).await,
            AnyRequest::LogoffUserSessions(it) => desk.reply(&frame, desk.logoff(it)).await,
            AnyRequest::ProtocolInfo(_) => {
                desk.reply(&frame, async { Ok(ProtocolInfoResponse) }).await
            }
            AnyRequest::ReconnectSessionData(it) => desk.reply(&frame, desk.reconnect(it)).await,
            AnyRequest::ServerData(it) => desk.reply(&frame, desk.server_data(it)).await,
            AnyRequest::ServerFarmData(_) => {
                let answer = ServerFarmDataResponse {
                    farm_names: vec![self.row.name.clone()],
                };
                desk.reply(&frame, async { Ok(answer) }).await
            }
            AnyRequest::Ticket(it) => desk.reply(&frame, desk.ticket(it)).await,
            AnyRequest::ValidateCredentials(it) => {
                desk.reply(&frame, desk.validate_credentials(it)).await
            }
        })
    }
}

/// Where one request is worked on.
struct Desk<'a> {
    farm: &'a Farm,
    options: ServeOptions,
    now: Timestamp,
}

/// What a disconnect or logoff does to the sessions that it selects.
type End = fn(&Connection, &[i64]) -> Result<(), Failure>;

impl Desk<'_> {
    async fn reply<A: Body>(
        &self,
        frame: &Frame,
        work: impl Future<Output = Result<A, Refusal>>,
    ) -> Vec<u8> {
        let generation = self.farm.row.generation;
        let result = if rules::serves(frame.dialect) {
            work.await
        } else {
            Err(Refusal::Dialect)
        };
        let frame = Frame {
            dialect: rules::dialect(generation),
            encoding: frame.encoding,
        };
        encode_response(
            &frame,
            &result.map_err(|refusal| refusal::error(generation, refusal)),
        )
    }

    async fn validate_credentials(
        &self,
        request: ValidateCredentialsRequest,
    ) -> Result<ValidateCredentialsResponse, Refusal> {
        let user = self.user(&request.credentials).await?;
        Ok(ValidateCredentialsResponse {
            identity: request.identity_wanted.then(|| identity(&user)),
            ..ValidateCredentialsResponse::default()
        })
    }

    /// A password that was right is replaced if it still is, so of two changes at once one is refused.
    async fn change_password(
        &self,
        request: ChangePasswordRequest,
    ) -> Result<ChangePasswordResponse, Refusal> {
        let Credentials::Explicit {
            user_name,
            password: Some(old),
            domain,
        } = &request.credentials
        else {
            return Err(Refusal::Credentials);
        };
        let new = &request.new_password.value;
        let name = account_name(user_name, domain.as_ref());
        let user = self.proven(&name, &old.value).await?;
        refusal::admit_to_change(user.account)?;
        let (length, cost, mut former) = self.read(|connection| {
            Ok((
                users::rules(connection)?.password_length,
                users::password_hashing(connection)?,
                users::former_passwords(connection, user.id)?,
            ))
        })?;
        rules::check_length(new.expose_secret(), length).map_err(Refusal::NewPassword)?;
        former.push(user.password_hash.clone());
        let verifier = &self.farm.verifier;
        if self.known(verifier.is_any(former, new).await)? {
            return Err(Refusal::NewPassword(NewPasswordRefusal::UsedBefore));
        }
        let hash = self.known(verifier.hash(cost, new).await)?;
        let replaced = self.write(move |transaction| {
            let kept = rules::FORMER_PASSWORDS;
            users::replace_password(transaction, user.id, &user.password_hash, &hash, kept)
        });
        if replaced.await? {
            Ok(ChangePasswordResponse)
        } else {
            Err(Refusal::Credentials)
        }
    }

    async fn reconnect(
        &self,
        request: ReconnectSessionDataRequest,
    ) -> Result<ReconnectSessionDataResponse, Refusal> {
        let user = self.user(&request.credentials).await?.id;
        if !rules::filters_match(&request.server_types, &request.client_types) {
            return Ok(ReconnectSessionDataResponse::default());
        }
        let farm = self.farm.row.clone();
        let generation = farm.generation;
        let caller = Client::new(&request.client_name, &request.device_id);
        let types = request.session_types;
        let shown = if rules::listing_disconnects(generation, &types) {
            self.write(move |transaction| {
                let sessions = sessions::of_user(transaction, farm.id, user)?;
                let listing = rules::list(generation, &caller, &types, sessions);
                sessions::disconnect(transaction, &listing.disconnected)?;
                Ok(listing.shown)
            })
            .await?
        } else {
            let sessions = self.read(|connection| sessions::of_user(connection, farm.id, user))?;
            rules::list(generation, &caller, &types, sessions).shown
        };
        let server_type = request.server_types.into_iter().next();
        let server_type = server_type.unwrap_or_else(|| SERVER_TYPE.to_owned());
        Ok(ReconnectSessionDataResponse {
            sessions: shown
                .into_iter()
                .map(|session| session_entry(generation, &server_type, session))
                .collect(),
        })
    }

    async fn disconnect(
        &self,
        request: DisconnectUserSessionsRequest,
    ) -> Result<DisconnectUserSessionsResponse, Refusal> {
        self.end(request.0, sessions::disconnect).await?;
        Ok(DisconnectUserSessionsResponse)
    }

    async fn logoff(
        &self,
        request: LogoffUserSessionsRequest,
    ) -> Result<LogoffUserSessionsResponse, Refusal> {
        self.end(request.0, sessions::end).await?;
        Ok(LogoffUserSessionsResponse)
    }

    /// Tickets go first: one that is invalidated cannot connect a session that was just ended here.
    async fn end(&self, selection: SessionSelection, end: End) -> Result<(), Refusal> {
        let user = self.user(&selection.credentials).await?.id;
        let farm = self.farm.row.clone();
        let now = self.now;
        self.write(move |transaction| {
            for ticket in &selection.tickets {
                tickets::invalidate(transaction, farm.id, user, ticket, now)?;
            }
            if !rules::filters_match(&selection.server_types, &selection.client_types) {
                return Ok(());
            }
            let caller = Client::new(&selection.client_name, &selection.device_id);
            let sessions = sessions::of_user(transaction, farm.id, user)?;
            end(transaction, &rules::select(&caller, &sessions))
        })
        .await
    }

    /// The user that credentials speak for, once that is proven.
    async fn user(&self, credentials: &Credentials) -> Result<User, Refusal> {
        let name = match credentials {
            Credentials::Explicit {
                user_name,
                password: Some(password),
                domain,
            } => {
                let name = account_name(user_name, domain.as_ref());
                let user = self.proven(&name, &password.value).await?;
                refusal::admit(user.account)?;
                return Ok(user);
            }
            Credentials::Groups { .. } | Credentials::Anonymous => {
                return Err(Refusal::Credentials);
            }
            _ if !self.farm.row.trust_requests => return Err(Refusal::NotTrusted),
            Credentials::Explicit {
                user_name, domain, ..
            } => Some(account_name(user_name, domain.as_ref())),
            Credentials::Identity { sam, upn, .. } => sam
                .as_ref()
                .or(upn.as_ref())
                .map(|name| AccountName::parse(name)),
        };
        let user = match (name, credentials) {
            (Some(name), _) => self.find(&name)?,
            (None, Credentials::Identity { sids, .. }) => match sids.first() {
                Some(sid) => self.read(|connection| users::with_sid(connection, sid))?,
                None => None,
            },
            (None, _) => None,
        };
        let user = user.ok_or(Refusal::Credentials)?;
        refusal::admit(user.account)?;
        Ok(user)
    }

    /// The user whose password this is, whatever the account may do. Wrong passwords are counted, and
    /// too many lock the account for a while: then no password is right.
    async fn proven(&self, name: &AccountName, password: &SecretString) -> Result<User, Refusal> {
        let user = self.find(name)?;
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let verified = self.farm.verifier.verify(stored, password, Instant::now());
        let verdict = self.known(verified.await)?;
        // Hashing takes its time. Of many guesses at once, those that end late find the account as the
        // first have left it.
        let user = match verdict {
            Verdict::Remembered => user,
            Verdict::Right | Verdict::Wrong => self
                .find(name)?
                .filter(|now| Some(&*now.password_hash) == stored),
        };
        if let Some(user) = &user
            && self.is_locked(user)?
        {
            return Err(Refusal::Account(Account::LockedOut));
        }
        let (now, id) = (self.now, user.as_ref().map(|user| user.id));
        match (verdict, user) {
            (Verdict::Remembered | Verdict::Right, Some(user)) => {
                if user.failures.count > 0 {
                    let id = user.id;
                    self.write(move |transaction| users::forgive(transaction, id))
                        .await?;
                }
                Ok(user)
            }
            _ => {
                self.write(move |transaction| users::fail(transaction, id, now))
                    .await?;
                Err(Refusal::Credentials)
            }
        }
    }

    fn is_locked(&self, user: &User) -> Result<bool, Refusal> {
        let until = self.read(|connection| users::locked_until(connection, user, self.now))?;
        Ok(until.is_some())
    }

    fn find(&self, name: &AccountName) -> Result<Option<User>, Refusal> {
        self.read(|connection| users::find(connection, name))
    }

    /// What a caller may see of the catalogue, if anything.
    fn audience(&self, user: Option<i64>) -> Option<Audience> {
        match user {
            Some(user) => Some(Audience::User(user)),
            None => self.options.expose_catalog.then_some(Audience::All),
        }
    }

    fn read<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Refusal> {
        self.known(self.farm.db.read(act))
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Refusal> {
        let db = self.farm.db.clone();
        match spawn_blocking(move || db.write(act)).await {
            Ok(result) => self.known(result),
            Err(error) => {
                error!(farm = self.farm.row.label, %error, "A change was given up");
                Err(Refusal::Trouble)
            }
        }
    }

    /// Tells the log what the caller must not be told.
    fn known<T>(&self, result: Result<T, Error>) -> Result<T, Refusal> {
        result.map_err(|error| match error {
            Error::Launch(refusal) => Refusal::Launch(refusal),
            error => {
                let error: &dyn std::error::Error = &error;
                error!(farm = self.farm.row.label, error, "The farm is in trouble");
                Refusal::Trouble
            }
        })
    }
}

fn capabilities() -> CapabilitiesResponse {
    CapabilitiesResponse {
        capabilities: CAPABILITIES.to_vec(),
    }
}

/// A domain of its own counts; else the user name may have one in it.
fn account_name(user_name: &str, domain: Option<&Domain>) -> AccountName {
    match domain.map(|domain| domain.name.as_str()) {
        None | Some("") => AccountName::parse(user_name),
        Some(domain) => AccountName {
            domain: Some(domain.to_owned()),
            user: user_name.to_owned(),
        },
    }
}

fn has_password(credentials: &Credentials) -> bool {
    matches!(
        credentials,
        Credentials::Explicit {
            password: Some(_),
            ..
        }
    )
}

fn identity(user: &User) -> UserIdentity {
    UserIdentity {
        sam: Some(format!(r"{}\{}", user.domain, user.name)),
        upn: Some(format!("{}@{}", user.name, user.domain_dns)),
        // The user's own, then the group that every user of a domain is in.
        sids: vec![user.sid.clone(), format!("{}-513", user.domain_sid)],
    }
}

fn session_entry(generation: Generation, server_type: &str, session: SessionRow) -> SessionEntry {
    SessionEntry {
        in_name: session.application,
        friendly_name: None,
        server_type: server_type.to_owned(),
        client_type: CLIENT_TYPE.to_owned(),
        host_id: HostId {
            kind: Some(rules::host_id_kind(generation).to_owned()),
            value: session.host,
        },
        session_id: session.number.to_string(),
    }
}

/// Whether a list of words has one; case does not matter.
fn has_word(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}
