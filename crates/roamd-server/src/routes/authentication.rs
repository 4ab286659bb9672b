//! The token service, the protocols and the explicit forms (citrixauth.md §2, §4, §5).

use std::net::IpAddr;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use roamd_citrixauth::{
    ChangeRefusal, CheckCredentials, Conversation, ConversationRefusal, Conversations, Credentials,
    Grant, Negotiation, PasswordChange, Refusal, Reply, Resumed, Service, ServiceTokenError,
    Started, UserIdentity,
};
use roamd_http::Answer;
use roamd_sessions::UserKey;
use roamd_state::{CounterKind, Digest, MarkKind};
use roamd_store_proto::auth::{Choice, Form, FormPost, Reason, RequestToken, TokenChoices};
use roamd_store_proto::{Language, media_type};
use secrecy::SecretString;
use tracing::info;

use crate::answer::{Caching, whole};
use crate::environment::rng;
use crate::gateway::Gate;
use crate::guessing::Target;
use crate::refused::Refused;
use crate::request::Request;

const CREDENTIAL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-credentialtypes");
const LABEL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-labeltypes");

/// A client that takes no vendor type of forms may take them as plain XML (CA-44).
const PLAIN_XML: &str = "text/xml";

/// Exchanges a primary token for a service token (§2 step 6). The token is checked before the
/// message (CA-33).
pub(crate) async fn token(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    let space = &gate.authentication.tokens;
    let primary = request.claims(gate, space)?;
    accepts_token_messages(&request)?;
    if !request.body_is(media_type::REQUEST_TOKEN) {
        return Err(Refused::UnsupportedMediaType {
            expected: media_type::REQUEST_TOKEN,
        });
    }
    let message = RequestToken::from_xml(&request.body().await?)?;
    let audiences = std::slice::from_ref(&gate.audience);
    let response = gate
        .tokens
        .service_token(
            &primary,
            &message,
            &gate.realms(),
            audiences,
            gate.now(),
            &mut rng(),
        )
        .map_err(|error| match error {
            ServiceTokenError::Service(error) => Refused::BadRequest(error.to_string()),
            ServiceTokenError::SignInEnding => {
                Refused::Unauthorized(Box::new(space.challenge(Reason::Expired)))
            }
            ServiceTokenError::TooLong(error) => Refused::Internal(error.into()),
        })?;
    Ok(secret(
        StatusCode::OK,
        media_type::REQUEST_TOKEN_RESPONSE,
        response.to_xml(),
    ))
}

/// Lists the ways to sign in, with status 300 and no `Location` (CA-24 to CA-26). Any `for-service`
/// will do (CA-16).
pub(crate) async fn protocols(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    accepts_token_messages(&request)?;
    RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let choices = TokenChoices {
        choices: vec![Choice {
            protocol: Choice::EXPLICIT_FORMS.to_owned(),
            location: gate.authentication.forms_start_url(),
        }],
    };
    let media = media_type::REQUEST_TOKEN_CHOICES;
    let mut answer = whole(
        StatusCode::MULTIPLE_CHOICES,
        media,
        Caching::None,
        choices.to_xml(),
    );
    answer.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    Ok(answer)
}

/// Begins a conversation: the first form, and its cookie (§2 step 4).
pub(crate) async fn forms_start(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    let reader = Reader::of(&request)?;
    let negotiation = Negotiation::from_headers(
        request.joined(&CREDENTIAL_TYPES).as_deref(),
        request.joined(&LABEL_TYPES).as_deref(),
    );
    let message = RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let service = Service::of(
        &message,
        &gate.realms(),
        std::slice::from_ref(&gate.audience),
    )
    .map_err(|error| Refused::BadRequest(error.to_string()))?;
    let negotiation = match negotiation {
        Ok(negotiation) => negotiation,
        Err(refusal) => return Ok(reader.form(&refusal.form(reader.language))),
    };
    let started = gate.conversations.start(
        service,
        negotiation,
        reader.language,
        gate.now(),
        &mut rng(),
    );
    form_with_cookie(gate, reader, &started)
}

