//! The token service, the protocols and the explicit forms (citrixauth.md §2, §4, §5).

use std::net::IpAddr;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use roamd_citrixauth::{
    BodyTokenError, ChangeRefusal, CheckCredentials, Claims, Conversation, ConversationRefusal,
    Conversations, Credentials, Grant, Negotiation, PasswordChange, Refusal, Reply, Resumed,
    Service, ServiceTokenError, Started, UserIdentity,
};
use roamd_http::Answer;
use roamd_sessions::UserKey;
use roamd_state::{CounterKind, Digest, MarkKind};
use roamd_store_proto::auth::{
    Choice, Claim, ClaimsPrincipal, DestroyToken, DestroyTokenResponse, Form, FormPost, Reason,
    RefreshToken, RequestToken, RequestTokenResponse, TokenChoices,
};
use roamd_store_proto::{Language, media_type};
use secrecy::SecretString;
use tracing::info;

use crate::answer::{Caching, whole};
use crate::audit::{Event, Trail, account};
use crate::environment::rng;
use crate::gate::{Gate, Reach};
use crate::guessing::Target;
use crate::refused::Refused;
use crate::request::{Request, user};

const CREDENTIAL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-credentialtypes");
const LABEL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-labeltypes");

/// A client that takes no vendor type of forms may take them as plain XML (CA-44).
const PLAIN_XML: &str = "text/xml";

/// What the token service is asked to do. Messages are told apart by their media type (CA-33).
#[derive(Clone, Copy)]
enum TokenMessage {
    Request,
    Refresh,
    Destroy,
}

/// The media types of all messages to the token service.
const TOKEN_MESSAGES: &str = "application/vnd.citrix.requesttoken+xml, \
     application/vnd.citrix.refreshtoken+xml or application/vnd.citrix.destroytoken+xml";

/// The token service. The token is checked before the message (CA-33).
pub(crate) async fn token(gate: &Gate, request: Request) -> Result<Answer, Refused> {
    let trail = request.trail(gate);
    let holder = request.claims(gate, &gate.authentication.tokens).await?;
    let message = TokenMessage::of(&request);
    match message {
        Some(TokenMessage::Destroy) => accepts_destruction(&request)?,
        _ => accepts_token_messages(&request)?,
    }
    let message = message.ok_or(Refused::UnsupportedMediaType {
        expected: TOKEN_MESSAGES,
    })?;
    let body = request.body().await?;
    match message {
        TokenMessage::Request => exchange(gate, &trail, &holder, &body).await,
        TokenMessage::Refresh => refresh(gate, &trail, &holder, &body).await,
        TokenMessage::Destroy => destroy(gate, &trail, &holder, &body).await,
    }
}

/// Exchanges a primary token for a service token (§2 step 6).
async fn exchange(
    gate: &Gate,
    trail: &Trail,
    primary: &Claims,
    body: &[u8],
) -> Result<Answer, Refused> {
    let space = &gate.authentication.tokens;
    let message = RequestToken::from_xml(body)?;
    gate.admit(trail, &user(primary), space, Reach::OneFarm)
        .await?;
    let audiences = std::slice::from_ref(&gate.audience);
    let response = gate
        .tokens
        .service_token(
            primary,
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
            ServiceTokenError::TooLong(error) => error.into(),
        })?;
    Ok(token_response(&response))
}

/// Gives a token a later end (CA-36). Nothing lasts longer by a password that is not good any more.
async fn refresh(
    gate: &Gate,
    trail: &Trail,
    holder: &Claims,
    body: &[u8],
) -> Result<Answer, Refused> {
    let message = RefreshToken::from_xml(body)?;
    let presented = gate.tokens.to_refresh(holder, &message, gate.now())?;
    let revoked = gate.is_revoked(&presented).await?;
    let token = presented
        .unless_revoked(revoked)
        .map_err(|_| BodyTokenError::Invalid)?;
    let space = &gate.authentication.tokens;
    gate.admit(trail, &user(&token), space, Reach::NoFarm)
        .await?;
    let wished = message.requested_lifetime;
    let response = gate
        .tokens
        .refreshed(holder, &token, wished, gate.now(), &mut rng())?;
    Ok(token_response(&response))
}

/// Ends a token and all that come from it (CA-39). What is acknowledged holds on every node, and
/// after a crash.
async fn destroy(
    gate: &Gate,
    trail: &Trail,
    holder: &Claims,
    body: &[u8],
) -> Result<Answer, Refused> {
    let message = DestroyToken::from_xml(body)?;
    if let Some(revocation) = gate.tokens.destroy(holder, &message, gate.now())? {
        gate.revoke(&revocation).await?;
        trail.note(Event::TokenDestroyed {
            user: account(holder.user.domain(), holder.user.name()),
        });
        info!(user = %user(holder).key, "Token destroyed");
    }
    Ok(secret(
        StatusCode::OK,
        media_type::DESTROY_TOKEN_RESPONSE,
        DestroyTokenResponse.to_xml(),
    ))
}

