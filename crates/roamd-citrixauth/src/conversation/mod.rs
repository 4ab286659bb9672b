//! Conversations: signing in with a form (citrixauth.md §5).
//!
//! 1. [`Conversations::start`] returns the form and the cookie for a request token message.
//! 2. [`Conversations::resume`] finds the conversation of a post. The caller looks up whether it is
//!    spent, and passes that to [`ResumedConversation::unless_spent`].
//! 3. [`Conversations::credentials`] parses the credentials, and a
//!    [`CheckCredentials`](crate::CheckCredentials) checks them.
//! 4. If they are right, the caller marks the conversation as spent and, unless a concurrent post
//!    has done so, issues a token for [`Conversation::service`]. If not, [`Conversations::refuse`]
//!    returns the next form. A conversation that has ended ([`ConversationReply::End`]) or was
//!    [cancelled](Conversations::cancelled) is marked as spent too.
//! 5. A password that is right but must be changed can be changed in the same conversation:
//!    [`Conversations::ask_for_change`] returns the form, [`Conversations::password_change`] parses
//!    its post, and [`Conversations::refuse_change`] returns the next form.

mod account;
mod conversation_refusal;
mod conversation_state;
mod conversations;
mod cookie;
mod form;
mod form_policy;
mod negotiation;
mod password_change;
mod posted_credentials;

pub use account::ChangeReason;
pub use conversation_refusal::ConversationRefusal;
pub use conversation_state::{Conversation, ConversationId};
pub use conversations::{
    ConversationReply, Conversations, ResumedConversation, StartedConversation,
};
pub use form_policy::{Domain, FormPolicy};
pub use negotiation::Negotiation;
