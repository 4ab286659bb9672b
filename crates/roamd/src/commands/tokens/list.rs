//! `roamd tokens list`.

use clap::Args;
use jiff::Timestamp;
use roamd_server::control::Account;
use roamd_server::revocations::RevocationFile;

use super::sign_ins::{SignIn, SignIns};
use crate::commands::account::{names, parse_account};
use crate::commands::audit_files::read_lines;
use crate::commands::cells::or_dash;
use crate::commands::result_format::ResultFormatArgs;
use crate::commands::running_server::RunningServer;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Lists the sign-ins of a user that have not ended.
///
/// The server stores no tokens, so this reads the audit log: since when and from where the user is
/// signed in, and until when. It shows no token. A farm that refuses the password ends a sign-in
/// earlier.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd tokens list --user 'EXAMPLE\\ada'\n  roamd tokens list --user \
                  'DEMO\\alice' --data world --json"
)]
pub(super) struct ListTokens {
    /// Account as DOMAIN\name, as the audit log names it.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    #[command(flatten)]
    server: RunningServer,
    #[command(flatten)]
    format: ResultFormatArgs,
}

impl ListTokens {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let files = self.server.files()?;
        let Some(audit) = &files.audit else {
            let text = "the sign-ins of a user are in the audit log only, which is off: `enabled` \
                        of [audit] is false";
            return Err(UsageError(text.to_owned()).into());
        };
        let revocations = RevocationFile::of(&files.data_dir).read()?;
        let mut revoked = revocations.iter().filter(|entry| {
            let account = format!("{}\\{}", entry.domain, entry.name);
            names(&account, &self.user)
        });
        let mut sign_ins = SignIns::new(
            &self.user,
            revoked.next().map(|entry| entry.ended),
            Timestamp::now(),
            files.token_lifetime_max()?,
        );
        read_lines(audit, |line| {
            sign_ins.read(line);
            Ok(())
        })?;
        for gap in sign_ins.gaps() {
            output::print_message(gap);
        }
        let open: Vec<_> = sign_ins.open().collect();
        if self.format.is_json() {
            output::print_json(&open)?;
        } else if open.is_empty() {
            output::print_message("No sign-in that has not ended.");
        } else {
            let header = [
                "USER",
                "SINCE",
                "FROM",
                "ALSO USED FROM",
                "UNTIL",
                "AT MOST UNTIL",
            ];
            output::print_table(header, open.into_iter().map(row))?;
        }
        Ok(Exit::Done)
    }
}

fn row(sign_in: &SignIn) -> [String; 6] {
    let used_from: Vec<_> = sign_in.used_from.iter().map(String::as_str).collect();
    let used_from = used_from.join(", ");
    [
        sign_in.user.clone(),
        format!("{:.0}", sign_in.since),
        or_dash(sign_in.address.clone()),
        or_dash((!used_from.is_empty()).then_some(used_from)),
        or_dash(sign_in.until.map(|until| format!("{until:.0}"))),
        format!("{:.0}", sign_in.at_most_until),
    ]
}
