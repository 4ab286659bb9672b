//! Length of client names.

use std::num::NonZeroUsize;

use roamd_store_proto::{LaunchParams, SessionParams};

/// Maximum length of the client names that farms and ICA files get.
///
/// NFuse has names of at most 20 characters (nfuse.md §3.1), and hosts know a client by such a
/// name. Every request of a client has to be cut alike, or its sessions are not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientNameLength(Option<NonZeroUsize>);

impl ClientNameLength {
    /// This number of characters; 0 for names of any length.
    #[must_use]
    pub const fn new(characters: usize) -> Self {
        Self(NonZeroUsize::new(characters))
    }

    /// Cuts the client name of a request on sessions.
    #[must_use]
    pub fn cut_session_params(self, mut params: SessionParams) -> SessionParams {
        self.cut(&mut params.client_name);
        params
    }

    /// Cuts the client name of a launch.
    #[must_use]
    pub fn cut_launch_params(self, mut params: LaunchParams) -> LaunchParams {
        if let Some(name) = &mut params.client_name {
            self.cut(name);
        }
        params
    }

    /// A name does not end with a blank.
    fn cut(self, name: &mut String) {
        let Self(Some(length)) = self else { return };
        if let Some((end, _)) = name.char_indices().nth(length.get()) {
            name.truncate(end);
            name.truncate(name.trim_end().len());
        }
    }
}

impl Default for ClientNameLength {
    fn default() -> Self {
        Self::new(20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_name_is_cut_at_characters() {
        let whole = "WORKSTATION-0123456789";
        for (length, name, expected) in [
            (20, whole, "WORKSTATION-01234567"),
            (20, "WORKSTATION-01234567", "WORKSTATION-01234567"),
            (20, "DESK-B", "DESK-B"),
            (3, "BÜRO", "BÜR"),
            (3, "💻💻💻💻", "💻💻💻"),
            (5, "DESK 1", "DESK"),
            (0, whole, whole),
        ] {
            let length = ClientNameLength::new(length);
            let session = length.cut_session_params(SessionParams::new(name));
            assert_eq!(session.client_name, expected);
            let launch = length.cut_launch_params(LaunchParams {
                client_name: Some(name.to_owned()),
                ..LaunchParams::default()
            });
            assert_eq!(launch.client_name.as_deref(), Some(expected));
        }
        assert_eq!(ClientNameLength::default(), ClientNameLength::new(20));
    }
}
