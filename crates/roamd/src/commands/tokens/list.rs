//! `roamd tokens list`.

use std::io::{BufRead as _, BufReader};

use clap::Args;
use jiff::Timestamp;
use roamd_server::revocations::RevocationFile;

use super::sign_ins::{SignIn, SignIns};
use crate::commands::account::{Account, parse_account};
use crate::commands::audit_files::{open, rotated_files};
use crate::commands::cells::or_dash;
use crate::commands::config_file::ConfigFile;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Lists the sign-ins of a user that have not ended.
///
/// The server stores no tokens, so this reads the audit log: since when and from where the user is
/// signed in, and until when. It shows no token. A farm that refuses the password ends a sign-in
/// earlier.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  roamd tokens list --user 'EXAMPLE\\ada' --config /etc/roamd.toml"
)]
pub(super) struct ListTokens {
    /// Account as DOMAIN\name, as the audit log names it.
    #[arg(long, value_name = "DOMAIN\\NAME", value_parser = parse_account)]
    user: Account,
    #[command(flatten)]
    config: ConfigFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl ListTokens {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let config = self.config.read()?;
        let Some(audit) = &config.audit else {
            let text = "the sign-ins of a user are in the audit log only, which is off: `enabled` \
                        of [audit] is false";
            return Err(UsageError(text.to_owned()).into());
        };
        let revocations = RevocationFile::of(&config.data_dir).read()?;
        let mut revoked = revocations.iter().filter(|entry| {
            let account = format!("{}\\{}", entry.domain, entry.name);
            self.user.is(&account)
        });
        let mut sign_ins = SignIns::new(
            &self.user,
            revoked.next().map(|entry| entry.ended),
            Timestamp::now(),
            config.authentication.token_lifetime_max,
        );
        let path = config.data_dir.join(&audit.file);
        for path in rotated_files(&path).iter().chain([&path]) {
            let mut lines = BufReader::new(open(path)?);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line)? > 0 {
                sign_ins.read(&line);
                line.clear();
            }
        }
        for gap in sign_ins.gaps() {
            output::print_message(gap);
        }
        let open: Vec<_> = sign_ins.open().collect();
        if self.json {
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
