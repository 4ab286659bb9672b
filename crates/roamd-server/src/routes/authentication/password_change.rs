//! A password that is changed within the sign-in (CA-74).

use std::net::IpAddr;

use roamd_citrixauth::{
    ChangeRefusal, CheckCredentials, Conversation, Conversations, Credentials, PasswordChange,
    UserIdentity,
};
use roamd_http::Answer;
use roamd_sessions::UserKey;
use tracing::info;

use super::forms::{Reader, count_failure, form_with_cookie, reply_with, signed_in};
use crate::audit::{Event, Trail, account};
use crate::environment::rng;
use crate::gate::Gate;
use crate::guessing::Target;
use crate::refused::Refused;

/// A password that is right and has to be changed: the form for that, if it can be changed here
/// (CA-74).
pub(super) async fn ask_for_change(
    gate: &Gate,
    reader: Reader,
    conversation: &Conversation,
    credentials: &Credentials,
) -> Result<Option<Answer>, Refused> {
    if !gate.credentials.change_passwords().await {
        return Ok(None);
    }
    gate.conversations
        .ask_for_change(conversation, credentials, reader.language, &mut rng())
        .map(|started| form_with_cookie(gate, reader, &started))
        .transpose()
}

/// What was typed to change a password: a token with the new one, the form again, or a failure.
pub(super) async fn changed(
    gate: &Gate,
    trail: &Trail,
    reader: Reader,
    conversation: &Conversation,
    client: Option<IpAddr>,
    change: Result<PasswordChange, ChangeRefusal>,
) -> Result<Answer, Refused> {
    let made = match change {
        Ok(change) => change_password(gate, trail, change, client).await?,
        Err(refusal) => Err(refusal),
    };
    let refusal = match made {
        Ok(change) => return sign_in_anew(gate, trail, reader, conversation, change).await,
        Err(refusal) => refusal,
    };
    let failures = count_failure(gate, conversation).await?;
    info!(?refusal, failures, "Change of a password refused");
    let reply = gate.conversations.refuse_change(
        conversation,
        refusal,
        failures,
        reader.language,
        &mut rng(),
    );
    reply_with(gate, reader, conversation, &reply).await
}

/// Has a password changed, unless there were too many attempts at the old one. Once it has begun it
/// goes to its end, whether or not the client waits for it.
async fn change_password(
    gate: &Gate,
    trail: &Trail,
    change: PasswordChange,
    client: Option<IpAddr>,
) -> Result<Result<PasswordChange, ChangeRefusal>, Refused> {
    let Credentials {
        user_name, domain, ..
    } = &change.credentials;
    let user = account(domain, user_name);
    let target = Target::new(user_name, client);
    let attempt = gate.guessing.begin(&*gate.state, target, gate.now());
    let Some(attempt) = attempt.await? else {
        trail.note(Event::sign_in_held_up(user));
        info!("Change of a password held up after too many attempts");
        return Ok(Err(ChangeRefusal::OldPassword));
    };
    let (farms, trail) = (gate.credentials.clone(), trail.clone());
    let made = gate.to_the_end(async move {
        let made = farms.change(&change).await;
        trail.note(Event::password_change(user, made.as_ref().err()));
        made.map(|()| change)
    });
    let made = made.await?;
    match &made {
        Ok(_) => attempt.was_good(gate.now()).await?,
        Err(ChangeRefusal::OldPassword) => attempt.was_bad(),
        Err(_) => attempt.was_none().await?,
    }
    Ok(made)
}

/// Signs in with a password that has just been chosen.
async fn sign_in_anew(
    gate: &Gate,
    trail: &Trail,
    reader: Reader,
    conversation: &Conversation,
    change: PasswordChange,
) -> Result<Answer, Refused> {
    let PasswordChange {
        credentials: old,
        new_password,
    } = change;
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
        Ok(user) => signed_in(gate, trail, reader, conversation, user, new_password).await,
        Err(_) => {
            let reply = Conversations::changed(reader.language);
            reply_with(gate, reader, conversation, &reply).await
        }
    }
}
