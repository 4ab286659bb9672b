//! The part of an ICA file that a session host reads: the logon ticket (nfuse.md §9).

use secrecy::SecretString;

/// Error of reading the logon ticket of an ICA file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IcaFileError {
    /// There is no `LogonTicket=` line with a value.
    #[error("the ICA file has no LogonTicket")]
    NoTicket,
    /// There are several different values.
    #[error("the ICA file has several different LogonTickets")]
    SeveralTickets,
    /// `LogonTicketType` is not `CTXS1`, the only type that an embedded farm issues.
    #[error("the ICA file has a LogonTicketType other than CTXS1")]
    WrongTicketType,
}

/// Finds the logon ticket of an ICA file. Keys are compared without case; comments, blank lines and
/// unknown keys are skipped.
pub(crate) fn logon_ticket(file: &str) -> Result<SecretString, IcaFileError> {
    let mut ticket = None;
    for line in file.trim_start_matches('\u{feff}').lines() {
        if line.starts_with([';', '#']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if key.eq_ignore_ascii_case("LogonTicketType") && !value.eq_ignore_ascii_case("CTXS1") {
            return Err(IcaFileError::WrongTicketType);
        }
        if key.eq_ignore_ascii_case("LogonTicket") && !value.is_empty() {
            match ticket {
                Some(other) if other != value => return Err(IcaFileError::SeveralTickets),
                _ => ticket = Some(value),
            }
        }
    }
    ticket.map(SecretString::from).ok_or(IcaFileError::NoTicket)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn logon_ticket_is_found_in_any_section() {
        for (file, expected) in [
            (
                "[Word]\r\nLogonTicket=0F1E\r\nLogonTicketType=CTXS1\r\n",
                Ok("0F1E"),
            ),
            ("\u{feff}[Word]\nlogonticket = 0F1E\n", Ok("0F1E")),
            ("[A]\nLogonTicket=0F1E\n[B]\nLogonTicket=0F1E\n", Ok("0F1E")),
            (";LogonTicket=AAAA\nLogonTicket=0F1E", Ok("0F1E")),
            (
                "[A]\nLogonTicket=0F1E\n[B]\nLogonTicket=AAAA\n",
                Err(IcaFileError::SeveralTickets),
            ),
            (
                "LogonTicket=0F1E\nLogonTicketType=CTXS2",
                Err(IcaFileError::WrongTicketType),
            ),
            ("LogonTicket=\n", Err(IcaFileError::NoTicket)),
            ("not an ICA file", Err(IcaFileError::NoTicket)),
            ("", Err(IcaFileError::NoTicket)),
        ] {
            let found = logon_ticket(file).map(|ticket| ticket.expose_secret().to_owned());
            assert_eq!(found.as_deref(), expected.as_ref().copied(), "{file:?}");
        }
    }
}
