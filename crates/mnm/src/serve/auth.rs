//! Who may use the loopback server.
//!
//! Everybody on this machine can connect to a loopback port, and any web page can make the browser
//! do so; only what carries one of these secrets is served:
//!
//! - an *opening* token, good once and for ten minutes, in the address that opens the pages; it is
//!   traded for
//! - a *session*, in a cookie that scripts can't read and other sites can't send;
//! - the *bearer* token of `app.json`, for the command line.
//!
//! All are 32 random bytes. They live in memory only (the bearer also in `app.json`), and are
//! compared in constant time, all candidates every time.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// How long an opening address is good for.
const OPENING_LIFE: Duration = Duration::from_secs(10 * 60);
/// Openings that may be outstanding, and sessions that may exist; beyond it the oldest goes.
const SECRETS_MAX: usize = 64;

/// 32 secret bytes.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// How a request has shown that it may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A page, by its cookie.
    Page,
    /// The command line, by the bearer token.
    CommandLine,
}

/// The secrets of one running server.
pub(crate) struct Auth {
    cookie_name: String,
    bearer: Secret,
    openings: Mutex<Vec<(Instant, Secret)>>,
    sessions: Mutex<Vec<Secret>>,
}

impl Auth {
    /// For the server on `port`: cookies are shared by all ports of a host, hence its own name.
    pub(crate) fn new(port: u16) -> Result<Self, getrandom::Error> {
        Ok(Self {
            cookie_name: format!("mnm_{port}"),
            bearer: random()?,
            openings: Mutex::default(),
            sessions: Mutex::default(),
        })
    }

    /// The bearer token as it is written into `app.json`.
    pub(crate) fn bearer_text(&self) -> String {
        BASE64URL_NOPAD.encode(&*self.bearer)
    }

    /// Makes a token for one address that opens the pages.
    pub(crate) fn opening(&self, now: Instant) -> Result<String, getrandom::Error> {
        let secret = random()?;
        let text = BASE64URL_NOPAD.encode(&*secret);
        let mut openings = lock(&self.openings);
        openings.retain(|(until, _)| *until > now);
        make_room(&mut openings);
        openings.push((now + OPENING_LIFE, secret));
        Ok(text)
    }

    /// Trades an opening token for a session and gives the value of `Set-Cookie`; none when the
    /// token is unknown, used or too old.
    pub(crate) fn redeem(
        &self,
        token: &str,
        now: Instant,
    ) -> Result<Option<String>, getrandom::Error> {
        let Some(token) = decode(token) else { return Ok(None) };
        let mut openings = lock(&self.openings);
        openings.retain(|(until, _)| *until > now);
        let before = openings.len();
        openings.retain(|(_, secret)| !bool::from(secret.ct_eq(&*token)));
        if openings.len() == before {
            return Ok(None);
        }
        drop(openings);
        self.new_session().map(Some)
    }

    fn new_session(&self) -> Result<String, getrandom::Error> {
        let secret = random()?;
        let cookie = format!(
            "{}={}; HttpOnly; SameSite=Strict; Path=/",
            self.cookie_name,
            BASE64URL_NOPAD.encode(&*secret)
        );
        let mut sessions = lock(&self.sessions);
        make_room(&mut sessions);
        sessions.push(secret);
        Ok(cookie)
    }

    /// What the headers of a request prove. A wrong bearer is not excused by a right cookie.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        match headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let token = value.to_str().ok()?.strip_prefix("Bearer ")?;
                let right = self.bearer.ct_eq(&*decode(token)?);
                bool::from(right).then_some(Caller::CommandLine)
            }
            None => self.has_session(headers).then_some(Caller::Page),
        }
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let sessions = lock(&self.sessions);
        cookies(headers)
            .filter(|(name, _)| *name == self.cookie_name)
            .filter_map(|(_, value)| decode(value))
            .any(|value| known(&sessions, &value))
    }

    /// Answers the command line's question whether this is the app that wrote `app.json`: the
    /// question proves that the asker knows the bearer token, the answer that we do, and neither
    /// gives it away. None when the question proves nothing.
    pub(crate) fn answer_hello(&self, question: &str) -> Option<String> {
        let (nonce, proof) = question.split_once('.')?;
        let (nonce, proof) = (decode(nonce)?, decode(proof)?);
        let right = hello_proof(&self.bearer, HelloSide::CommandLine, &nonce).ct_eq(&*proof);
        bool::from(right)
            .then(|| BASE64URL_NOPAD.encode(&*hello_proof(&self.bearer, HelloSide::App, &nonce)))
    }
}

/// Who proves knowledge of the bearer token; keeps one side's proof from passing as the other's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HelloSide {
    /// Who asks.
    CommandLine,
    /// Who answers.
    App,
}

/// The proof: a hash over side, nonce and token, all of fixed length.
pub(crate) fn hello_proof(bearer: &Secret, side: HelloSide, nonce: &Secret) -> Secret {
    let label: &[u8; 13] = match side {
        HelloSide::CommandLine => b"mnm hello ask",
        HelloSide::App => b"mnm hello app",
    };
    let mut hash = Sha256::new();
    hash.update(label);
    hash.update(nonce.as_slice());
    hash.update(bearer.as_slice());
    Zeroizing::new(hash.finalize().into())
}

/// 32 bytes from the system's random source.
pub(crate) fn random() -> Result<Secret, getrandom::Error> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret)?;
    Ok(secret)
}

/// Reads a secret from its text; none unless it is exactly 32 bytes of base64url.
pub(crate) fn decode(text: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    let array: [u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(Zeroizing::new(array))
}

fn known(secrets: &[Secret], value: &Secret) -> bool {
    let found =
        secrets.iter().fold(Choice::from(0), |found, secret| found | secret.ct_eq(&**value));
    bool::from(found)
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn make_room<T>(secrets: &mut Vec<T>) {
    if secrets.len() >= SECRETS_MAX {
        secrets.remove(0);
    }
}

/// The lists are valid after every single change, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
