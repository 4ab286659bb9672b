//! Whole sign-ins, as a client makes them: from the first refused request to a token for the store.
//!
//! Six requests each (citrixauth.md §2, steps 1 to 6), with every URL taken from the answer before,
//! on a connection that is kept.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hyper::header::{SET_COOKIE, WWW_AUTHENTICATE};
use roamd_store_proto::auth::{
    Challenge, Choice, Form, FormPost, RequestToken, RequestTokenResponse, TokenChoices,
};
use roamd_store_proto::media_type;
use secrecy::{ExposeSecret, SecretString};

use crate::http::{Answer, Connection, runtime};
use crate::load::{Load, each};
use crate::setup::{DOMAIN, Gateway, PASSWORD, Setup, USER, split};

/// What a load of sign-ins showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignIns {
    pub(crate) done: u64,
    pub(crate) duration: Duration,
    /// Processor time of gateway and farm for each.
    pub(crate) gateway_cpu_each: Duration,
    pub(crate) farm_cpu_each: Duration,
}

/// Signs in once.
pub(crate) fn once(gateway: &Gateway) -> Result<SecretString> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(gateway.address).await?;
        sign_in(&mut connection, &gateway.store).await
    })
}

/// Signs in again and again on many connections.
pub(crate) fn run(setup: &Setup, load: Load) -> Result<SignIns> {
    // The first one fills caches and opens the way to the farm.
    once(&setup.gateway)?;
    let before = (setup.gateway.service.usage()?, setup.farm.usage()?);
    let start = Instant::now();
    let done = runtime()?.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..load.connections {
            let (address, store) = (setup.gateway.address, setup.gateway.store.clone());
            workers.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut done = 0;
                while start.elapsed() < load.duration {
                    sign_in(&mut connection, &store).await?;
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
    let after = (setup.gateway.service.usage()?, setup.farm.usage()?);
    Ok(SignIns {
        done,
        duration,
        gateway_cpu_each: each(after.0.cpu.saturating_sub(before.0.cpu), done),
        farm_cpu_each: each(after.1.cpu.saturating_sub(before.1.cpu), done),
    })
}

async fn sign_in(connection: &mut Connection, store: &str) -> Result<SecretString> {
    // 1. The store asks for a token of its own.
    let (_, path) = split(&format!("{store}/sessions/v1/available"))?;
    let headers = [
        ("Content-Type", media_type::SESSION_PARAMS),
        ("Accept", media_type::SESSION_STATE),
    ];
    let store = challenge(&connection.post(&path, &headers, Vec::new()).await?)?;

    // 2. The token service asks for one, too.
    let for_store = request_token(&store);
    let token_service = first_location(&store)?;
    let answer = post_message(connection, &token_service, &for_store, None).await?;
    let primary = challenge(&answer)?;

    // 3. The protocols service tells how to get it.
    let for_token_service = request_token(&primary);
    let protocols = first_location(&primary)?;
    let answer = post_message(connection, &protocols, &for_token_service, None).await?;
    ensure!(
        answer.status == 300,
        "the protocols service answered {}",
        answer.status
    );
    let choices = TokenChoices::from_xml(&answer.body)?.choices;
    let forms = choices
        .iter()
        .find(|Choice { protocol, .. }| protocol == Choice::EXPLICIT_FORMS)
        .context("no forms are offered")?;

    // 4. A form.
    let answer = post_message(connection, &forms.location, &for_token_service, None).await?;
    ensure!(
        answer.status == 200,
        "the start of forms answered {}",
        answer.status
    );
    let cookie = answer
        .headers
        .get(SET_COOKIE)
        .context("no cookie was set")?
        .to_str()?;
    let cookie = cookie.split(';').next().unwrap_or_default();
    let form = Form::from_xml(&answer.body)?;

    // 5. The form, filled in, for the primary token.
    let post = FormPost {
        state_context: form.state_context,
        user_name: Some(format!("{DOMAIN}\\{USER}")),
        password: Some(PASSWORD.into()),
        ..FormPost::default()
    };
    let headers = [
        ("Content-Type", media_type::URL_ENCODED),
        ("Accept", ACCEPT_FORMS),
        ("Cookie", cookie),
    ];
    let path = path_of(&form.post_back.context("the form has no place to post to")?)?;
    let body = post.to_url_encoded().expose_secret().as_bytes().to_vec();
    let answer = connection.post(&path, &headers, body).await?;
    ensure!(
        answer.status == 200,
        "the filled form was answered {}",
        answer.status
    );
    let primary = RequestTokenResponse::from_xml(&answer.body)?.token;

    // 6. The primary token, for a token for the store.
    let answer = post_message(connection, &token_service, &for_store, Some(&primary)).await?;
    ensure!(
        answer.status == 200,
        "the token service answered {}",
        answer.status
    );
    Ok(RequestTokenResponse::from_xml(&answer.body)?.token)
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
) -> Result<Answer> {
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

fn challenge(answer: &Answer) -> Result<Challenge> {
    if answer.status != 401 {
        bail!("status {} instead of a challenge", answer.status);
    }
    let header = answer
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

/// The path of a URL, which a form may give alone.
fn path_of(url: &str) -> Result<String> {
    if url.starts_with('/') {
        Ok(url.to_owned())
    } else {
        Ok(split(url)?.1)
    }
}
