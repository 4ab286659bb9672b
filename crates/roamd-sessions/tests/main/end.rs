//! What a disconnect or logoff on several farms says (SS-50).

use roamd_sessions::merge_end;
use roamd_store_proto::SessionStatus::{Failure, Partial, Success};

#[test]
fn success_needs_every_farm_and_failure_needs_none() {
    let table = [
        (vec![], Success),
        (vec![true], Success),
        (vec![false], Failure),
        (vec![true, true], Success),
        (vec![true, false], Partial),
        (vec![false, true], Partial),
        (vec![false, false], Failure),
        (vec![true, false, true], Partial),
    ];
    for (confirmed, expected) in table {
        assert_eq!(
            merge_end(confirmed.iter().copied()),
            expected,
            "{confirmed:?}"
        );
    }
}
