//! State of a conversation, which the client carries sealed.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, Encoding};
use jiff::Timestamp;
use rand_core::CryptoRng;
use roamd_seal::{KeyRing, Purpose};
use roamd_store_proto::Lifetime;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::negotiation::Negotiation;
use crate::{Realm, Service};

/// Random identifier of a conversation, the same in its cookie and all of its state contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConversationId([u8; 16]);

/// An open conversation.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) id: ConversationId,
    pub(super) expiry: Timestamp,
    pub(super) service: Service,
    pub(super) negotiation: Negotiation,
    /// The account whose password the form changes, if it is a form for that.
    pub(super) changing: Option<Account>,
}

/// Carrier of the state. Each carries the whole state, because a client may return only one of
/// them. One cannot be used as the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Carrier {
    /// The cookie: letters and digits (CA-48).
    Cookie,
    /// `StateContext`: letters, digits, `-` and `_` (CA-47).
    StateContext,
}

impl ConversationId {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Creates the id of a conversation whose state is elsewhere. It has to be secret or random.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

impl Carrier {
    fn purpose(self) -> Purpose {
        match self {
            Self::Cookie => Purpose::new("conversation-cookie"),
            Self::StateContext => Purpose::new("conversation-context"),
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Cookie => BASE32_NOPAD,
            Self::StateContext => BASE64URL_NOPAD,
        }
    }
}

impl Conversation {
    /// Version of [`State`].
    const VERSION: u8 = 1;

    /// Creates an open conversation for a token for `service`.
    #[must_use]
    pub fn new(
        id: ConversationId,
        service: Service,
        negotiation: Negotiation,
        expiry: Timestamp,
    ) -> Self {
        Self {
            id,
            expiry,
            service,
            negotiation,
            changing: None,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// Returns the expiry. Shared state of the conversation can be deleted then.
    #[must_use]
    pub fn expiry(&self) -> Timestamp {
        self.expiry
    }

    /// Returns the service for which a token was requested (CA-16).
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Seals the state. Each call returns another text.
    pub(super) fn seal(
        &self,
        keys: &KeyRing,
        carrier: Carrier,
        rng: &mut impl CryptoRng,
    ) -> String {
        let state = State {
            v: Self::VERSION,
            i: self.id,
            e: self.expiry.as_second(),
            r: self.service.realm().to_string(),
            a: self.service.audience().to_string(),
            l: self.service.requested_lifetime().map(|Lifetime(l)| l),
            n: self.negotiation,
            c: self.changing.clone(),
        };
        #[expect(clippy::expect_used, reason = "text and numbers, written into memory")]
        let bytes = serde_json::to_vec(&state).expect("a state is JSON");
        let sealed = keys.seal(carrier.purpose(), b"", &bytes, rng);
        carrier.encoding().encode(&sealed)
    }

    /// Opens a sealed state. Returns `None` if it was not sealed by this server.
    pub(super) fn open(keys: &KeyRing, carrier: Carrier, text: &str) -> Option<Self> {
        let sealed = carrier.encoding().decode(text.as_bytes()).ok()?;
        let bytes = keys.open(carrier.purpose(), b"", &sealed).ok()?;
        let state: State = serde_json::from_slice(&bytes).ok()?;
        if state.v != Self::VERSION {
            return None;
        }
        Some(Self {
            id: state.i,
            expiry: Timestamp::from_second(state.e).ok()?,
            service: Service::from_parts(
                Realm::new(state.r),
                state.a.parse().ok()?,
                state.l.map(Lifetime),
            ),
            negotiation: state.n,
            changing: state.c,
        })
    }
}

/// The sealed state. The names are short because a header carries it.
#[derive(Serialize, Deserialize)]
struct State {
    /// Version.
    v: u8,
    /// Id.
    i: ConversationId,
    /// Expiry.
    e: i64,
    /// Realm.
    r: String,
    /// Audience.
    a: String,
    /// Requested lifetime.
    l: Option<std::time::Duration>,
    /// Fields and labels that the client supports.
    n: Negotiation,
    /// Account whose password is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Account>,
}
