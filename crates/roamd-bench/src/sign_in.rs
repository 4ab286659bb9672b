//! Whole sign-ins, from the first refused request to a token for the store.
//!
//! Each takes six requests over one connection (citrixauth.md §2, steps 1 to 6). Every URL comes
//! from the response before.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hyper::header::{SET_COOKIE, WWW_AUTHENTICATE};
use roamd_store_proto::auth::{
    Challenge, Choice, Form, FormPost, RequestToken, RequestTokenResponse, TokenChoices,
};
use roamd_store_proto::media_type;
use secrecy::{ExposeSecret, SecretString};

use crate::http::{Connection, HttpResponse, runtime};
use crate::load::{Load, per_request};
use crate::process::Process;
use crate::setup::ServerProcess;
use crate::url::path_of_url;
use crate::world::{DOMAIN, PASSWORD, USER};

/// Credentials for a sign-in. The domain is that of the world.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// User name.
    pub user: &'a str,
    /// Password.
    pub password: &'a str,
}

/// What a sign-in has given.
pub struct SignedIn {
    /// URL of the token service.
    pub token_service: String,
    /// Token for the token service.
    pub primary: SecretString,
    /// Token for the store.
    pub store: SecretString,
}

/// The form of a sign-in in progress.
pub struct SignInForm {
    token_service: String,
    for_store: RequestToken,
    cookie: String,
    form: Form,
}

/// Results of a load of sign-ins.
#[derive(Clone, Copy, Debug)]
pub struct SignIns {
    /// Number of sign-ins.
    pub count: u64,
    /// Duration of the load.
    pub duration: Duration,
    /// Processor time of the server for one sign-in.
    pub server_cpu: Duration,
    /// Processor time of the farm for one sign-in.
    pub farm_cpu: Duration,
}

/// Signs in once and returns the token for the store.
///
/// # Errors
/// If a request fails or gets another response than expected.
pub fn sign_in_once(server: &ServerProcess) -> Result<SecretString> {
    runtime()?.block_on(async {
        let mut connection = server.connect().await?;
        let signed_in = sign_in(&mut connection, &server.store, Account::of(USER)).await?;
        Ok(signed_in.store)
    })
}

/// Signs in at a server in front of this farm repeatedly, over many connections.
///
/// # Errors
/// If a sign-in fails.
pub fn measure_sign_ins(server: &ServerProcess, farm: &Process, load: Load) -> Result<SignIns> {
    // The first one fills caches and opens connections to the farm.
    sign_in_once(server)?;
    let before = (server.process.usage()?, farm.usage()?);
    let start = Instant::now();
    let count = runtime()?.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..load.connections {
            let (address, store) = (server.address, server.store.clone());
            workers.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut done = 0;
                while start.elapsed() < load.duration {
                    sign_in(&mut connection, &store, Account::of(USER)).await?;
                    done += 1;
                }
                anyhow::Ok(done)
            });
        }
        let mut done = 0_u64;
        while let Some(worker) = workers.join_next().await {
            done += worker??;
        }
        anyhow::Ok(done)
    })?;
    let duration = start.elapsed();
    let after = (server.process.usage()?, farm.usage()?);
    Ok(SignIns {
        count,
        duration,
        server_cpu: per_request(after.0.cpu.saturating_sub(before.0.cpu), count),
        farm_cpu: per_request(after.1.cpu.saturating_sub(before.1.cpu), count),
    })
}

impl<'a> Account<'a> {
    /// A user of the world with the right password.
    #[must_use]
    pub fn of(user: &'a str) -> Self {
        Self {
            user,
            password: PASSWORD,
        }
    }
}

/// Signs in over a connection, for a store that is given by its URL.
///
/// # Errors
/// If a request fails or gets another response than expected.
pub async fn sign_in(
    connection: &mut Connection,
    store: &str,
    account: Account<'_>,
) -> Result<SignedIn> {
    let opened = SignInForm::open(connection, store).await?;
    opened.complete(connection, account).await
}

impl SignInForm {
    /// Gets the form of a new sign-in over a connection, for a store that is given by its URL.
    ///
    /// # Errors
    /// If a request fails or gets another response than expected.
    pub async fn open(connection: &mut Connection, store: &str) -> Result<Self> {
        // 1. The store requires a token.
        let path = path_of_url(&format!("{store}/sessions/v1/available"))?;
        let headers = [
            ("Content-Type", media_type::SESSION_PARAMS),
            ("Accept", media_type::SESSION_STATE),
        ];
        let store = challenge(&connection.post(&path, &headers, Vec::new()).await?)?;

        // 2. The token service requires a primary token.
        let for_store = request_token(&store);
        let token_service = first_location(&store)?;
        let response = post_message(connection, &token_service, &for_store, None).await?;
        let primary = challenge(&response)?;

        // 3. The protocols service lists how to get it.
        let for_token_service = request_token(&primary);
        let protocols = first_location(&primary)?;
        let response = post_message(connection, &protocols, &for_token_service, None).await?;
        ensure!(
            response.status == 300,
            "the protocols service responded with {}",
            response.status
        );
        let choices = TokenChoices::from_xml(&response.body)?.choices;
        let forms = choices
            .iter()
            .find(|Choice { protocol, .. }| protocol == Choice::EXPLICIT_FORMS)
            .context("the server offers no forms")?;

        // 4. The forms service sends a form.
        let response = post_message(connection, &forms.location, &for_token_service, None).await?;
        ensure!(
            response.status == 200,
            "the start of forms responded with {}",
            response.status
        );
        let cookie = response
            .headers
            .get(SET_COOKIE)
            .context("no cookie was set")?
            .to_str()?;
        Ok(Self {
            token_service,
            for_store,
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
            form: Form::from_xml(&response.body)?,
        })
    }

