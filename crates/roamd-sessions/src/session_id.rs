//! Session ids: farm and session, sealed and bound to the user (SS-5, SS-13).

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use roamd_seal::{KeyRing, Purpose};

use crate::{FarmId, SessionKey, UserKey};

/// The id does not identify a session of this user: it is forged, belongs to another user, or its
/// key is gone. It does not say which of these, on purpose (SS-54).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session id is unknown")]
pub struct UnknownSession;

/// Seals and opens session ids.
#[derive(Debug, Clone)]
pub struct SessionIds {
    keys: Arc<KeyRing>,
}

const PURPOSE: Purpose = Purpose::new("session-id");

/// Longest id that is decoded, in characters: well above what [`SessionIds::seal`] makes.
const ID_CHARACTERS: usize = 4096;

impl SessionIds {
    /// Seals and opens ids with these keys.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    /// Seals the id of a session for this user. Sealing is deterministic: a session keeps its id as
    /// long as it exists and the keys are not rotated.
    #[must_use]
    pub fn seal(&self, user: &UserKey, farm: &FarmId, session: &SessionKey) -> String {
        let fields = [
            farm.as_str(),
            session.host_kind.as_deref().unwrap_or(""),
            &session.host_id,
            &session.session_id,
            &session.in_name,
        ];
        // An absent host kind differs from an empty one: the farm gets back what it sent.
        let length = 1 + fields.iter().map(|field| 4 + field.len()).sum::<usize>();
        let mut plain = Vec::with_capacity(length);
        plain.push(u8::from(session.host_kind.is_some()));
        for field in fields {
            plain.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
            plain.extend_from_slice(field.as_bytes());
        }
        let sealed = self
            .keys
            .seal_deterministic(PURPOSE, user.as_str().as_bytes(), &plain);
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// Opens an id that this user sent.
    ///
    /// # Errors
    /// [`UnknownSession`] if the id does not identify a session of this user.
    pub fn open(&self, user: &UserKey, id: &str) -> Result<(FarmId, SessionKey), UnknownSession> {
        if id.len() > ID_CHARACTERS {
            return Err(UnknownSession);
        }
        let sealed = BASE64URL_NOPAD
            .decode(id.as_bytes())
            .map_err(|_| UnknownSession)?;
        let plain = self
            .keys
            .open(PURPOSE, user.as_str().as_bytes(), &sealed)
            .map_err(|_| UnknownSession)?;
        let (kind_sent, mut rest) = plain.split_first().ok_or(UnknownSession)?;
        let mut field = || take(&mut rest).ok_or(UnknownSession);
        let farm = FarmId::new(field()?);
        let host_kind = field()?;
        Ok((
            farm,
            SessionKey {
                host_kind: (*kind_sent == 1).then_some(host_kind),
                host_id: field()?,
                session_id: field()?,
                in_name: field()?,
            },
        ))
    }
}

/// Removes one field, a length of four bytes and a text, from the front. Returns `None` if the
/// bytes do not begin with one.
fn take(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (text, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}
