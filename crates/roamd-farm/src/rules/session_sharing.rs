//! Session sharing: a second application joins a running session if both need the same session
//! settings.
//!
//! Older clients compose the key themselves, of colour depth, encryption, domain, user and farm
//! (nfuse.md §9); since 5.8 the farm computes it from the session settings (§5.4). The embedded
//! farm computes it for every generation, and takes the user from the proven identity, not from the
//! settings.

use data_encoding::BASE64URL_NOPAD;
use roamd_nfuse_proto::SessionSettings;
use sha2::{Digest, Sha256};

use crate::model::client_identity::ClientIdentity;
use crate::model::host::HostRow;
use crate::model::session::{SessionRow, SessionState, SharingKey};

/// Settings that are part of the key.
const SHARED: [&str; 5] = [
    "ColorDepth",
    "EncryptionLevel",
    "SpecialFolderRedirection",
    "VirtualCOMPortEmulation",
    "DisplaySize",
];

impl SharingKey {
    /// Computes the key of a launch. Returns `None` if the settings disable sharing. A missing
    /// setting counts as empty.
    pub(crate) fn compute(
        farm: &str,
        sid: &str,
        settings: Option<&SessionSettings>,
    ) -> Option<Self> {
        let setting = |name: &str| {
            let mut settings = settings.iter().flat_map(|settings| &settings.0);
            let found = settings.find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.map_or_else(String::new, |(_, value)| value.to_ascii_lowercase())
        };
        if setting("TWIDisableSessionSharing") == "on" || setting("EnableSessionSharing") == "off" {
            return None;
        }
        let parts = (farm, sid, SHARED.map(setting));
        let digest = Sha256::digest(format!("{parts:?}"));
        // About the length of real keys, and long enough for the sessions of one user.
        let digest = BASE64URL_NOPAD.encode(digest.get(..9)?);
        Some(Self(format!("-{digest}")))
    }
}

/// Finds the session that a launch joins: an active session with the same key and client, on a host
/// of the application. Hosts in maintenance share no sessions, like servers that prohibit logons.
pub(crate) fn find_shared_session<'a>(
    key: &SharingKey,
    client: &ClientIdentity,
    hosts: &'a [HostRow],
    sessions: &'a [SessionRow],
) -> Option<(&'a SessionRow, &'a HostRow)> {
    sessions.iter().find_map(|session| {
        let fits = session.state == SessionState::Active
            && session.sharing_key.as_ref() == Some(key)
            && session.client.matches(client);
        let host = hosts
            .iter()
            .find(|host| host.id == session.host_id && !host.maintenance)?;
        fits.then_some((session, host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(settings: &[(&str, &str)]) -> Option<SharingKey> {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings = SessionSettings(settings.iter().map(text).collect());
        SharingKey::compute("CVAD", "S-1-5-21-1-2-3-1101", Some(&settings))
    }

    #[test]
    fn sharing_key_depends_on_relevant_settings_only() {
        let plain = key(&[]).unwrap();
        assert_eq!(
            SharingKey::compute("CVAD", "S-1-5-21-1-2-3-1101", None),
            Some(plain.clone())
        );
        assert_ne!(
            SharingKey::compute("CVAD", "S-1-5-21-1-2-3-1102", None),
            Some(plain.clone())
        );
        assert_ne!(
            SharingKey::compute("XA1", "S-1-5-21-1-2-3-1101", None),
            Some(plain.clone())
        );
        for (settings, same) in [
            (&[("UserName", "bob"), ("FarmName", " ")][..], true),
            (&[("TWIDisableSessionSharing", "Off")], true),
            (&[("EnableSessionSharing", "On")], true),
            (&[("ColorDepth", "24bpp")], false),
            (&[("EncryptionLevel", "basic")], false),
            (&[("SpecialFolderRedirection", "On")], false),
            (&[("VirtualCOMPortEmulation", "On")], false),
            (&[("DisplaySize", "seamless")], false),
        ] {
            assert_eq!(key(settings).unwrap() == plain, same, "{settings:?}");
        }
        assert_eq!(
            key(&[("colordepth", "24BPP")]),
            key(&[("ColorDepth", "24bpp")])
        );
        assert_ne!(
            key(&[("ColorDepth", "x")]),
            key(&[("EncryptionLevel", "x")])
        );
        for off in [
            ("TWIDisableSessionSharing", "On"),
            ("EnableSessionSharing", "off"),
        ] {
            assert_eq!(key(&[("ColorDepth", "24bpp"), off]), None);
        }
    }
}
