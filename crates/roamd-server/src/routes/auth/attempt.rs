//! An attempt to sign in with a filled form, whatever message brought it.

use std::net::IpAddr;
use std::sync::Arc;

use roamd_citrixauth::{CredentialRefusal, Credentials};
use roamd_store_proto::auth::FormPost;

use super::conversation::{ConversationPost, PostOutcome};
use super::password_change;
use crate::audit::{Event, Text, account};
use crate::auth::login_throttle::{Admission, Attempt};
use crate::http::error::ApiError;

/// Signs a user in, or changes the password if the conversation has asked for that.
pub(in crate::routes) async fn attempt(
    post: ConversationPost,
    fields: FormPost,
    client: IpAddr,
) -> Result<PostOutcome, ApiError> {
    let state = Arc::clone(&post.state);
    if let Some(change) = state
        .conversations
        .password_change(&post.conversation, &fields)
    {
        return password_change::attempt(post, client, change, &fields).await;
    }
    let credentials = match state.conversations.credentials(&fields) {
        Ok(credentials) => credentials,
        Err(bad) => {
            let typed = bad.typed.as_deref().map(Text::new);
            let refusal = CredentialRefusal::from(bad);
            post.audit
                .record(Event::sign_in_refused(typed, refusal, None));
            return post.refused(&fields, refusal).await;
        }
    };
    let attempt = match post.begin_attempt(&credentials, client).await? {
        Admission::Admitted(attempt) => attempt,
        Admission::TooEarly(wait) => return Ok(post.ask_to_wait(&fields, wait)),
    };
    state
        .changes
        .run_to_completion(check(post, attempt, credentials, fields))
        .await?
}

/// Checks a password and responds. It runs to completion even if the client disconnects, so that
/// every attempt is counted, and disconnecting early does not allow more concurrent checks.
async fn check(
    post: ConversationPost,
    attempt: Attempt,
    credentials: Credentials,
    fields: FormPost,
) -> Result<PostOutcome, ApiError> {
    let refused = match post.state.credential_farms.sign_in(&credentials).await {
        Ok(user) => {
            if post.is_blocked(user.domain(), user.name()).await? {
                return post.blocked(&fields, attempt, &user).await;
            }
            attempt.succeeded().await?;
            return post.signed_in(user, credentials.password).await;
        }
        Err(refused) => refused,
    };
    let refusal = refused.refusal;
    let typed = account(&credentials.domain, &credentials.user_name);
    let event = Event::sign_in_refused(Some(typed), refusal, refused.codes.as_ref());
    post.audit.record(event);
    if refusal.is_failed_attempt() {
        attempt.failed().await?;
    } else {
        attempt.not_counted().await?;
    }
    if refusal.asks_for_change() {
        let Credentials {
            domain, user_name, ..
        } = &credentials;
        if post.is_blocked(domain, user_name).await? {
            // The form would tell that the password is right.
            let refusal = CredentialRefusal::BadCredentials;
            return post.refused(&fields, refusal).await;
        }
        if let Some(form) = password_change::form(&post, &credentials).await? {
            return Ok(PostOutcome::Change(form));
        }
    }
    post.refused(&fields, refusal).await
}
