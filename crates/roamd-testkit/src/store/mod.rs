//! Mock store: responds as a test defines, and records the requests.

mod mock_store;
mod request;
mod response;
mod sessions;
mod sign_in;

pub use mock_store::MockStore;
pub use request::StoreRequest;
pub use response::StoreResponse;
pub use sign_in::{form_field, healthy_store, sign_in_form};
