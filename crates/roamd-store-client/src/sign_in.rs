//! The way from a challenge to a token (citrixauth.md §2).

use http::HeaderMap;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE, WWW_AUTHENTICATE};
use roamd_store_proto::auth::{
    Challenge, Choice, DestroyToken, Form, FormPost, FormResult, FormStatus, RequestToken,
    RequestTokenResponse, RequirementKind, TokenChoices,
};
use roamd_store_proto::media_type;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::audience::Audience;
use crate::error::{ClientError, shown};
use crate::transport::{Answer, Call, Transport, link};

/// What the token and protocols services are asked for (CA-35).
const ACCEPT_TOKENS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                             application/vnd.citrix.requesttokenchoices+xml";

/// What a protocol's location is asked for (CA-44).
const ACCEPT_FORMS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                            application/vnd.citrix.authenticateresponse-1+xml";

/// Who signs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `DOMAIN\name`, `name@domain` or a bare name.
    pub user_name: String,
    /// Password.
    pub password: SecretString,
}

/// A token and where it may go.
#[derive(Clone)]
pub(crate) struct Token {
    /// Value of the `Authorization` header.
    pub(crate) header: HeaderValue,
    text: SecretString,
    /// Below this URL it opens everything (CA-8).
    root: Url,
}

impl Token {
    /// Whether the token may be sent to this URL, and opens it (CA-13).
    pub(crate) fn opens(&self, url: &Url) -> bool {
        let rest = url
            .path()
            .strip_prefix(self.root.path().trim_end_matches('/'));
        Audience::of(url) == Audience::of(&self.root)
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A sign-in that can be ended.
pub(crate) struct SignIn {
    token_service: Url,
    /// What the form gave: it opens the token service.
    primary: Token,
}

impl SignIn {
    /// Ends it, with all tokens that come from it (CA-39).
    pub(crate) async fn end(&self, transport: &Transport) -> Result<(), ClientError> {
        let message = DestroyToken {
            token: self.primary.text.clone(),
        };
        let answer = transport
            .send(Call {
                url: &self.token_service,
                body: Some((media_type::DESTROY_TOKEN, &message.to_xml())),
                accept: media_type::DESTROY_TOKEN_RESPONSE,
                token: Some(&self.primary.header),
                cookies: None,
            })
            .await?;
        match answer.status {
            StatusCode::OK => Ok(()),
            _ => Err(answer.unexpected()),
        }
    }
}

/// The challenge of a `401`.
pub(crate) fn challenge(answer: &Answer) -> Result<Challenge, ClientError> {
    let mut values = answer.headers.get_all(WWW_AUTHENTICATE).iter();
    values
        .find_map(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| ClientError::NotCitrixAuth(answer.url.clone()))
}

/// Gets a token for the service that answered `called` with a challenge, and the sign-in that it took,
/// unless the token was given without one.
pub(crate) async fn sign_in(
    transport: &Transport,
    credentials: &Credentials,
    called: &Url,
    challenge: &Challenge,
) -> Result<(Token, Option<SignIn>), ClientError> {
    let wanted = Wanted::new(called, challenge)?;
    let answer = wanted
        .ask_first(transport, &challenge.locations, ACCEPT_TOKENS)
        .await?;
    if answer.status != StatusCode::UNAUTHORIZED {
        return Ok((wanted.token(&answer)?, None));
    }
    let inner = self::challenge(&answer)?;
    let token_service = answer.url;
    let primary = primary_token(transport, credentials, &token_service, &inner).await?;
    let answer = wanted
        .ask(
            transport,
            &token_service,
            ACCEPT_TOKENS,
            Some(&primary.header),
        )
        .await?;
    match answer.status {
        StatusCode::UNAUTHORIZED => {
            Err(ClientError::TokenRefused(self::challenge(&answer)?.reason))
        }
        _ => {
            let sign_in = SignIn {
                token_service,
                primary,
            };
            Ok((wanted.token(&answer)?, Some(sign_in)))
        }
    }
}

/// Gets a token for the token service, by the form.
async fn primary_token(
    transport: &Transport,
    credentials: &Credentials,
    token_service: &Url,
    challenge: &Challenge,
) -> Result<Token, ClientError> {
    let wanted = Wanted::new(token_service, challenge)?;
    let answer = wanted
        .ask_first(transport, &challenge.locations, ACCEPT_TOKENS)
        .await?;
    if answer.status != StatusCode::MULTIPLE_CHOICES {
        return Err(answer.unexpected());
    }
    let TokenChoices { choices } = answer.message(TokenChoices::from_xml)?;
    let forms = choices
        .iter()
        .find(|choice| choice.protocol == Choice::EXPLICIT_FORMS);
    let Some(forms) = forms else {
        let offered: Vec<_> = choices
            .iter()
            .map(|choice| shown(&choice.protocol))
            .collect();
        return Err(ClientError::NoForms(offered.join(", ")));
    };
    let location = link("the location of the sign-in form", &forms.location)?;
    let answer = wanted.ask(transport, &location, ACCEPT_FORMS, None).await?;
    let Some(form) = form(&answer)? else {
        return wanted.token(&answer);
    };
    let (url, post) = fill(&form, credentials, &location)?;
    let answer = transport
        .send(Call {
            url: &url,
            body: Some((media_type::URL_ENCODED, post.expose_secret().as_bytes())),
            accept: ACCEPT_FORMS,
            token: None,
            cookies: cookies(&answer.headers).as_ref(),
        })
        .await?;
    match self::form(&answer)? {
        None => wanted.token(&answer),
        Some(form) => Err(refusal(&form)),
    }
}

/// A token that is wanted: for which service, and where it will be sent.
struct Wanted {
    message: RequestToken,
    root: Url,
}

impl Wanted {
    /// The token that `challenge` asks for. It has to be for the server that was called, or it could
    /// not be sent there.
    fn new(called: &Url, challenge: &Challenge) -> Result<Self, ClientError> {
        let root = link("serviceroot-hint", &challenge.service_root_hint)?;
        let (named, called) = (Audience::of(&root), Audience::of(called));
        if named != called {
            return Err(ClientError::OtherAudience { called, named });
        }
        let message = RequestToken {
            for_service: challenge.realm.clone(),
            for_service_url: challenge.service_root_hint.clone(),
            template: String::new(),
            requested_lifetime: None,
        };
        Ok(Self { message, root })
    }

    /// Asks the first location that can be reached.
    async fn ask_first(
        &self,
        transport: &Transport,
        locations: &[String],
        accept: &'static str,
    ) -> Result<Answer, ClientError> {
        let mut failed = ClientError::BadLink { place: "locations" };
        for location in locations {
            let location = link("locations", location)?;
            match self.ask(transport, &location, accept, None).await {
                Err(error @ (ClientError::Unreachable { .. } | ClientError::TooSlow { .. })) => {
                    failed = error;
                }
                result => return result,
            }
        }
        Err(failed)
    }

    async fn ask(
        &self,
        transport: &Transport,
        url: &Url,
        accept: &'static str,
        token: Option<&HeaderValue>,
    ) -> Result<Answer, ClientError> {
        let body = self.message.to_xml();
        let body = Some((media_type::REQUEST_TOKEN, body.as_slice()));
        transport
            .send(Call {
                url,
                body,
                accept,
                token,
                cookies: None,
            })
            .await
    }

    /// The token of an answer that has to hold one.
    fn token(&self, answer: &Answer) -> Result<Token, ClientError> {
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected());
        }
        let text = answer.message(RequestTokenResponse::from_xml)?.token;
        let mut header = HeaderValue::from_str(&format!("CitrixAuth {}", text.expose_secret()))
            .map_err(|_| ClientError::BadLink { place: "a token" })?;
        header.set_sensitive(true);
        Ok(Token {
            header,
            text,
            root: self.root.clone(),
        })
    }
}

