//! Sign-in: from a challenge to a token (citrixauth.md §2).

use http::HeaderMap;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE, WWW_AUTHENTICATE};
use jiff::Timestamp;
use roamd_store_proto::auth::{
    Challenge, Choice, DestroyToken, Form, FormPost, FormResult, FormStatus, RefreshToken,
    RequestToken, RequestTokenResponse, RequirementKind, TokenChoices,
};
use roamd_store_proto::media_type;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::audience::Audience;
use crate::error::ClientError;
use crate::printable::short_line;
use crate::transport::{Call, Response, Transport, usable_url};

/// `Accept` of requests to the token and protocols services (CA-35).
const ACCEPT_TOKENS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                             application/vnd.citrix.requesttokenchoices+xml";

/// `Accept` of requests to the location of a protocol (CA-44).
const ACCEPT_FORMS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                            application/vnd.citrix.authenticateresponse-1+xml";

/// Credentials of a user.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `DOMAIN\name`, `name@domain` or a name without domain.
    pub user_name: String,
    /// Password of the user.
    pub password: SecretString,
}

/// Token of a service, with the URLs that it may be sent to.
#[derive(Clone)]
pub(crate) struct Token {
    /// Value of the `Authorization` header.
    pub(crate) header: HeaderValue,
    pub(crate) text: SecretString,
    /// The token is for all URLs below this one (CA-8).
    root: Url,
}

impl Token {
    /// Returns whether the token is for this URL, and may be sent there (CA-13).
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        let rest = url
            .path()
            .strip_prefix(self.root.path().trim_end_matches('/'));
        Audience::of(url) == Audience::of(&self.root)
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A sign-in, which gives a client the tokens of all services of the store.
///
/// [`StoreClient::resume`](crate::StoreClient::resume) continues with it, without a password.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// URL of the token service. The token is sent nowhere else.
    pub token_service: Url,
    /// Primary token, which came from the sign-in form.
    pub token: SecretString,
    /// Expiry of the token, by the clock of the store.
    pub expiry: Timestamp,
}

impl SignIn {
    /// Returns whether a challenge names the token service of the sign-in.
    fn is_for(&self, challenge: &Challenge) -> bool {
        let mut locations = challenge.locations.iter();
        locations.any(|location| Url::parse(location).as_ref() == Ok(&self.token_service))
    }

    /// Destroys the primary token, and so all tokens derived from it (CA-39). A token that the
    /// store refuses has ended already.
    pub(crate) async fn end(&self, transport: &Transport) -> Result<(), ClientError> {
        let message = DestroyToken {
            token: self.token.clone(),
        };
        let body = (media_type::DESTROY_TOKEN, &*message.to_xml());
        let accept = media_type::DESTROY_TOKEN_RESPONSE;
        let response = self.send(transport, body, accept).await?;
        match response.status {
            StatusCode::OK | StatusCode::UNAUTHORIZED => Ok(()),
            _ => Err(response.unexpected()),
        }
    }

    /// Returns the sign-in with a later expiry (CA-36), as late as the store allows.
    pub(crate) async fn refreshed(&self, transport: &Transport) -> Result<Self, ClientError> {
        let message = RefreshToken {
            token: self.token.clone(),
            requested_lifetime: None,
        };
        let body = (media_type::REFRESH_TOKEN, &*message.to_xml());
        let response = self.send(transport, body, ACCEPT_TOKENS).await?;
        match response.status {
            StatusCode::UNAUTHORIZED => Err(ClientError::SignInEnded),
            _ => Self::of(self.token_service.clone(), &response),
        }
    }

    /// Reads the primary token of a response.
    fn of(token_service: Url, response: &Response) -> Result<Self, ClientError> {
        let RequestTokenResponse { token, expiry, .. } = issued_token(response)?;
        Ok(Self {
            token_service,
            token,
            expiry,
        })
    }

