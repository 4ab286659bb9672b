#![doc = include_str!("../README.md")]

mod audience;
mod claims;
mod conversation;
mod credentials;
mod login_throttle;
mod named_account;
mod named_sids;
mod service;
mod texts;
mod token;

pub use audience::{Audience, AudienceError};
pub use claims::{Claims, TokenId, UserIdentity};
pub use conversation::{
    ChangeReason, Conversation, ConversationId, ConversationRefusal, ConversationReply,
    Conversations, Domain, FormPolicy, Negotiation, ResumedConversation, StartedConversation,
};
pub use credentials::{
    BadAttempt, ChangeRefusal, CheckCredentials, CredentialRefusal, Credentials, PasswordChange,
};
pub use login_throttle::{Budget, BudgetUse, ClientNetwork, LoginThrottlePolicy, StatedWait};
pub use named_account::may_name;
pub use named_sids::{HeldSids, NamedSids};
pub use service::{Realm, Service, ServiceError};
pub use token::{
    BodyTokenError, Grant, IssuedToken, OpenedToken, PresentedToken, Revocation, ServiceTokenError,
    TokenPolicy, TokenService, TokenTooLong, token_in,
};
