//! A password that is changed within the sign-in (CA-74).

use std::net::IpAddr;
use std::sync::Arc;

use roamd_citrixauth::{
    ChangeRefusal, CheckCredentials, Conversations, Credentials, PasswordChange, UserIdentity,
};
use roamd_http::Response;
use roamd_sessions::UserKey;
use tracing::info;

use super::forms::{Answering, form_with_cookie};
use crate::app::environment::rng;
use crate::audit::{Event, account};
use crate::auth::login_throttle::Attempt;
use crate::http::error::ApiError;

/// A password that is right and has to be changed: the form for that, if it can be changed here
/// (CA-74).
pub(super) async fn ask_for_change(
    answering: &Answering,
    credentials: &Credentials,
) -> Result<Option<Response>, ApiError> {
    let Answering {
        gate,
        reader,
        conversation,
        ..
    } = answering;
    if !gate.credentials.can_change_passwords().await {
        return Ok(None);
    }
    gate.conversations
        .ask_for_change(conversation, credentials, reader.language, &mut rng())
        .map(|started| form_with_cookie(gate, *reader, &started))
        .transpose()
}

/// What was typed to change a password: a token with the new one, the form again, or a failure.
pub(super) async fn changed(
    answering: Answering,
    client: Option<IpAddr>,
    change: Result<PasswordChange, ChangeRefusal>,
) -> Result<Response, ApiError> {
    let change = match change {
        Ok(change) => change,
        Err(refusal) => return refused(&answering, refusal).await,
    };
    let Some(attempt) = answering.begin(&change.credentials, client).await? else {
        return refused(&answering, ChangeRefusal::OldPassword).await;
    };
    let gate = Arc::clone(&answering.gate);
    gate.to_the_end(make(answering, attempt, change)).await?
}

/// Changes a password, and does all that follows from it. Once it has begun it goes to its end, whether
/// or not the client waits for it.
async fn make(
    answering: Answering,
    attempt: Attempt,
    change: PasswordChange,
) -> Result<Response, ApiError> {
    let made = answering.gate.credentials.change(&change).await;
    let old = &change.credentials;
    let user = account(&old.domain, &old.user_name);
    answering
        .trail
        .note(Event::password_change(user, made.as_ref().err()));
    match made {
        Ok(()) => {
            let answer = sign_in_anew(&answering, change).await;
            attempt.was_good().await?;
            answer
        }
        Err(refusal) => {
            match refusal {
                ChangeRefusal::OldPassword => attempt.was_bad(),
                _ => attempt.was_none().await?,
            }
            refused(&answering, refusal).await
        }
    }
}

/// A change that was not made: counted like a wrong password, then answered.
async fn refused(answering: &Answering, refusal: ChangeRefusal) -> Result<Response, ApiError> {
    let failures = answering.count_failure().await?;
    info!(?refusal, failures, "Change of a password refused");
    let reply = answering.gate.conversations.refuse_change(
        &answering.conversation,
        refusal,
        failures,
        answering.reader.language,
        &mut rng(),
    );
    answering.reply_with(&reply).await
}

/// Signs in with a password that has just been chosen.
async fn sign_in_anew(answering: &Answering, change: PasswordChange) -> Result<Response, ApiError> {
    let PasswordChange {
        credentials: old,
        new_password,
    } = change;
    let gate = &answering.gate;
    let new = Credentials {
        password: new_password.clone(),
        ..old.clone()
    };
    let checked = gate.credentials.check(&new).await;
    let typed = || UserIdentity::new(&*old.domain, &*old.user_name);
    let user = checked.as_ref().cloned().unwrap_or_else(|_| typed());
    let key = UserKey::new(user.domain(), user.name());
    gate.note_password_change(&key, &old.password).await;
    info!(user = %key, "Password changed");
    match checked {
        Ok(user) => answering.signed_in(user, new_password).await,
        Err(_) => {
            let reply = Conversations::changed(answering.reader.language);
            answering.reply_with(&reply).await
        }
    }
}
