//! gRPC of the simulated etcd: HTTP/2 over the simulated network.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use roamd_etcd_client::messages::{
    LeaseGrantRequest, LeaseGrantResponse, Operation, PutRequest, PutResponse, RangeRequest,
    RequestOp, StatusResponse, TxnRequest, WatchCreateRequest, WatchRequest, WatchResponse,
};
use roamd_http::Listener as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::cluster::{Changes, Cluster};
use super::refusal::Refusal;
use crate::network::{Backlog, Socket};

/// Length of the frame before each message.
const FRAME_LEN: usize = 5;

/// A member of the cluster as a process. A clone is the same.
#[derive(Clone)]
pub(super) struct Service {
    cluster: Cluster,
    member: usize,
    /// Tasks that serve its connections; a crash aborts them.
    serving: Arc<Mutex<JoinSet<()>>>,
}

/// Body of a response: messages, and trailers at its end.
struct ResponseBody(mpsc::UnboundedReceiver<Frame<Bytes>>);

type Frames = mpsc::UnboundedSender<Frame<Bytes>>;

impl Service {
    pub(super) fn new(cluster: Cluster, member: usize) -> Self {
        Self {
            cluster,
            member,
            serving: Arc::default(),
        }
    }

    /// Ends all connections.
    pub(super) fn crash(&self) {
        self.serving().abort_all();
    }

    /// Accepts connections.
    pub(super) async fn accept(self, backlog: Backlog) {
        while let Ok((socket, _)) = backlog.accept().await {
            let serve = self.clone().serve(socket);
            let mut serving = self.serving();
            while serving.try_join_next().is_some() {}
            serving.spawn(serve);
        }
    }

    async fn serve(self, socket: Socket) {
        let respond = service_fn(move |request| {
            let service = self.clone();
            async move { Ok::<_, Infallible>(service.respond(request).await) }
        });
        let connection = http2::Builder::new(TokioExecutor::new());
        let connection = connection.serve_connection(TokioIo::new(socket), respond);
        // An error means that the client has left.
        connection.await.ok();
    }

    async fn respond(self, request: Request<Incoming>) -> Response<ResponseBody> {
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        let read = read_message(&mut body).await.unwrap_or_default();
        if path == "/etcdserverpb.Watch/Watch" {
            return match WatchRequest::decode(read).map(|it| it.create) {
                Ok(Some(create)) => self.watch(create),
                _ => refused(Refusal::Unimplemented),
            };
        }
        match self.call(&path, read).await {
            Ok(message) => {
                let (frames, response) = response();
                frames.send(Frame::data(message)).ok();
                frames.send(Frame::trailers(trailers(None))).ok();
                response
            }
            Err(refusal) => refused(refusal),
        }
    }

    /// Does a call with one response.
    async fn call(&self, path: &str, body: Bytes) -> Result<Bytes, Refusal> {
        let (cluster, member) = (&self.cluster, self.member);
        match path {
            "/etcdserverpb.KV/Range" => {
                let request: RangeRequest = decode(body)?;
                let range = cluster.call(member, false, move |store| store.range(&request));
                Ok(framed(&range.await?))
            }
            "/etcdserverpb.KV/Put" => {
                let request: PutRequest = decode(body)?;
                let put = RequestOp {
                    operation: Some(Operation::Put(request)),
                };
                let txn = TxnRequest {
                    compare: Vec::new(),
                    success: vec![put],
                    failure: Vec::new(),
                };
                let put = cluster.call(member, true, move |store| store.txn(txn));
                let header = put.await?.header;
                Ok(framed(&PutResponse { header }))
            }
            "/etcdserverpb.KV/Txn" => {
                let request: TxnRequest = decode(body)?;
                let writes = |it: &RequestOp| matches!(it.operation, Some(Operation::Put(_)));
                let mut operations = request.success.iter().chain(&request.failure);
                let is_write = operations.any(writes);
                let txn = cluster.call(member, is_write, move |store| store.txn(request));
                Ok(framed(&txn.await?))
            }
            "/etcdserverpb.Lease/LeaseGrant" => {
                let LeaseGrantRequest { ttl } = decode(body)?;
                let now = tokio::time::Instant::now();
                let grant = cluster.call(member, true, move |store| Ok(store.grant(ttl, now)));
                let id = grant.await?;
                Ok(framed(&LeaseGrantResponse { id }))
            }
            "/etcdserverpb.Maintenance/Status" => Ok(framed(&StatusResponse {
                header: Some(cluster.header()),
                version: "3.6.14".to_owned(),
                leader: cluster.leader_of(member),
                ..StatusResponse::default()
            })),
            _ => Err(Refusal::Unimplemented),
        }
    }

