//! A profile as a row of a table.

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use crate::commands::cells::yes_or_no;
use crate::commands::listing::ListField;
use crate::commands::saved_sign_ins::{Acceptance, Profile, SavedSignIn, SignInFile};
use crate::table::Fit;

/// A profile and the state of its sign-in.
#[derive(Debug, Clone)]
pub(super) struct ProfileRow {
    pub(super) profile: Profile,
    /// Whether commands use it unless they name another one.
    pub(super) is_current: bool,
    pub(super) state: SignInState,
    /// `None` if there is no sign-in, or it cannot be read.
    pub(super) sign_in: Option<SavedSignIn>,
}

/// State of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SignInState {
    /// The token has not expired. The store was not asked whether it still accepts it.
    NotChecked,
    /// The store accepts the token.
    SignedIn,
    /// The user has signed out.
    SignedOut,
    /// The token has expired.
    Expired,
    /// The store refuses the token: an operator or another command has ended the sign-in.
    Ended,
    /// The file of the sign-in is damaged, or other users can read it.
    Unusable,
    /// The store was asked, and did not answer.
    Unknown,
}

/// A field of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileField {
    /// yes for the one that commands use
    Current,
    Name,
    Store,
    User,
    /// State of the sign-in
    State,
    /// Time of the sign-in
    Since,
    /// Expiry of the token
    Until,
    /// File of certificate authorities
    #[value(name = "ca-file")]
    CaFile,
}

impl ProfileRow {
    /// Returns the row of a profile, by its file.
    ///
    /// # Errors
    /// If the user has no home folder.
    pub(super) fn of(profile: &Profile, is_current: bool, now: Timestamp) -> anyhow::Result<Self> {
        let file = SignInFile::of(&profile.name)?;
        let (state, sign_in) = match file.read() {
            Ok(saved) => (SignInState::of(&saved, now), Some(saved)),
            Err(_) if file.exists() => (SignInState::Unusable, None),
            Err(_) => (SignInState::SignedOut, None),
        };
        Ok(Self {
            profile: profile.clone(),
            is_current,
            state,
            sign_in,
        })
    }

    /// Returns the time of the sign-in.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.sign_in.as_ref().map(|it| it.since)
    }

    /// Returns the expiry of the token. Commands refresh it before.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.sign_in.as_ref().map(|it| it.sign_in.expiry)
    }
}

impl SignInState {
    /// Returns what is known of a saved sign-in without asking its store.
    fn of(saved: &SavedSignIn, now: Timestamp) -> Self {
        match saved.acceptance {
            _ if saved.sign_in.expiry <= now => Self::Expired,
            Acceptance::Refused => Self::Ended,
            Acceptance::NotRefused => Self::NotChecked,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::NotChecked => "not checked",
            Self::SignedIn => "signed in",
            Self::SignedOut => "signed out",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Unusable => "unusable",
            Self::Unknown => "unknown",
        }
    }
}

impl ListField for ProfileField {
    type Item = ProfileRow;

    const TABLE: &'static [Self] = &[
        Self::Current,
        Self::Name,
        Self::Store,
        Self::User,
        Self::State,
        Self::Since,
    ];

    const WIDE: &'static [Self] = &[
        Self::Current,
        Self::Name,
        Self::Store,
        Self::User,
        Self::State,
        Self::Since,
        Self::Until,
        Self::CaFile,
    ];

    const NAME: Self = Self::Name;

    fn header(self) -> &'static str {
        match self {
            Self::Current => "CURRENT",
            Self::Name => "NAME",
            Self::Store => "STORE",
            Self::User => "USER",
            Self::State => "STATE",
            Self::Since => "SINCE",
            Self::Until => "UNTIL",
            Self::CaFile => "CA FILE",
        }
    }

    fn csv_name(self) -> String {
        match self {
            Self::CaFile => "ca_file".to_owned(),
            _ => self.header().to_lowercase(),
        }
    }

    fn fit(self) -> Fit {
        match self {
            Self::Current | Self::Name | Self::State => Fit::Whole,
            Self::User => Fit::Name,
            Self::Store | Self::Since | Self::Until | Self::CaFile => Fit::Detail,
        }
    }

    fn value(self, row: &ProfileRow) -> String {
        let profile = &row.profile;
        let time = |time: Option<Timestamp>| time.map(|it| format!("{it:.0}"));
        match self {
            Self::Current => yes_or_no(row.is_current),
            Self::Name => profile.name.to_string(),
            Self::Store => profile.store.most_likely().to_string(),
            Self::User => profile.user.clone(),
            Self::State => row.state.as_str().to_owned(),
            Self::Since => time(row.since()).unwrap_or_default(),
            Self::Until => time(row.until()).unwrap_or_default(),
            Self::CaFile => {
                let file = profile.ca_file.as_ref();
                let file = file.map(|file| file.display().to_string());
                file.unwrap_or_default()
            }
        }
    }
}
