//! Parts of transactions.

use roamd_etcd_client::messages::{
    Compare, CompareTarget, DeleteRangeRequest, Expected, Operation, PutRequest, RangeRequest,
    RequestOp,
};

/// Returns the condition that the last change of a key has this revision; 0 means that the key does
/// not exist.
pub(super) fn is_at(key: Vec<u8>, revision: i64) -> Compare {
    let (target, expected) = if revision == 0 {
        (CompareTarget::Create, Expected::CreateRevision(0))
    } else {
        (CompareTarget::Mod, Expected::ModRevision(revision))
    };
    Compare {
        target: target.into(),
        key,
        expected: Some(expected),
    }
}

/// Returns the operation that writes a key.
pub(super) fn put(request: PutRequest) -> RequestOp {
    RequestOp {
        operation: Some(Operation::Put(request)),
    }
}

/// Returns the operation that reads a key.
pub(super) fn get(key: Vec<u8>) -> RequestOp {
    get_range((key, Vec::new()))
}

/// Returns the operation that removes a key.
pub(super) fn delete(key: Vec<u8>) -> RequestOp {
    RequestOp {
        operation: Some(Operation::Delete(DeleteRangeRequest { key })),
    }
}

/// Returns the operation that reads the keys from a first one up to the end of their range.
pub(super) fn get_range((key, range_end): (Vec<u8>, Vec<u8>)) -> RequestOp {
    let request = RangeRequest {
        key,
        range_end,
        ..RangeRequest::default()
    };
    RequestOp {
        operation: Some(Operation::Range(request)),
    }
}
