//! Clocks that jump (bad-inputs 85).

use roamd_farm::{Error, TicketRefusal};

use crate::requests::{address, ica, session_name, ticket_request};
use crate::support::{Folder, GENERATIONS, at, of};

const YEAR: i64 = 365 * 24 * 3600;

/// A clock change may expire tickets, but must not affect sessions.
#[tokio::test]
async fn clock_jump_expires_tickets_and_keeps_sessions() {
    for generation in GENERATIONS {
        for jump in [YEAR, -YEAR] {
            let folder = Folder::new();
            let session = folder.start(generation, "alice", "Here", None);
            let ticket = async |now| {
                let request = address(session_name(&session), Some(of("alice")));
                let response = folder.ask_at(generation, &request, now).await.unwrap();
                let request = ticket_request("alice", &response.ticket_tag.unwrap(), None);
                folder
                    .ask_at(generation, &request, now)
                    .await
                    .unwrap()
                    .ticket
            };
            let before = ticket(0).await;
            let redeemed = folder.farms.connect(&ica(&before), at(jump));
            if jump > 0 {
                let error = redeemed.unwrap_err();
                assert!(
                    matches!(error, Error::Ticket(TicketRefusal::Expired)),
                    "{error}"
                );
            }
            let after = ticket(jump).await;
            let connected = folder.farms.connect(&ica(&after), at(jump + 1)).unwrap();
            assert_eq!(connected.session_id, session.session_id);
            assert_eq!(folder.states(generation), ["Here@TABLET"], "{jump}");
        }
    }
}
