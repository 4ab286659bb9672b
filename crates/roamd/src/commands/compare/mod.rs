//! `roamd compare`.

mod item;
mod json;
mod pairing;
mod row;
mod shown;
mod side;

use std::path::PathBuf;

use clap::Args;
use roamd_store_client::{Credentials, StoreUrl};

use self::json::{CompareJson, RowJson, StoreJson};
use self::pairing::pair;
use self::row::{CompareField, CompareRow, Outcome};
use self::shown::Shown;
use self::side::Side;
use super::listing::ListArgs;
use super::password::read_password;
use super::store::{
    AccountVariables, host_name, parse_client_name, parse_name, warn_of_plain_http,
};
use crate::exit_code::{Exit, UsageError};
use crate::output;
use crate::runtime::block_on;

/// Compares what two stores show to a user: applications, desktops, and sessions to reconnect to.
///
/// For a move from one store to another, such as from StoreFront to roamd. The user has the same
/// password at both stores. Only disconnected sessions are listed, so that no farm disconnects one.
/// Exit code 0 if all is equal, 5 if not, and 4 if farms are missing from a list.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd compare --store a.example.net --store b.example.net --user \
                  'LAB\\ada'"
)]
pub(crate) struct CompareCommand {
    /// Address of a store, as for `roamd sessions list`; twice.
    #[arg(long = "store", value_name = "URL", required = true)]
    stores: Vec<StoreUrl>,
    /// User: 'DOMAIN\name' or name@domain. The password is read from ROAMD_PASSWORD, or asked for
    /// on a terminal. [env: ROAMD_USER]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    user: Option<String>,
    /// Read the password from the first line of standard input, not from ROAMD_PASSWORD.
    #[arg(long)]
    password_stdin: bool,
    /// Certificate authorities of both stores, in PEM, instead of those of the system.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Name of this client [default: the host name].
    #[arg(long, value_name = "NAME", value_parser = parse_client_name)]
    client_name: Option<String>,
    #[command(flatten)]
    list: ListArgs<CompareField>,
}

impl CompareCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let [first, second] = &self.stores[..] else {
            return Err(UsageError("a comparison needs --store <URL> twice".to_owned()).into());
        };
        let user = match &self.user {
            Some(user) => Some(user.clone()),
            None => AccountVariables::read()?.user,
        };
        let user = user.ok_or_else(|| {
            UsageError(
                "--user is missing; name the account, such as --user 'EXAMPLE\\ada'".to_owned(),
            )
        })?;
        [first, second].into_iter().for_each(warn_of_plain_http);
        let credentials = Credentials {
            password: read_password(self.password_stdin, &user)?,
            user_name: user,
        };
        let side = |store| Side::new(store, credentials.clone(), self.ca_file.as_deref());
        let (mut first, mut second) = (side(first)?, side(second)?);
        block_on(async {
            let shown = self.ask(&mut first, &mut second).await;
            tokio::join!(first.sign_out(), second.sign_out());
            let (first, second) = shown?;
            self.print(first, second)
        })
    }

    /// Asks both stores.
    ///
    /// # Errors
    /// If one of them cannot be reached, or refuses the user.
    async fn ask(&self, first: &mut Side, second: &mut Side) -> anyhow::Result<(Shown, Shown)> {
        // One after the other: a wrong password must count once, or it locks the account.
        first.sign_in().await?;
        second.sign_in().await?;
        let client_name = self.client_name.clone().unwrap_or_else(host_name);
        tokio::try_join!(first.shown(&client_name), second.shown(&client_name))
    }

    fn print(&self, first: Shown, second: Shown) -> anyhow::Result<Exit> {
        let stores = [&first, &second].map(StoreJson::from);
        let is_complete = stores.iter().all(StoreJson::is_complete);
        let mut rows: Vec<_> = pair(first.items, second.items)
            .into_iter()
            .map(CompareRow::from)
            .collect();
        let is_equal = rows.iter().all(|row| row.outcome == Outcome::Equal);
        let counts = [
            Outcome::Equal,
            Outcome::Different,
            Outcome::OnlyFirst,
            Outcome::OnlySecond,
        ]
        .map(|outcome| rows.iter().filter(|row| row.outcome == outcome).count());
        self.list.select(&mut rows);
        let json = CompareJson {
            equal: is_equal && is_complete,
            stores,
            items: rows.iter().map(RowJson::from).collect(),
        };
        self.list
            .print(&rows, &json, "Neither store shows anything to the user.")?;
        let [equal, different, only_first, only_second] = counts;
        output::print_message(format_args!(
            "{equal} equal, {different} different, {only_first} only at the first store, \
             {only_second} only at the second."
        ));
        if !is_complete {
            output::print_failure(
                "Some farms did not respond, so that the comparison is not complete; try again.",
            );
            return Ok(Exit::Partial);
        }
        Ok(match is_equal {
            true => Exit::Done,
            false => Exit::Different,
        })
    }
}
