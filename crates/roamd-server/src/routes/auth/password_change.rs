//! Changing a password within the sign-in (CA-74).

use std::net::IpAddr;
use std::sync::Arc;

use roamd_citrixauth::{
    ChangeReason, ChangeRefusal, CheckCredentials, Conversations, Credentials, PasswordChange,
    StartedConversation, UserIdentity,
};
use roamd_sessions::User;
use roamd_store_proto::auth::FormPost;
use tracing::info;

use super::conversation::{ConversationPost, PostOutcome};
use crate::audit::{Event, account};
use crate::auth::login_throttle::{Admission, Attempt};
use crate::clock::rng;
use crate::http::error::ApiError;

/// Returns the form for a password that is right but must be changed. Returns `None` if no farm can
/// change passwords.
pub(super) async fn form(
    post: &ConversationPost,
    credentials: &Credentials,
) -> Result<Option<StartedConversation>, ApiError> {
    let ConversationPost {
        state,
        language,
        conversation,
        ..
    } = post;
    if !state.credential_farms.can_change_passwords().await {
        return Ok(None);
    }
    let conversations = &state.conversations;
    Ok(conversations.ask_for_change(
        conversation,
        credentials,
        ChangeReason::Required,
        *language,
        &mut rng(),
    ))
}

/// Takes the filled form: returns a token with the new password, the form again, or a failure.
pub(super) async fn attempt(
    post: ConversationPost,
    client: IpAddr,
    change: Result<PasswordChange, ChangeRefusal>,
    fields: &FormPost,
) -> Result<PostOutcome, ApiError> {
    let change = match change {
        Ok(change) => change,
        Err(refusal) => return refused(&post, refusal).await,
    };
    let attempt = match post.begin_attempt(&change.credentials, client).await? {
        Admission::Admitted(attempt) => attempt,
        Admission::TooEarly(wait) => return Ok(post.ask_to_wait(fields, wait)),
    };
    let Credentials {
        domain, user_name, ..
    } = &change.credentials;
    if post.is_blocked(domain, user_name).await? {
        let user = account(domain, user_name);
        post.audit.record(Event::sign_in_blocked(user));
        attempt.failed().await?;
        return refused(&post, ChangeRefusal::OldPassword).await;
    }
    let state = Arc::clone(&post.state);
    state
        .changes
        .run_to_completion(apply(post, attempt, change))
        .await?
}

/// Changes a password and responds. It runs to completion even if the client disconnects.
async fn apply(
    post: ConversationPost,
    attempt: Attempt,
    change: PasswordChange,
) -> Result<PostOutcome, ApiError> {
    let changed = post.state.credential_farms.change(&change).await;
    let old = &change.credentials;
    let user = account(&old.domain, &old.user_name);
    post.audit
        .record(Event::password_change(user, changed.as_ref().err()));
    match changed {
        Ok(()) => {
            let response = sign_in_again(&post, change).await;
            attempt.succeeded().await?;
            response
        }
        Err(refusal) => {
            match refusal {
                ChangeRefusal::OldPassword => attempt.failed().await?,
                _ => attempt.not_counted().await?,
            }
            refused(&post, refusal).await
        }
    }
}

/// Responds to a refused change. It counts like a wrong password.
async fn refused(post: &ConversationPost, refusal: ChangeRefusal) -> Result<PostOutcome, ApiError> {
    let failures = post.count_failure().await?;
    info!(?refusal, failures, "Password change refused");
    let reply = post.state.conversations.refuse_change(
        &post.conversation,
        refusal,
        failures,
        post.language,
        &mut rng(),
    );
    post.reply(reply).await
}

/// Signs in with the new password.
async fn sign_in_again(
    post: &ConversationPost,
    change: PasswordChange,
) -> Result<PostOutcome, ApiError> {
    let PasswordChange {
        credentials: old,
        new_password,
    } = change;
    let state = &post.state;
    let new = Credentials {
        password: new_password.clone(),
        ..old.clone()
    };
    let checked = state.credential_farms.check(&new).await;
    let typed = || UserIdentity::new(&*old.domain, &*old.user_name);
    let user = checked.as_ref().cloned().unwrap_or_else(|_| typed());
    let changed = User::new(user.domain(), user.name(), old.password.clone());
    state.password_checks.record_change(&changed).await;
    info!(user = %changed.key(), "Password changed");
    let is_blocked = post.is_blocked(user.domain(), user.name()).await?;
    match checked {
        Ok(user) if !is_blocked => post.signed_in(user, new_password).await,
        _ => {
            let reply = Conversations::changed(post.language);
            post.reply(reply).await
        }
    }
}
