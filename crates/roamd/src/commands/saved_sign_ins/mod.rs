//! Saved sign-ins: the stores and users of `roamd login`, each a profile with a token.
//!
//! A profile is in the configuration folder of the user. Its sign-in, which has a token and never a
//! password, is a file of its own in the state folder.

mod client;
mod folders;
mod list;
mod lock;
mod name;
mod sign_in_file;
mod sign_out;

pub(super) use self::client::SignInKeeper;
pub(super) use self::list::{Profile, Profiles};
pub(super) use self::lock::lock;
pub(super) use self::name::ProfileName;
pub(super) use self::sign_in_file::{Acceptance, SavedSignIn, SignInFile};
pub(super) use self::sign_out::sign_out;