/// Takes the filled form: a token, the form again, another form, or a failure (§5.6).
pub(crate) async fn forms_attempt(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    let reader = Reader::of(&request)?;
    let cookie = request.joined(&COOKIE);
    let client = request.client_address();
    let post = FormPost::from_url_encoded(&request.body().await?);
    let conversation = match resume(gate, cookie.as_deref(), &post).await? {
        Ok(conversation) => conversation,
        Err(refusal) => return Ok(reader.form(&refusal.form(reader.language))),
    };
    if let Some(change) = gate.conversations.password_change(&conversation, &post) {
        return changed(gate, reader, &conversation, client, change).await;
    }
    let credentials = match gate.conversations.credentials(&post) {
        Ok(credentials) => credentials,
        Err(bad) => {
            return refused(gate, reader, &conversation, &post, bad.into()).await;
        }
    };
    let refusal = match check(gate, &credentials, client).await? {
        Ok(user) => {
            let password = credentials.password;
            return signed_in(gate, reader, &conversation, user, password).await;
        }
        Err(refusal) => refusal,
    };
    if refusal.asks_for_change()
        && let Some(form) = ask_for_change(gate, reader, &conversation, &credentials).await?
    {
        return Ok(form);
    }
    refused(gate, reader, &conversation, &post, refusal).await
}

/// Ends a conversation that the person gave up (CA-73).
pub(crate) async fn forms_cancel(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    let reader = Reader::of(&request)?;
    let cookie = request.joined(&COOKIE);
    let post = FormPost::from_url_encoded(&request.body().await?);
    match resume(gate, cookie.as_deref(), &post).await? {
        Ok(conversation) => {
            spend(gate, &conversation).await?;
            Ok(reader.form(&Conversations::cancelled()))
        }
        Err(refusal) => Ok(reader.form(&refusal.form(reader.language))),
    }
}