    /// Completes the sign-in.
    ///
    /// # Errors
    /// As of [`SignInForm::open`].
    pub async fn complete(
        self,
        connection: &mut Connection,
        account: Account<'_>,
    ) -> Result<SignedIn> {
        // 5. The completed form gets the primary token.
        let post = FormPost {
            user_name: Some(format!("{DOMAIN}\\{}", account.user)),
            password: Some(account.password.into()),
            ..self.post()
        };
        let path = self.form.post_back.as_deref();
        let response = self.send(connection, path, &post).await?;
        let primary = RequestTokenResponse::from_xml(&response.body)?.token;

        // 6. The primary token gets a token for the store.
        let (service, for_store) = (&self.token_service, &self.for_store);
        let response = post_message(connection, service, for_store, Some(&primary)).await?;
        ensure!(
            response.status == 200,
            "the token service responded with {}",
            response.status
        );
        Ok(SignedIn {
            token_service: self.token_service,
            primary,
            store: RequestTokenResponse::from_xml(&response.body)?.token,
        })
    }

    /// Cancels the sign-in.
    ///
    /// # Errors
    /// As of [`SignInForm::open`].
    pub async fn cancel(self, connection: &mut Connection) -> Result<()> {
        let path = self.form.cancel_post_back.as_deref();
        self.send(connection, path, &self.post()).await?;
        Ok(())
    }

    /// A post of the form without values.
    fn post(&self) -> FormPost {
        FormPost {
            state_context: self.form.state_context.clone(),
            ..FormPost::default()
        }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        url: Option<&str>,
        post: &FormPost,
    ) -> Result<HttpResponse> {
        let headers = [
            ("Content-Type", media_type::URL_ENCODED),
            ("Accept", ACCEPT_FORMS),
            ("Cookie", self.cookie.as_str()),
        ];
        let path = path_of(url.context("the form has no URL for its post")?)?;
        let body = post.to_url_encoded().expose_secret().as_bytes().to_vec();
        let response = connection.post(&path, &headers, body).await?;
        ensure!(
            response.status == 200,
            "the response to the form was {}",
            response.status
        );
        Ok(response)
    }
}

const ACCEPT_FORMS: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                            application/vnd.citrix.authenticateresponse-1+xml";
const ACCEPT_ALL: &str = "application/vnd.citrix.requesttokenresponse+xml, \
                          application/vnd.citrix.requesttokenchoices+xml, \
                          application/vnd.citrix.authenticateresponse-1+xml";

async fn post_message(
    connection: &mut Connection,
    url: &str,
    message: &RequestToken,
    token: Option<&SecretString>,
) -> Result<HttpResponse> {
    let path = path_of(url)?;
    let headers = [
        ("Content-Type", media_type::REQUEST_TOKEN),
        ("Accept", ACCEPT_ALL),
    ];
    let authorization = token.map(|token| format!("CitrixAuth {}", token.expose_secret()));
    let headers: Vec<(&str, &str)> = headers
        .into_iter()
        .chain(
            authorization
                .iter()
                .map(|value| ("Authorization", value.as_str())),
        )
        .collect();
    connection.post(&path, &headers, message.to_xml()).await
}

fn challenge(response: &HttpResponse) -> Result<Challenge> {
    if response.status != 401 {
        bail!("status {} instead of a challenge", response.status);
    }
    let header = response
        .headers
        .get(WWW_AUTHENTICATE)
        .context("a 401 without a challenge")?;
    Ok(header.to_str()?.parse()?)
}

fn request_token(challenge: &Challenge) -> RequestToken {
    RequestToken {
        for_service: challenge.realm.clone(),
        for_service_url: challenge.service_root_hint.clone(),
        template: String::new(),
        requested_lifetime: None,
    }
}

fn first_location(challenge: &Challenge) -> Result<String> {
    challenge
        .locations
        .first()
        .cloned()
        .context("a challenge without a location")
}

/// Returns the path of a URL, or of a form's path alone.
fn path_of(url: &str) -> Result<String> {
    if url.starts_with('/') {
        Ok(url.to_owned())
    } else {
        path_of_url(url)
    }
}
