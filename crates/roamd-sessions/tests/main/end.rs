//! Merge of a disconnect or log-off on several farms (SS-50).

use roamd_sessions::{Busy, EndOutcome, FarmError, FarmId, FarmResult, Refusal, merge_end};
use roamd_store_proto::SessionStatus::{Failure, Partial, Success};

use crate::scripted::down;

#[test]
fn account_is_refused_if_no_farm_confirmed() {
    // CA-12
    let refused = |refusal: Refusal| Err(FarmError::Refused(refusal.into()));
    let bad = &refused(Refusal::Credentials);
    let locked = &refused(Refusal::Account);
    let (good, lost, other) = (&Ok(()), &Err(down()), &refused(Refusal::Other));
    for (results, expected) in [
        (vec![], false),
        (vec![bad], true),
        (vec![bad, locked], true),
        (vec![bad, lost], true),
        (vec![bad, good], false),
        (vec![lost, other], false),
        (vec![good], false),
    ] {
        let farms = results.iter().map(|result| FarmResult {
            farm: FarmId::new("F"),
            result: (*result).clone(),
        });
        let outcome = merge_end(farms.collect()).unwrap();
        assert_eq!(outcome.is_account_refused(), expected, "{results:?}");
    }
}

#[test]
fn end_status_follows_number_of_confirming_farms() {
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
        // The failed farm may have ended sessions, so the client must not repeat the request.
        (vec![&busy, &bad], Ok(Failure)),
        (vec![&busy], Err(Busy)),
        (vec![&busy, &busy], Err(Busy)),
    ];
    for (results, expected) in table {
        let farms: Vec<_> = (0..)
            .zip(results)
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
