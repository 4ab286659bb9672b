//! What a disconnect or logoff on several farms says (SS-50).

use roamd_sessions::{Busy, EndOutcome, FarmError, FarmId, FarmResult, merge_end};
use roamd_store_proto::SessionStatus::{Failure, Partial, Success};

use crate::scripted::down;

#[test]
fn success_needs_every_farm_and_failure_needs_none() {
    let (good, bad, busy) = (Ok(()), Err(down()), Err(FarmError::Busy));
    let table = [
        (vec![], Ok(Success)),
        (vec![&good], Ok(Success)),
        (vec![&bad], Ok(Failure)),
        (vec![&good, &good], Ok(Success)),
        (vec![&good, &bad], Ok(Partial)),
        (vec![&bad, &good], Ok(Partial)),
        (vec![&bad, &bad], Ok(Failure)),
        (vec![&good, &bad, &good], Ok(Partial)),
        (vec![&good, &busy], Ok(Partial)),
        // One may have done it: this must not be made again unseen.
        (vec![&busy, &bad], Ok(Failure)),
        (vec![&busy], Err(Busy)),
        (vec![&busy, &busy], Err(Busy)),
    ];
    for (answers, expected) in table {
        let farms: Vec<_> = (0..)
            .zip(answers)
            .map(|(number, result)| FarmResult {
                farm: FarmId::new(format!("F{number}")),
                result: result.clone(),
            })
            .collect();
        let expected = expected.map(|status| EndOutcome {
            status,
            farms: farms.clone(),
        });
        assert_eq!(merge_end(farms), expected);
    }
}
