//! The key that newer controllers can demand with every request, in the header
//! `X-Citrix-XmlServiceKey`.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderName, HeaderValue, StatusCode};
use roamd_nfuse_proto::transport::{ServiceKey, ServiceKeys};
use secrecy::ExposeSecret;

/// The header of the key.
pub(crate) const SERVICE_KEY: HeaderName = HeaderName::from_static("x-citrix-xmlservicekey");

/// The keys of a farm, and which of them its controllers took last.
#[derive(Debug)]
pub(crate) struct KeyInUse {
    current: HeaderValue,
    next: Option<HeaderValue>,
    uses_next: AtomicBool,
}

impl KeyInUse {
    pub(crate) fn new(keys: &ServiceKeys) -> Self {
        Self {
            current: header_value(&keys.current),
            next: keys.next.as_ref().map(header_value),
            uses_next: AtomicBool::new(false),
        }
    }

    pub(crate) fn key(&self) -> &HeaderValue {
        match &self.next {
            Some(next) if self.uses_next.load(Ordering::Relaxed) => next,
            _ => &self.current,
        }
    }

    /// The key to use from now on, after this one was refused; nothing if there is no other.
    pub(crate) fn other_than(&self, refused: &HeaderValue) -> Option<&HeaderValue> {
        let next = self.next.as_ref()?;
        let was_current = *refused == self.current;
        self.uses_next.store(was_current, Ordering::Relaxed);
        Some(if was_current { next } else { &self.current })
    }
}

/// Whether a controller that answers so may have refused the key.
pub(crate) fn refuses_key(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Returns the key as the value of a header, marked so that no log prints it.
///
/// INVARIANT: a `ServiceKey` is visible ASCII, which fits into a header. If that were violated, the
/// empty key would be refused by the controller.
fn header_value(key: &ServiceKey) -> HeaderValue {
    let mut value =
        HeaderValue::from_str(key.expose_secret()).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_the_key_in_use_hides_it() {
        let keys = ServiceKeys::parse("secret-one\nsecret-two").unwrap();
        assert!(!format!("{:?}", KeyInUse::new(&keys)).contains("secret"));
    }
}