/// Tells a service who the holder of a token for it is (§4.3): never more than the name and the
/// times, and only while the password is good.
pub(crate) async fn validate(
    gate: &Gate,
    service: Option<&str>,
    request: Request,
) -> Result<Answer, Refused> {
    let space = gate
        .authentication
        .validation(service.unwrap_or("default"))
        .ok_or(Refused::NotFound)?;
    let trail = request.trail(gate);
    let claims = request.claims(gate, space).await?;
    let media = request.accepts(&[media_type::CLAIMS_IDENTITY], media_type::CLAIMS_IDENTITY)?;
    gate.admit(&trail, &user(&claims), space, Reach::NoFarm)
        .await?;
    let name = claims.user.to_string();
    let claim = |claim_type: &str, value_type: &str, value: String| Claim {
        claim_type: claim_type.to_owned(),
        value,
        value_type: value_type.to_owned(),
        issuer: claims.issuer.clone(),
        original_issuer: claims.issuer.clone(),
    };
    let principal = ClaimsPrincipal {
        name: name.clone(),
        authenticated: true,
        method: ClaimsPrincipal::COMMON_FORMS.to_owned(),
        claims: vec![
            claim(Claim::NAME, "string", name),
            claim(Claim::EXPIRATION, "dateTime", claims.expiry.to_string()),
        ],
    };
    Ok(secret(StatusCode::OK, media, principal.to_xml()))
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
    let trail = request.trail(gate);
    let cookie = request.joined(&COOKIE);
    let client = request.client_address();
    let post = FormPost::from_url_encoded(&request.body().await?);
    let conversation = match resume(gate, cookie.as_deref(), &post).await? {
        Ok(conversation) => conversation,
        Err(refusal) => return Ok(reader.form(&refusal.form(reader.language))),
    };
    if let Some(change) = gate.conversations.password_change(&conversation, &post) {
        return changed(gate, &trail, reader, &conversation, client, change).await;
    }
    let credentials = match gate.conversations.credentials(&post) {
        Ok(credentials) => credentials,
        Err(bad) => {
            let refusal = Refusal::from(bad);
            trail.note(Event::sign_in_refused(None, refusal));
            return refused(gate, reader, &conversation, &post, refusal).await;
        }
    };
    let refusal = match check(gate, &trail, &credentials, client).await? {
        Ok(user) => {
            let password = credentials.password;
            return signed_in(gate, &trail, reader, &conversation, user, password).await;
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
///
/// It is written down also when the client does not wait for the answer, so that nobody tries
/// passwords unseen.
async fn check(
    gate: &Gate,
    trail: &Trail,
    credentials: &Credentials,
    client: Option<IpAddr>,
) -> Result<Result<UserIdentity, Refusal>, Refused> {
    let typed = account(&credentials.domain, &credentials.user_name);
    let target = Target::new(&credentials.user_name, client);
    let attempt = gate.guessing.begin(&*gate.state, target, gate.now());
    let Some(attempt) = attempt.await? else {
        trail.note(Event::sign_in_held_up(typed));
        info!("Sign-in held up after too many attempts");
        return Ok(Err(Refusal::BadCredentials));
    };
    let (farms, trail, credentials) =
        (gate.credentials.clone(), trail.clone(), credentials.clone());
    let checked = gate.to_the_end(async move {
        let checked = farms.check(&credentials).await;
        if let Err(refusal) = checked {
            trail.note(Event::sign_in_refused(Some(typed), refusal));
        }
        checked
    });
    let checked = checked.await?;
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
    trail: &Trail,
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
    let signed_in = Event::SignIn {
        user: account(user.domain(), user.name()),
    };
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
    trail.note(signed_in);
    info!(user = %key, "Signed in");
    Ok(token_response(&token.into_response(Some(display_name))))
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

impl TokenMessage {
    fn of(request: &Request) -> Option<Self> {
        [
            (media_type::REQUEST_TOKEN, Self::Request),
            (media_type::REFRESH_TOKEN, Self::Refresh),
            (media_type::DESTROY_TOKEN, Self::Destroy),
        ]
        .into_iter()
        .find(|(media_type, _)| request.body_is(media_type))
        .map(|(_, message)| message)
    }
}

/// A client may name what it always accepts from the token service (CA-35), or the answer itself.
fn accepts_destruction(request: &Request) -> Result<(), Refused> {
    let answer = media_type::DESTROY_TOKEN_RESPONSE;
    request
        .accepts(&[answer], answer)
        .map(|_| ())
        .or_else(|refused| accepts_token_messages(request).map_err(|_| refused))
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

fn token_response(response: &RequestTokenResponse) -> Answer {
    let media = media_type::REQUEST_TOKEN_RESPONSE;
    secret(StatusCode::OK, media, response.to_xml())
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