async fn resume(
    gate: &Gate,
    cookie: Option<&str>,
    post: &FormPost,
) -> Result<Result<Conversation, ConversationRefusal>, Refused> {
    let now = gate.now();
    let resumed: Resumed = match gate.conversations.resume(cookie, post, now) {
        Ok(resumed) => resumed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let digest = Digest::of(resumed.id().as_bytes());
    let spent = gate
        .state
        .is_marked(MarkKind::SpentConversation, digest, now)
        .await?;
    Ok(resumed.unless_spent(spent))
}

/// Has a password checked, unless there were too many attempts (citrixauth.md §7 rule 5). An attempt
/// that has to wait is refused like a wrong password.
async fn check(
    gate: &Gate,
    credentials: &Credentials,
    client: Option<IpAddr>,
) -> Result<Result<UserIdentity, Refusal>, Refused> {
    let target = Target::new(&credentials.user_name, client);
    let attempt = gate.guessing.begin(&*gate.state, target, gate.now());
    let Some(attempt) = attempt.await? else {
        info!("Sign-in held up after too many attempts");
        return Ok(Err(Refusal::BadCredentials));
    };
    let checked = gate.credentials.check(credentials).await;
    match &checked {
        Ok(_) => attempt.was_good(gate.now()).await?,
        Err(refusal) if refusal.is_failed_attempt() => attempt.was_bad(),
        Err(_) => attempt.was_none().await?,
    }
    Ok(checked)
}

/// Good credentials: the conversation is spent, and the token is out (CA-50, CA-69). Of two posts at
/// the same time only one gets a token.
async fn signed_in(
    gate: &Gate,
    reader: Reader,
    conversation: &Conversation,
    user: UserIdentity,
    password: SecretString,
) -> Result<Answer, Refused> {
    if !spend(gate, conversation).await? {
        let refusal = ConversationRefusal::SessionIdInvalid;
        return Ok(reader.form(&refusal.form(reader.language)));
    }
    let display_name = user.domain().to_owned();
    let key = UserKey::new(user.domain(), user.name());
    gate.note_sign_in(&key, &password).await;
    let grant = Grant {
        user,
        password,
        service: conversation.service().clone(),
    };
    let token = gate
        .tokens
        .issue(&grant, gate.now(), &mut rng())
        .map_err(|error| Refused::BadRequest(error.to_string()))?;
    info!(user = %key, "Signed in");
    let body = token.into_response(Some(display_name)).to_xml();
    Ok(secret(
        StatusCode::OK,
        media_type::REQUEST_TOKEN_RESPONSE,
        body,
    ))
}

/// A password that is right and has to be changed: the form for that, if it can be changed here
/// (CA-74).
async fn ask_for_change(
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
async fn changed(
    gate: &Gate,
    reader: Reader,
    conversation: &Conversation,
    client: Option<IpAddr>,
    change: Result<PasswordChange, ChangeRefusal>,
) -> Result<Answer, Refused> {
    let made = match change {
        Ok(change) => change_password(gate, change, client).await?,
        Err(refusal) => Err(refusal),
    };
    let refusal = match made {
        Ok(change) => return sign_in_anew(gate, reader, conversation, change).await,
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
    change: PasswordChange,
    client: Option<IpAddr>,
) -> Result<Result<PasswordChange, ChangeRefusal>, Refused> {
    let target = Target::new(&change.credentials.user_name, client);
    let attempt = gate.guessing.begin(&*gate.state, target, gate.now());
    let Some(attempt) = attempt.await? else {
        info!("Change of a password held up after too many attempts");
        return Ok(Err(ChangeRefusal::OldPassword));
    };
    let farms = gate.credentials.clone();
    let made = gate.to_the_end(async move { farms.change(&change).await.map(|()| change) });
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
        Ok(user) => signed_in(gate, reader, conversation, user, new_password).await,
        Err(_) => {
            let reply = Conversations::changed(reader.language);
            reply_with(gate, reader, conversation, &reply).await
        }
    }
}

/// Refused credentials: counted where all nodes see it, then answered (CA-70 to CA-75).
async fn refused(
    gate: &Gate,
    reader: Reader,
    conversation: &Conversation,
    post: &FormPost,
    refusal: Refusal,
) -> Result<Answer, Refused> {
    let failures = if refusal.is_failed_attempt() {
        count_failure(gate, conversation).await?
    } else {
        0
    };
    info!(?refusal, failures, "Sign-in refused");
    let language = reader.language;
    let reply =
        gate.conversations
            .refuse(conversation, post, refusal, failures, language, &mut rng());
    reply_with(gate, reader, conversation, &reply).await
}

/// Counts a failed attempt of a conversation where all nodes see it.
async fn count_failure(gate: &Gate, conversation: &Conversation) -> Result<u32, Refused> {
    let digest = Digest::of(conversation.id().as_bytes());
    let kind = CounterKind::ConversationFailures;
    let (now, until) = (gate.now(), conversation.expiry());
    Ok(gate.state.count(kind, digest, now, until).await?)
}

/// Sends the next form. A conversation that is over is spent.
async fn reply_with(
    gate: &Gate,
    reader: Reader,
    conversation: &Conversation,
    reply: &Reply,
) -> Result<Answer, Refused> {
    if matches!(reply, Reply::End(_)) {
        spend(gate, conversation).await?;
    }
    Ok(reader.form(reply.form()))
}

/// Marks a conversation as spent, and says whether it was not so before.
async fn spend(gate: &Gate, conversation: &Conversation) -> Result<bool, Refused> {
    let digest = Digest::of(conversation.id().as_bytes());
    let until = conversation.expiry();
    Ok(gate
        .state
        .mark(MarkKind::SpentConversation, digest, until)
        .await?)
}

/// Both token messages stand in `Accept`; either will do (CA-35).
fn accepts_token_messages(request: &Request) -> Result<(), Refused> {
    let offered = [
        media_type::REQUEST_TOKEN_RESPONSE,
        media_type::REQUEST_TOKEN_CHOICES,
    ];
    request
        .accepts(&offered, media_type::REQUEST_TOKEN_RESPONSE)
        .map(|_| ())
}

/// Who reads a form: a client that understands this media type, and a person who reads this
/// language.
#[derive(Clone, Copy)]
struct Reader {
    media: &'static str,
    language: Language,
}

impl Reader {
    fn of(request: &Request) -> Result<Self, Refused> {
        // The vendor's type wins wherever it stands: plain XML is for those who do not know it.
        let media = request
            .accepts(&[media_type::FORM], media_type::FORM)
            .or_else(|_| request.accepts(&[PLAIN_XML], media_type::FORM))?;
        Ok(Self {
            media,
            language: request.language(),
        })
    }

    fn form(self, form: &Form) -> Answer {
        let mut answer = secret(StatusCode::OK, self.media, form.to_xml());
        let tag = HeaderValue::from_static(self.language.tag());
        answer.headers_mut().insert(CONTENT_LANGUAGE, tag);
        answer
    }
}

/// A form, and the cookie that goes with it.
fn form_with_cookie(gate: &Gate, reader: Reader, started: &Started) -> Result<Answer, Refused> {
    let mut answer = reader.form(&started.form);
    let cookie = gate.conversations.set_cookie(started, gate.secure);
    let cookie = HeaderValue::try_from(cookie).map_err(|error| Refused::Internal(error.into()))?;
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Ok(answer)
}

fn secret(status: StatusCode, media: &'static str, body: Vec<u8>) -> Answer {
    whole(status, media, Caching::Secret, body)
}
