//! The state of a conversation, sealed into what the client brings back.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, Encoding};
use jiff::Timestamp;
use rand_core::CryptoRng;
use roamd_seal::{KeyRing, Purpose};
use roamd_store_proto::Lifetime;
use serde::{Deserialize, Serialize};

use super::change::Account;
use super::{Conversation, Negotiation};
use crate::{Realm, Service};

/// Id of a conversation: random, and the same in its cookie and in all of its state contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConversationId([u8; 16]);

/// What carries the state. Each holds all of it, since a client may bring back only one. Neither
/// can stand in for the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Carrier {
    /// The cookie: letters and digits (CA-48).
    Cookie,
    /// `StateContext`: letters, digits, `-` and `_` (CA-47).
    StateContext,
}

impl ConversationId {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
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

    /// Seals the state; each call gives another text.
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

    /// Opens a state; `None` when it was not sealed here.
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

/// What is sealed. The names are short since it travels in a header.
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
    /// What the client can show.
    n: Negotiation,
    /// Whose password has to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Account>,
}