    /// Sends a message to the token service.
    async fn send(
        &self,
        transport: &Transport,
        body: (&'static str, &[u8]),
        accept: &'static str,
    ) -> Result<Response, ClientError> {
        let call = Call {
            url: &self.token_service,
            body: Some(body),
            accept,
            token: Some(&authorization(&self.token)?),
            cookies: None,
        };
        transport.send(call).await
    }
}

/// Parses the challenge of a `401`.
pub(crate) fn challenge(response: &Response) -> Result<Challenge, ClientError> {
    let mut values = response.headers.get_all(WWW_AUTHENTICATE).iter();
    values
        .find_map(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| ClientError::NotCitrixAuth(response.url.clone()))
}

/// Gets a token for the service that sent a challenge. Returns also the sign-in, unless one of the
/// earlier ones was sufficient, or the token service required none.
///
/// Without credentials, one of the earlier sign-ins has to be sufficient.
pub(crate) async fn sign_in(
    transport: &Transport,
    credentials: Option<&Credentials>,
    earlier: &[SignIn],
    challenge: &Challenge,
) -> Result<(Token, Option<SignIn>), ClientError> {
    let request = TokenRequest::new(transport, challenge)?;
    for earlier in earlier.iter().filter(|it| it.is_for(challenge)) {
        let body = (media_type::REQUEST_TOKEN, &*request.message.to_xml());
        let response = earlier.send(transport, body, ACCEPT_TOKENS).await?;
        if response.status == StatusCode::OK {
            return Ok((request.token(&response)?, None));
        }
        // A busy store, for example, has not ended the sign-in.
        if credentials.is_none() && response.status != StatusCode::UNAUTHORIZED {
            return Err(response.unexpected());
        }
    }
    let response = request
        .send_to_first(transport, &challenge.locations, ACCEPT_TOKENS)
        .await?;
    if response.status != StatusCode::UNAUTHORIZED {
        return Ok((request.token(&response)?, None));
    }
    let credentials = credentials.ok_or(ClientError::SignInEnded)?;
    let inner = self::challenge(&response)?;
    let sign_in = fill_in_form(transport, credentials, response.url, &inner).await?;
    let body = (media_type::REQUEST_TOKEN, &*request.message.to_xml());
    let response = sign_in.send(transport, body, ACCEPT_TOKENS).await?;
    match response.status {
        StatusCode::UNAUTHORIZED => Err(ClientError::TokenRefused(
            self::challenge(&response)?.reason,
        )),
        _ => Ok((request.token(&response)?, Some(sign_in))),
    }
}

/// Gets a token for the token service with the sign-in form.
async fn fill_in_form(
    transport: &Transport,
    credentials: &Credentials,
    token_service: Url,
    challenge: &Challenge,
) -> Result<SignIn, ClientError> {
    let request = TokenRequest::new(transport, challenge)?;
    let response = request
        .send_to_first(transport, &challenge.locations, ACCEPT_TOKENS)
        .await?;
    if response.status != StatusCode::MULTIPLE_CHOICES {
        return Err(response.unexpected());
    }
    let TokenChoices { choices } = response.message(TokenChoices::from_xml)?;
    let forms = choices
        .iter()
        .find(|choice| choice.protocol == Choice::EXPLICIT_FORMS);
    let Some(forms) = forms else {
        let offered: Vec<_> = choices
            .iter()
            .map(|choice| short_line(&choice.protocol))
            .collect();
        return Err(ClientError::NoForms(offered.join(", ")));
    };
    let location = usable_url("the location of the sign-in form", &forms.location)?;
    let response = request.send(transport, &location, ACCEPT_FORMS).await?;
    let Some(form) = form(&response)? else {
        return SignIn::of(token_service, &response);
    };
    let (url, post) = fill(&form, credentials, &location)?;
    let response = transport
        .send(Call {
            url: &url,
            body: Some((media_type::URL_ENCODED, post.expose_secret().as_bytes())),
            accept: ACCEPT_FORMS,
            token: None,
            cookies: cookies(&response.headers).as_ref(),
        })
        .await?;
    match self::form(&response)? {
        None => SignIn::of(token_service, &response),
        Some(form) => Err(refusal(&form)),
    }
}

/// Request for a token of one service.
struct TokenRequest {
    message: RequestToken,
    root: Url,
}

impl TokenRequest {
    /// Creates the request that a challenge demands. The token has to be for the server of the
    /// store, because it will be sent there.
    fn new(transport: &Transport, challenge: &Challenge) -> Result<Self, ClientError> {
        let root = usable_url("serviceroot-hint", &challenge.service_root_hint)?;
        transport.check(&root)?;
        let message = RequestToken {
            for_service: challenge.realm.clone(),
            for_service_url: challenge.service_root_hint.clone(),
            template: String::new(),
            requested_lifetime: None,
        };
        Ok(Self { message, root })
    }