    /// Begins a watch.
    fn watch(&self, create: WatchCreateRequest) -> Response<ResponseBody> {
        let (frames, response) = response();
        let watch = self.clone().send_changes(create, frames);
        self.serving().spawn(watch);
        response
    }

    /// Sends changes until the client has left.
    async fn send_changes(self, watch: WatchCreateRequest, frames: Frames) {
        let send = |response: WatchResponse| frames.send(Frame::data(framed(&response)));
        let mut next = watch.start_revision;
        // It states that the watch exists.
        let mut sent = send(WatchResponse::default());
        while sent.is_ok() && !frames.is_closed() {
            match self.cluster.changes(self.member, &watch, next) {
                Changes::Some(events, revision) => {
                    next = revision + 1;
                    if !events.is_empty() {
                        sleep(self.cluster.lag(self.member)).await;
                        sent = send(WatchResponse {
                            events,
                            ..WatchResponse::default()
                        });
                    }
                }
                Changes::None => self.cluster.changed().await,
                Changes::Compacted(revision) => {
                    let cancelled = WatchResponse {
                        canceled: true,
                        compact_revision: revision,
                        ..WatchResponse::default()
                    };
                    sent = send(cancelled);
                    break;
                }
                Changes::NoLeader => {
                    let trailers = trailers(Some(Refusal::NoLeader));
                    sent = frames.send(Frame::trailers(trailers));
                    break;
                }
            }
        }
        // It has left.
        sent.ok();
    }

    fn serving(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// Reads the message of a request. The body of a watch stays open after it.
async fn read_message(body: &mut Incoming) -> Option<Bytes> {
    let mut read = BytesMut::new();
    loop {
        if let Some((frame, message)) = read.split_first_chunk::<FRAME_LEN>() {
            let [_, len @ ..] = *frame;
            let len = usize::try_from(u32::from_be_bytes(len)).ok()?;
            if message.len() >= len {
                return Some(read.freeze().slice(FRAME_LEN..FRAME_LEN + len));
            }
        }
        let data = body.frame().await?.ok()?.into_data().ok()?;
        read.extend_from_slice(&data);
    }
}

fn decode<M: Message + Default>(body: Bytes) -> Result<M, Refusal> {
    M::decode(body).map_err(|_| Refusal::Unimplemented)
}

fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(FRAME_LEN + len);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    bytes.put_slice(&message.encode_to_vec());
    bytes.freeze()
}

/// Returns a response, and where its frames come from.
fn response() -> (Frames, Response<ResponseBody>) {
    let (frames, body) = mpsc::unbounded_channel();
    let mut response = Response::new(ResponseBody(body));
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    (frames, response)
}

/// Returns a response without a message.
fn refused(refusal: Refusal) -> Response<ResponseBody> {
    let (_, mut response) = response();
    response.headers_mut().extend(trailers(Some(refusal)));
    response
}

fn trailers(refusal: Option<Refusal>) -> HeaderMap {
    let (status, message) = refusal.map_or((0, ""), Refusal::status);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(status));
    trailers.insert("grpc-message", HeaderValue::from_static(message));
    trailers
}
