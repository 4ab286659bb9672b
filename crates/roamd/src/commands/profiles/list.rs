//! `roamd profiles list`.

use std::path::Path;

use clap::Args;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::profile_row::{ProfileField, ProfileRow, SignInState};
use crate::commands::listing::ListArgs;
use crate::commands::saved_sign_ins::{Acceptance, Profiles};
use crate::exit_code::Exit;
use crate::output;

/// Lists the saved sign-ins: store, user, since when, and what is known of the sign-in.
///
/// Commands use the current profile, which was signed in last, unless --profile, --store or
/// --user selects another one. The list shows no token, and asks no store without --check: a
/// sign-in is "not checked" until then, or "ended" if its store has refused it to a command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd profiles list\n  roamd profiles list --check --json")]
pub(super) struct ListProfiles {
    #[command(flatten)]
    list: ListArgs<ProfileField>,
    /// Ask each store whether it still accepts the sign-in. Exit code 4 if one does not answer.
    #[arg(long)]
    check: bool,
}

impl ListProfiles {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let profiles = Profiles::read()?;
        let now = Timestamp::now();
        let rows = profiles.iter().enumerate();
        let rows = rows.map(|(index, profile)| ProfileRow::of(profile, index == 0, now));
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        if self.check {
            rows = join_all(rows.into_iter().map(checked)).await;
        }
        let is_unknown = |row: &ProfileRow| row.state == SignInState::Unknown;
        let exit = match rows.iter().any(is_unknown) {
            true => Exit::Partial,
            false => Exit::Done,
        };
        self.list.select(&mut rows);
        let json: Vec<_> = rows.iter().map(ProfileJson::from).collect();
        let none = "No saved sign-ins; run `roamd login --store URL`.";
        self.list.print(&rows, &json, none)?;
        Ok(exit)
    }
}

/// Asks the store for a token, which needs a sign-in that has not ended.
async fn checked(mut row: ProfileRow) -> ProfileRow {
    if !matches!(row.state, SignInState::NotChecked | SignInState::Ended) {
        return row;
    }
    let profile = &row.profile;
    let answer = async {
        let mut client = profile.client(None).await?;
        match client.token().await {
            Ok(_) => profile.note(&client, Acceptance::NotRefused).await,
            Err(error) => Err(profile.explain(error.into(), &client).await),
        }
    };
    match answer.await {
        Ok(()) => {
            // The client may have refreshed the sign-in.
            let now = ProfileRow::of(profile, row.is_current, Timestamp::now());
            ProfileRow {
                state: SignInState::SignedIn,
                ..now.unwrap_or(row)
            }
        }
        Err(error) if Exit::from(&error) == Exit::Refused => {
            row.state = SignInState::Ended;
            row
        }
        Err(error) => {
            output::print_failure(format_args!("{}: {error:#}", row.profile.name));
            row.state = SignInState::Unknown;
            row
        }
    }
}

/// A profile as JSON.
#[derive(Serialize)]
struct ProfileJson<'r> {
    name: &'r str,
    store: &'r str,
    user: &'r str,
    current: bool,
    state: SignInState,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    ca_file: Option<&'r Path>,
}

impl<'r> From<&'r ProfileRow> for ProfileJson<'r> {
    fn from(row: &'r ProfileRow) -> Self {
        let profile = &row.profile;
        Self {
            name: profile.name.as_str(),
            store: profile.store.most_likely().as_str(),
            user: &profile.user,
            current: row.is_current,
            state: row.state,
            since: row.since(),
            until: row.until(),
            ca_file: profile.ca_file.as_deref(),
        }
    }
}
