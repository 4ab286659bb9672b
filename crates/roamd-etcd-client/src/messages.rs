//! The messages of etcd's API version 3 that the client uses, with the fields that it uses.
//!
//! Numbers are those of `rpc.proto` and `kv.proto` of etcd 3.5. prost skips the other fields.

use std::fmt;

use bytes::Bytes;
use prost::{Message, Oneof};

/// Head of each response.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct ResponseHeader {
    /// Id of the member that responded.
    #[prost(uint64, tag = "2")]
    pub member_id: u64,
    /// Revision of the store when the call was done.
    #[prost(int64, tag = "3")]
    pub revision: i64,
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyValue {
    /// The key.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// Revision of the last change.
    #[prost(int64, tag = "3")]
    pub mod_revision: i64,
    /// The value.
    #[prost(bytes = "bytes", tag = "5")]
    pub value: Bytes,
}

/// Reads keys.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeRequest {
    /// The key, or the first one.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// The end of the range, which does not belong to it. Empty for one key.
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// Maximum number of keys; 0 for all.
    #[prost(int64, tag = "3")]
    pub limit: i64,
    /// Revision to read; 0 for the newest.
    #[prost(int64, tag = "4")]
    pub revision: i64,
}

/// Keys that were read.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeResponse {
    /// Its head.
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    /// The keys, in order.
    #[prost(message, repeated, tag = "2")]
    pub kvs: Vec<KeyValue>,
    /// Whether the limit left out others.
    #[prost(bool, tag = "3")]
    pub more: bool,
}

/// Writes a key.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PutRequest {
    /// The key.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// The value.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
    /// Lease whose end removes the key; 0 for none.
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

/// Response to [`PutRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PutResponse {
    /// Its head.
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
}

/// Removes keys.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeleteRangeRequest {
    /// The key.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

/// Operation of a transaction.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RequestOp {
    /// The operation.
    #[prost(oneof = "Operation", tags = "1, 2, 3")]
    pub operation: Option<Operation>,
}

/// Kind of an operation.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Operation {
    /// Reads.
    #[prost(message, tag = "1")]
    Range(RangeRequest),
    /// Writes.
    #[prost(message, tag = "2")]
    Put(PutRequest),
    /// Removes.
    #[prost(message, tag = "3")]
    Delete(DeleteRangeRequest),
}

/// Result of an operation. Only that of a read has content that is used.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ResponseOp {
    /// Keys that were read.
    #[prost(message, optional, tag = "1")]
    pub range: Option<RangeResponse>,
}

/// Condition of a transaction: that two revisions are equal.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Compare {
    /// Which revision.
    #[prost(enumeration = "CompareTarget", tag = "2")]
    pub target: i32,
    /// The key.
    #[prost(bytes = "vec", tag = "3")]
    pub key: Vec<u8>,
    /// The expected revision.
    #[prost(oneof = "Expected", tags = "5, 6")]
    pub expected: Option<Expected>,
}

/// What a condition compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub enum CompareTarget {
    /// Number of changes since the creation. Not used; the first value of the enumeration.
    Version = 0,
    /// Revision of the creation, or 0 if the key does not exist.
    Create = 1,
    /// Revision of the last change.
    Mod = 2,
}

/// Revision that a condition expects.
#[derive(Clone, Copy, PartialEq, Eq, Oneof)]
pub enum Expected {
    /// Revision of the creation.
    #[prost(int64, tag = "5")]
    CreateRevision(i64),
    /// Revision of the last change.
    #[prost(int64, tag = "6")]
    ModRevision(i64),
}

/// Does some operations if all conditions hold, and others if not.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnRequest {
    /// The conditions.
    #[prost(message, repeated, tag = "1")]
    pub compare: Vec<Compare>,
    /// Operations if they hold.
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<RequestOp>,
    /// Operations if not.
    #[prost(message, repeated, tag = "3")]
    pub failure: Vec<RequestOp>,
}

/// Response to [`TxnRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnResponse {
    /// Its head.
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    /// Whether the conditions held.
    #[prost(bool, tag = "2")]
    pub succeeded: bool,
    /// Results of the operations, in order.
    #[prost(message, repeated, tag = "3")]
    pub responses: Vec<ResponseOp>,
}

/// Creates a lease.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LeaseGrantRequest {
    /// Time to live, in seconds.
    #[prost(int64, tag = "1")]
    pub ttl: i64,
}

/// Response to [`LeaseGrantRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LeaseGrantResponse {
    /// Id of the lease.
    #[prost(int64, tag = "2")]
    pub id: i64,
}

/// Begins a watch.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchRequest {
    /// What is watched.
    #[prost(message, optional, tag = "1")]
    pub create: Option<WatchCreateRequest>,
}

/// What a watch is of.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchCreateRequest {
    /// The first key.
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// The end of the range.
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// First revision.
    #[prost(int64, tag = "3")]
    pub start_revision: i64,
}

/// Changes.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchResponse {
    /// Whether etcd has ended the watch.
    #[prost(bool, tag = "4")]
    pub canceled: bool,
    /// Revision up to which the changes do not exist any more, if the watch begins before it.
    #[prost(int64, tag = "5")]
    pub compact_revision: i64,
    /// Why etcd has ended the watch.
    #[prost(string, tag = "6")]
    pub cancel_reason: String,
    /// The changes.
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
}

/// A change.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Event {
    /// Kind of the change.
    #[prost(enumeration = "EventType", tag = "1")]
    pub r#type: i32,
    /// The key, and its new value.
    #[prost(message, optional, tag = "2")]
    pub kv: Option<KeyValue>,
}

/// Kind of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub enum EventType {
    /// The key was written.
    Put = 0,
    /// The key was removed, or its lease has ended.
    Delete = 1,
}

/// Asks a member for its state.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct StatusRequest {}

/// State of a member.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct StatusResponse {
    /// Its head.
    #[prost(message, optional, tag = "1")]
    pub header: Option<ResponseHeader>,
    /// Version, such as `3.5.16`.
    #[prost(string, tag = "2")]
    pub version: String,
    /// Size of the database, in bytes.
    #[prost(int64, tag = "3")]
    pub database_bytes: i64,
    /// Id of the leader; 0 if there is none.
    #[prost(uint64, tag = "4")]
    pub leader: u64,
    /// Alarms and faults, such as `memberID:1 alarm:NOSPACE `.
    #[prost(string, repeated, tag = "8")]
    pub alarms: Vec<String>,
}

/// Signs in.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct AuthenticateRequest {
    /// User.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Password.
    #[prost(string, tag = "2")]
    pub password: String,
}

/// Response to [`AuthenticateRequest`].
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct AuthenticateResponse {
    /// Token of the user.
    #[prost(string, tag = "2")]
    pub token: String,
}

impl fmt::Debug for AuthenticateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateRequest")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthenticateResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticateResponse")
    }
}
