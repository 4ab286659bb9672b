//! CitrixAuth: tokens, the token service, and the sign-in with a form (`citrixauth.md`).
//!
//! Everything here is decided, nothing is done: time, randomness and what other nodes know are
//! arguments, and no state is kept. A token carries its claims sealed ([`TokenService`]), and a
//! conversation carries its state sealed with the client ([`Conversations`]), so that any node can
//! go on where another began. Three things cannot travel with the client, since all nodes have to
//! agree on them: whether a token was destroyed, whether a conversation is spent, and how many
//! attempts failed, in it and otherwise ([`LoginThrottlePolicy`]). The caller keeps them and passes the
//! answers in.
//!
//! The crate must not know sessions or farms (whoever checks a password is a
//! [`CheckCredentials`]), sockets, or HTTP types.

mod audience;
mod claims;
mod conversation;
mod credentials;
mod login_throttle;
mod service;
mod texts;
mod token;

pub use audience::{Audience, AudienceError};
pub use claims::{Claims, TokenId, UserIdentity};
pub use conversation::{
    Conversation, ConversationId, ConversationRefusal, ConversationReply, Conversations, Domain,
    FormPolicy, Negotiation, ResumedConversation, StartedConversation,
};
pub use credentials::{
    BadAttempt, ChangeRefusal, CheckCredentials, CredentialRefusal, Credentials, PasswordChange,
};
pub use login_throttle::{Budget, BudgetUse, ClientNetwork, LoginThrottlePolicy};
pub use service::{Realm, Service, ServiceError};
pub use token::{
    BodyTokenError, Grant, IssuedToken, PresentedToken, Revocation, ServiceTokenError, TokenPolicy,
    TokenService, TokenTooLong,
};