    /// Sends the request to the first reachable location at the server of the store.
    async fn send_to_first(
        &self,
        transport: &Transport,
        locations: &[String],
        accept: &'static str,
    ) -> Result<Response, ClientError> {
        let mut failed = ClientError::BadLink { part: "locations" };
        for location in locations {
            let location = usable_url("locations", location)?;
            match self.send(transport, &location, accept).await {
                Err(
                    error @ (ClientError::Unreachable { .. }
                    | ClientError::TooSlow { .. }
                    | ClientError::OtherAudience { .. }),
                ) => failed = error,
                result => return result,
            }
        }
        Err(failed)
    }

    async fn send(
        &self,
        transport: &Transport,
        url: &Url,
        accept: &'static str,
    ) -> Result<Response, ClientError> {
        let body = self.message.to_xml();
        let body = Some((media_type::REQUEST_TOKEN, body.as_slice()));
        transport
            .send(Call {
                url,
                body,
                accept,
                token: None,
                cookies: None,
            })
            .await
    }

    /// Reads the token of a response.
    fn token(&self, response: &Response) -> Result<Token, ClientError> {
        let text = issued_token(response)?.token;
        Ok(Token {
            header: authorization(&text)?,
            text,
            root: self.root.clone(),
        })
    }
}

/// Reads the token of a response.
fn issued_token(response: &Response) -> Result<RequestTokenResponse, ClientError> {
    match response.status {
        StatusCode::OK => response.message(RequestTokenResponse::from_xml),
        _ => Err(response.unexpected()),
    }
}

/// Returns the value of the `Authorization` header for a token.
fn authorization(token: &SecretString) -> Result<HeaderValue, ClientError> {
    let mut header = HeaderValue::from_str(&format!("CitrixAuth {}", token.expose_secret()))
        .map_err(|_| ClientError::BadLink { part: "a token" })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Reads the form of a response. Returns `None` if the response contains a token.
fn form(response: &Response) -> Result<Option<Form>, ClientError> {
    if response.status != StatusCode::OK {
        return Err(response.unexpected());
    }
    let content_type = response
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| media_type::is(value, media_type::REQUEST_TOKEN_RESPONSE)) {
        return Ok(None);
    }
    response.message(Form::from_xml).map(Some)
}

/// Fills a form. Returns the URL to post it to, and the body.
fn fill(
    form: &Form,
    credentials: &Credentials,
    location: &Url,
) -> Result<(Url, SecretString), ClientError> {
    let Some(post_back) = &form.post_back else {
        return Err(refusal(form));
    };
    let url = location.join(post_back);
    let url = url.map_err(|_| ClientError::BadLink { part: "PostBack" })?;
    let has = |id: &str| {
        form.requirements
            .iter()
            .any(|requirement| requirement.id.as_deref() == Some(id))
    };
    let is_fillable = |id: &str| matches!(id, "username" | "password" | "domain");
    let has_unknown_field = form.requirements.iter().any(|requirement| {
        matches!(requirement.kind, RequirementKind::Text { .. })
            && requirement.id.as_deref().is_some_and(|id| !is_fillable(id))
    });
    if has_unknown_field || !has("username") || !has("password") {
        return Err(ClientError::MoreAsked);
    }
    // Like the vendor's client: the domain goes into its own field if the form has one (CA-62).
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

/// Returns the error for a form that came instead of a token.
fn refusal(form: &Form) -> ClientError {
    let labels = form
        .requirements
        .iter()
        .filter(|requirement| requirement.label_type == "error");
    let texts: Vec<_> = labels
        .filter_map(|requirement| requirement.label.as_deref())
        .map(short_line)
        .collect();
    let log_message = form.log_message.as_deref().filter(|text| !text.is_empty());
    let message = match texts.is_empty() {
        true => short_line(log_message.unwrap_or(&form.status.0)),
        false => texts.join(" "),
    };
    if form.status == FormStatus::SERVICE_UNAVAILABLE {
        return ClientError::SignInUnavailable(message);
    }
    if texts.is_empty() && form.result == FormResult::UPDATE_CREDENTIALS {
        return ClientError::PasswordChange;
    }
    if texts.is_empty() && form.result == FormResult::MORE_INFO {
        return ClientError::MoreAsked;
    }
    ClientError::SignInRefused(message)
}

/// Returns the cookies of a response as a `Cookie` header: names and values without attributes.
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