/// The form of an answer, or nothing if the answer holds a token.
fn form(answer: &Answer) -> Result<Option<Form>, ClientError> {
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    let content_type = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| media_type::is(value, media_type::REQUEST_TOKEN_RESPONSE)) {
        return Ok(None);
    }
    answer.message(Form::from_xml).map(Some)
}

/// Fills a form and tells where it goes.
fn fill(
    form: &Form,
    credentials: &Credentials,
    location: &Url,
) -> Result<(Url, SecretString), ClientError> {
    let Some(post_back) = &form.post_back else {
        return Err(refusal(form));
    };
    // The password goes to the server that sent the form, even if the path is made to look like
    // another host.
    let url = location
        .join(post_back)
        .ok()
        .filter(|url| Audience::of(url) == Audience::of(location))
        .ok_or(ClientError::BadLink { place: "PostBack" })?;
    let has = |id: &str| {
        form.requirements
            .iter()
            .any(|line| line.id.as_deref() == Some(id))
    };
    let fillable = |id: &str| matches!(id, "username" | "password" | "domain");
    let more = form.requirements.iter().any(|line| {
        matches!(line.kind, RequirementKind::Text { .. })
            && line.id.as_deref().is_some_and(|id| !fillable(id))
    });
    if more || !has("username") || !has("password") {
        return Err(ClientError::MoreAsked);
    }
    // As the vendor's own client does: the domain goes where the form asks for it (CA-62).
    let (domain, name) = match credentials.user_name.split_once('\\') {
        Some((domain, name)) if has("domain") => (Some(domain), name),
        _ => (None, credentials.user_name.as_str()),
    };
    let post = FormPost {
        state_context: form.state_context.clone(),
        user_name: Some(name.into()),
        password: Some(credentials.password.clone()),
        domain: domain.map(Into::into),
        ..FormPost::default()
    };
    Ok((url, post.to_url_encoded()))
}

/// Why a form came where a token was hoped for.
fn refusal(form: &Form) -> ClientError {
    let labels = form
        .requirements
        .iter()
        .filter(|line| line.label_type == "error");
    let texts: Vec<_> = labels
        .filter_map(|line| line.label.as_deref())
        .map(shown)
        .collect();
    let said = form.log_message.as_deref().filter(|text| !text.is_empty());
    let words = match texts.is_empty() {
        true => shown(said.unwrap_or(&form.status.0)),
        false => texts.join(" "),
    };
    if form.status == FormStatus::SERVICE_UNAVAILABLE {
        return ClientError::SignInUnavailable(words);
    }
    if texts.is_empty() && form.result == FormResult::UPDATE_CREDENTIALS {
        return ClientError::PasswordChange;
    }
    if texts.is_empty() && form.result == FormResult::MORE_INFO {
        return ClientError::MoreAsked;
    }
    ClientError::SignInRefused(words)
}

/// The cookies of an answer as they are sent back: names and values, without their attributes.
fn cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let pairs: Vec<_> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim)
        .filter(|pair| pair.contains('='))
        .collect();
    let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
    value.set_sensitive(true);
    (!pairs.is_empty()).then_some(value)
}
