//! The manual page of a command.

use std::io;

use clap_mangen::Man;
use roff::{Inline, Roff, bold};

use super::sections::{Rows, add_see_also, add_terms};

/// Exit codes, as in `Exit`.
const EXIT_STATUS: Rows = &[
    ("0", "Everything was done."),
    ("1", "The command failed, or the user did not confirm it."),
    ("2", "The arguments or the configuration are wrong."),
    ("3", "The user is not signed in, or not allowed to do this."),
    (
        "4",
        "Partly done, for example because some farms did not respond.",
    ),
    ("5", "A comparison found differences."),
];

const LOG_VARIABLE: Rows = &[(
    "ROAMD_LOG",
    "Log filter, such as warn or roamd_server=debug,info. The default is info.",
)];

/// Variables of the commands for backups.
const BACKUP_VARIABLES: Rows = &[(
    "ROAMD_PASSPHRASE",
    "Passphrase of the backup. Without it and --passphrase-stdin, a terminal is asked.",
)];

/// Variables of the commands that are clients of a store.
const STORE_VARIABLES: Rows = &[
    (
        "ROAMD_STORE",
        "Address of the store; the default of --store.",
    ),
    ("ROAMD_USER", "User to sign in; the default of --user."),
    (
        "ROAMD_PASSWORD",
        "Password of the user, if a store and a user are named. --password-stdin wins over it, \
         and it wins over a sign-in of roamd login. Without any of them, a terminal is asked.",
    ),
    (
        "ROAMD_OPEN",
        "Program that --open starts with each ICA file. The default is xdg-open.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "Certificates of trusted authorities in PEM, instead of those of the system.",
    ),
];

const STORE_FILES: Rows = &[
    (
        "$XDG_CONFIG_HOME/roamd/profiles.json",
        "Profiles of roamd login: store, user and certificate authorities. The folder is \
         ~/.config by default.",
    ),
    (
        "$XDG_STATE_HOME/roamd/sign-ins/PROFILE.json",
        "Token of a profile, readable by its owner only. The folder is ~/.local/state by default.",
    ),
    (
        "RESOURCE-*.ica",
        "ICA files in the folder of --output, readable by their owner only. Each works once and \
         for a short time.",
    ),
];

const SERVER_FILES: Rows = &[
    (
        "/etc/roamd/roamd.toml",
        "Configuration of the systemd unit; other places are given with --config. See \
         roamd.toml(5).",
    ),
    (
        "/var/lib/roamd/",
        "Data folder, data_dir of the configuration: keys, state.db, state.key, revocations, \
         audit.jsonl, and control.sock while the server runs.",
    ),
];

/// Renders the page of a command that was built with its root.
///
/// # Errors
/// Never; writing to memory cannot fail.
pub(super) fn render(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command.clone()).source(concat!("roamd ", env!("CARGO_PKG_VERSION")));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let full_name = command.get_display_name().unwrap_or(command.get_name());
    let noun = full_name.split('-').nth(1);
    let (variables, files): (&[Rows], &[Rows]) = match noun {
        None => (
            &[STORE_VARIABLES, BACKUP_VARIABLES, LOG_VARIABLE],
            &[SERVER_FILES, STORE_FILES],
        ),
        Some("sessions" | "apps" | "login" | "logout" | "token" | "profiles" | "compare") => {
            (&[STORE_VARIABLES, LOG_VARIABLE], &[STORE_FILES])
        }
        Some("backup" | "restore") => (&[BACKUP_VARIABLES, LOG_VARIABLE], &[SERVER_FILES]),
        Some(_) => (&[LOG_VARIABLE], &[SERVER_FILES]),
    };
    let mut roff = Roff::new();
    add_terms(&mut roff, "ENVIRONMENT", variables);
    add_terms(&mut roff, "FILES", files);
    add_terms(&mut roff, "EXIT STATUS", &[EXIT_STATUS]);
    examples(&mut roff, command);
    add_see_also(&mut roff, &[("roamd", 1), ("roamd.toml", 5)]);
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// Adds the examples of the help, which are lines after a heading.
fn examples(roff: &mut Roff, command: &clap::Command) {
    let help = command.get_after_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    roff.control("SH", ["EXAMPLES"]);
    for example in help.lines().skip(1) {
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        let words: [Inline; 1] = [bold(example.trim())];
        roff.text(words);
        roff.control("RE", []);
    }
}
