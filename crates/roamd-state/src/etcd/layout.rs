//! Names of the keys and text of the values in etcd.
//!
//! ```text
//! PREFIX about                           format, sealed digest key
//! PREFIX flags/KIND/DIGEST               expiry, nonce of the first writer
//! PREFIX counts/KIND/DIGEST/SERVER       count, expiry, last writer
//! PREFIX servers/SERVER                  time of day, time of its heartbeat, age of its copy,
//!                                        revision of its copy, whether its clock is wrong,
//!                                        version, name
//! ```
//! Times are in milliseconds: times of day since 1970 (UTC), and heartbeats since the start of
//! their server.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

use super::server_id::ServerId;
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::flag::FlagKind;

/// Version of the names and values.
pub(super) const FORMAT: u32 = 1;

/// Folder of the heartbeats.
pub(super) const SERVERS: &str = "servers/";

/// Name of an entry below the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Flag(FlagKind, Digest),
    Share(CounterKind, Digest, ServerId),
    Server(ServerId),
}

/// Value of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlagValue {
    pub(super) until: Timestamp,
    /// Random number of the write that set the flag first. A server recognises by it that an
    /// earlier write of its own, whose response was lost, has set the flag.
    pub(super) nonce: u64,
}

/// Value of a server's share of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShareValue {
    pub(super) count: u32,
    pub(super) until: Timestamp,
    /// The server that wrote the value. Others than the owner only decrement it or extend it.
    pub(super) writer: ServerId,
}

/// Value of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beat {
    /// Time of day of the server.
    pub(super) now: Timestamp,
    /// Milliseconds since the start of the server.
    pub(super) sent: u64,
    /// Age of its copy, in milliseconds.
    pub(super) age: u64,
    /// Revision of the newest change in its copy, which has all older ones.
    pub(super) revision: i64,
    /// Whether it refuses requests because its clock is wrong.
    pub(super) has_wrong_clock: bool,
    /// Its version, without a space.
    pub(super) version: String,
    /// Its name for operators.
    pub(super) name: String,
}

impl Key {
    pub(super) fn name(self) -> String {
        match self {
            Self::Flag(kind, digest) => {
                format!("flags/{}/{}", kind.stored_name(), text_of(digest))
            }
            Self::Share(kind, digest, server) => {
                format!("{}{server}", shares_folder(kind, digest))
            }
            Self::Server(server) => format!("{SERVERS}{server}"),
        }
    }

    /// Reads a name. Returns `None` if it is another one, as that of a newer version may be.
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(name).ok()?.split('/');
        let key = match parts.next()? {
            "flags" => {
                let name = parts.next()?;
                let mut kinds = FlagKind::ALL.into_iter();
                let kind = kinds.find(|kind| kind.stored_name() == name)?;
                Self::Flag(kind, digest_of(parts.next()?)?)
            }
            "counts" => {
                let name = parts.next()?;
                let mut kinds = CounterKind::ALL.into_iter();
                let kind = kinds.find(|kind| kind.stored_name() == name)?;
                let digest = digest_of(parts.next()?)?;
                Self::Share(kind, digest, ServerId::parse(parts.next()?)?)
            }
            "servers" => Self::Server(ServerId::parse(parts.next()?)?),
            _ => return None,
        };
        parts.next().is_none().then_some(key)
    }
}

impl FlagValue {
    pub(super) fn to_text(self) -> String {
        format!("{} {:016x}", self.until.as_millisecond(), self.nonce)
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (until, nonce) = std::str::from_utf8(text).ok()?.split_once(' ')?;
        Some(Self {
            until: time_of(until)?,
            nonce: u64::from_str_radix(nonce, 16).ok()?,
        })
    }
}

impl ShareValue {
    pub(super) fn to_text(self) -> String {
        let until = self.until.as_millisecond();
        format!("{} {until} {}", self.count, self.writer)
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(text).ok()?.splitn(3, ' ');
        Some(Self {
            count: parts.next()?.parse().ok()?,
            until: time_of(parts.next()?)?,
            writer: ServerId::parse(parts.next()?)?,
        })
    }
}

impl Beat {
    pub(super) fn to_text(&self) -> String {
        let now = self.now.as_millisecond();
        let Self {
            sent,
            age,
            revision,
            version,
            name,
            ..
        } = self;
        let wrong = u8::from(self.has_wrong_clock);
        format!("{now} {sent} {age} {revision} {wrong} {version} {name}")
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(text).ok()?.splitn(7, ' ');
        Some(Self {
            now: time_of(parts.next()?)?,
            sent: parts.next()?.parse().ok()?,
            age: parts.next()?.parse().ok()?,
            revision: parts.next()?.parse().ok()?,
            has_wrong_clock: parts.next()? != "0",
            version: parts.next()?.to_owned(),
            name: parts.next()?.to_owned(),
        })
    }
}

/// Returns the name of the folder of all shares of a counter.
pub(super) fn shares_folder(kind: CounterKind, digest: Digest) -> String {
    format!("counts/{}/{}/", kind.stored_name(), text_of(digest))
}

fn time_of(text: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(text.parse().ok()?).ok()
}

fn text_of(digest: Digest) -> String {
    BASE64URL_NOPAD.encode(digest.as_bytes())
}

fn digest_of(text: &str) -> Option<Digest> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok().map(Digest::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_names_and_values_are_read_back() {
        let server = ServerId::parse("0123456789abcdef").unwrap();
        let digest = Digest::of(b"a key");
        let flags = FlagKind::ALL.map(|kind| Key::Flag(kind, digest));
        let shares = CounterKind::ALL.map(|kind| Key::Share(kind, digest, server));
        for key in flags.into_iter().chain(shares).chain([Key::Server(server)]) {
            assert_eq!(Key::parse(key.name().as_bytes()), Some(key));
        }
        let until = Timestamp::from_millisecond(4_000_000_000_123).unwrap();
        let flag = FlagValue { until, nonce: 7 };
        assert_eq!(FlagValue::parse(flag.to_text().as_bytes()), Some(flag));
        let share = ShareValue {
            count: 3,
            until,
            writer: server,
        };
        assert_eq!(ShareValue::parse(share.to_text().as_bytes()), Some(share));
        let beat = Beat {
            now: until,
            sent: 5,
            age: 7,
            revision: 9,
            has_wrong_clock: true,
            version: "0.1.0".to_owned(),
            name: "a host, 192.0.2.1:8080".to_owned(),
        };
        assert_eq!(Beat::parse(beat.to_text().as_bytes()), Some(beat));
    }

    #[test]
    fn foreign_names_and_values_are_ignored() {
        let digest = text_of(Digest::of(b"a key"));
        for name in [
            "".to_owned(),
            "about".to_owned(),
            "flags/revoked-token".to_owned(),
            "flags/revoked-token/short".to_owned(),
            format!("flags/of-a-newer-version/{digest}"),
            format!("flags/revoked-token/{digest}/more"),
            format!("counts/attempts-at-place/{digest}/no-server"),
            format!("counts/attempts-at-place/{digest}"),
        ] {
            assert_eq!(Key::parse(name.as_bytes()), None, "{name}");
        }
        assert_eq!(Key::parse(b"servers/\xff"), None);
        for value in [
            &b""[..],
            b"1",
            b"x 0",
            b"1 x",
            b"99999999999999999999 0",
            b"\xff",
        ] {
            assert_eq!(FlagValue::parse(value), None);
            assert_eq!(ShareValue::parse(value), None);
            assert_eq!(Beat::parse(value), None);
        }
    }
}
