//! Authentication of a paired browser: after a reload, and after a restart of the app.
//!
//! Browser and app share a key that no script can read out of the browser. The app has to prove
//! itself first, because another program may listen on the port while the app is away:
//!
//! 1. `hello`: the browser's number and random bytes; the app answers with its own and a proof;
//! 2. `enter`: the browser's proof, answered with the secrets of one page, valid for this run;
//! 3. `register`, once per browser: an opening token and the key, answered likewise.
//!
//! A proof is an HMAC over the role, the port, and the random bytes of both. With the port in it, a
//! program on another port of this machine cannot relay the questions to the app.

use std::{sync::Arc, time::Instant};

use aws_lc_rs::hmac;
use axum::{Json, extract::State, http::StatusCode, response::Response};
use data_encoding::BASE64URL_NOPAD;
use mnm_engine::view::BrowserId;
use serde::{Deserialize, Serialize};

use super::{
    answer::{RequestErrorCode, error, ok, refusal, unknown_browser},
    app::App,
    assets,
    auth::{Challenge, PageSecrets, Secret, decode, random},
};

/// The role in a proof. All of one length.
const APP: &[u8; 13] = b"mnm app here\n";
const BROWSER: &[u8; 13] = b"mnm browser!\n";
/// Longest label of a browser, bytes.
const LABEL_MAX: usize = 200;

/// Step 1: `POST /api/browser/hello`. Bytes are base64url without padding, here and below.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Hello {
    /// Its number from pairing.
    browser: BrowserId,
    /// The browser's random bytes.
    nonce: String,
}

/// The answer to [`Hello`].
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Greeting {
    /// The app's random bytes.
    nonce: String,
    /// Proves that the app has the key.
    proof: String,
}

/// Step 2: `POST /api/browser/enter`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Enter {
    /// The app's random bytes, which identify the challenge.
    nonce: String,
    /// Proves that the browser has the key.
    proof: String,
    /// Opening token of the address of this page; it is consumed.
    token: Option<String>,
}

/// Step 3: `POST /api/browser/register`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// Opening token of the address of this page; it is consumed.
    token: String,
    /// The new key of the browser.
    key: String,
    /// Label of the browser; at most 200 bytes.
    label: String,
}

/// The answer to [`Enter`] and [`Register`]: the secrets of one page, valid until the app ends.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pass {
    /// The browser's number.
    browser: BrowserId,
    /// For the header of requests.
    page: String,
    /// For addresses of attachments, which the browser fetches by itself.
    files: String,
    /// Build of the app's pages.
    pages: &'static str,
}

/// `POST /api/browser/hello`.
pub(crate) async fn hello(State(app): State<Arc<App>>, Json(asked): Json<Hello>) -> Response {
    let Some(theirs) = decode(&asked.nonce) else { return unknown_browser() };
    let key = match app.engine.browser_key(asked.browser).await {
        Ok(Some(key)) => key,
        Ok(None) => return unknown_browser(),
        Err(failed) => return refusal(&failed),
    };
    let Ok(ours) = random() else { return no_random() };
    let proof = hmac::sign(&hmac_key(&key), &statement(APP, app.port, &theirs, &ours));
    let greeting = Greeting {
        nonce: BASE64URL_NOPAD.encode(&*ours),
        proof: BASE64URL_NOPAD.encode(proof.as_ref()),
    };
    let challenge = Challenge { browser: asked.browser, ours, theirs };
    app.auth.challenge(challenge, Instant::now());
    ok(greeting)
}

/// `POST /api/browser/enter`.
pub(crate) async fn enter(State(app): State<Arc<App>>, Json(answer): Json<Enter>) -> Response {
    let now = Instant::now();
    let challenge = decode(&answer.nonce).and_then(|ours| app.auth.take_challenge(&ours, now));
    let Some(Challenge { browser, ours, theirs }) = challenge else { return unknown_browser() };
    // Read again: it may have been revoked meanwhile.
    let key = match app.engine.browser_key(browser).await {
        Ok(Some(key)) => key,
        Ok(None) => return unknown_browser(),
        Err(failed) => return refusal(&failed),
    };
    let proof = BASE64URL_NOPAD.decode(answer.proof.as_bytes()).unwrap_or_default();
    let said = statement(BROWSER, app.port, &theirs, &ours);
    if hmac::verify(&hmac_key(&key), &said, &proof).is_err() {
        return unknown_browser();
    }
    if let Some(token) = &answer.token {
        app.auth.redeem(token, now);
    }
    if let Err(failed) = app.engine.browser_used(browser).await {
        tracing::warn!(%failed, "the return of a browser was not noted");
    }
    let given = admit(&app, browser);
    // A browser revoked since the key was read must not stay.
    match app.engine.browser_key(browser).await {
        Ok(Some(_)) | Err(_) => given,
        Ok(None) => {
            app.auth.shut_out(browser);
            unknown_browser()
        }
    }
}

/// `POST /api/browser/register`.
pub(crate) async fn register(State(app): State<Arc<App>>, Json(asked): Json<Register>) -> Response {
    let Some(key) = decode(&asked.key).filter(|_| asked.label.len() <= LABEL_MAX) else {
        return error(
            StatusCode::BAD_REQUEST,
            RequestErrorCode::Malformed,
            "No key, or too long a label.",
        );
    };
    if !app.auth.redeem(&asked.token, Instant::now()) {
        return unknown_browser();
    }
    match app.engine.add_browser(&asked.label, key).await {
        Ok(browser) => admit(&app, browser),
        Err(failed) => refusal(&failed),
    }
}

fn admit(app: &App, browser: BrowserId) -> Response {
    match app.auth.admit(browser) {
        Ok(PageSecrets { page, files }) => {
            ok(Pass { browser, page, files, pages: assets::version() })
        }
        Err(_) => no_random(),
    }
}

fn hmac_key(key: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())
}

/// The input of a proof: each part has a fixed length.
fn statement(side: &[u8; 13], port: u16, theirs: &Secret, ours: &Secret) -> Vec<u8> {
    [side.as_slice(), &port.to_be_bytes(), theirs.as_slice(), ours.as_slice()].concat()
}

fn no_random() -> Response {
    let why = "The system gives no random numbers.";
    error(StatusCode::INTERNAL_SERVER_ERROR, RequestErrorCode::Internal, why)
}
