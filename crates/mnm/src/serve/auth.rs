//! Authentication of clients of the loopback server.
//!
//! Everybody on this machine can connect to a loopback port, and any web page can make the browser
//! do so. Only requests with one of these secrets are served:
//!
//! - an *opening* token, valid once and for ten minutes, in the address that opens the pages. With
//!   it a browser registers a *key*, by which both recognise each other after a restart
//!   ([`super::browser`]);
//! - a *page* secret, which a page gets when it has proved possession of such a key, and sends in a
//!   header; and with it a *files* secret, for the addresses of attachments, which the browser
//!   fetches by itself and may remember. Both end with this run of the app;
//! - the *bearer* token of `app.json`, for the command line.
//!
//! There is no cookie: the browser would send it to every port of this machine. All are 32 random
//! bytes, kept in memory only (the bearer also in `app.json`, the keys in the encrypted store), and
//! compared in constant time, all candidates every time.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use mnm_engine::view::BrowserId;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Validity of an opening address.
const OPENING_LIFE: Duration = Duration::from_secs(10 * 60);
/// Time for a browser to answer a challenge.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);
/// Most openings, challenges and pages at a time; beyond it the oldest is dropped.
const SECRETS_MAX: usize = 256;

/// 32 secret bytes.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// How a request was authenticated.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A page. The token is cancelled when its browser is revoked.
    Page(CancellationToken),
    /// The command line, by the bearer token.
    CommandLine,
}

/// The secrets of a page: for its header and its addresses, as text.
pub(crate) struct PageSecrets {
    pub(crate) page: String,
    pub(crate) files: String,
}

/// An authenticated page.
struct Page {
    browser: BrowserId,
    page: Secret,
    files: Secret,
    end: CancellationToken,
}

/// A challenge to a browser, valid once.
pub(crate) struct Challenge {
    pub(crate) browser: BrowserId,
    /// The app's random bytes.
    pub(crate) ours: Secret,
    /// The browser's.
    pub(crate) theirs: Secret,
}

/// The secrets of one running server.
pub(crate) struct Auth {
    bearer: Secret,
    openings: Mutex<Vec<(Instant, Secret)>>,
    challenges: Mutex<Vec<(Instant, Challenge)>>,
    pages: Mutex<Vec<Page>>,
}

impl Auth {
    /// With a fresh bearer token.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self {
            bearer: random()?,
            openings: Mutex::default(),
            challenges: Mutex::default(),
            pages: Mutex::default(),
        })
    }

    /// The bearer token as it is written into `app.json`.
    pub(crate) fn bearer_text(&self) -> String {
        BASE64URL_NOPAD.encode(&*self.bearer)
    }

    /// Makes a token for one opening address.
    pub(crate) fn opening(&self, now: Instant) -> Result<String, getrandom::Error> {
        let secret = random()?;
        let text = BASE64URL_NOPAD.encode(&*secret);
        let mut openings = lock(&self.openings);
        openings.retain(|(until, _)| *until > now);
        make_room(&mut openings);
        openings.push((now + OPENING_LIFE, secret));
        Ok(text)
    }

    /// Consumes an opening token; false if it is unknown, used or too old.
    pub(crate) fn redeem(&self, token: &str, now: Instant) -> bool {
        let Some(token) = decode(token) else { return false };
        let mut openings = lock(&self.openings);
        openings.retain(|(until, _)| *until > now);
        let before = openings.len();
        openings.retain(|(_, secret)| !bool::from(secret.ct_eq(&*token)));
        openings.len() < before
    }

    /// Stores a challenge.
    pub(crate) fn challenge(&self, challenge: Challenge, now: Instant) {
        let mut challenges = lock(&self.challenges);
        challenges.retain(|(until, _)| *until > now);
        make_room(&mut challenges);
        challenges.push((now + CHALLENGE_LIFE, challenge));
    }

    /// The challenge with these random bytes of ours; only once.
    pub(crate) fn take_challenge(&self, ours: &Secret, now: Instant) -> Option<Challenge> {
        let mut challenges = lock(&self.challenges);
        challenges.retain(|(until, _)| *until > now);
        let at = challenges.iter().position(|(_, asked)| bool::from(asked.ours.ct_eq(&**ours)))?;
        Some(challenges.remove(at).1)
    }

    /// Adds a page of a paired browser.
    pub(crate) fn admit(&self, browser: BrowserId) -> Result<PageSecrets, getrandom::Error> {
        let (page, files) = (random()?, random()?);
        let secrets = PageSecrets {
            page: BASE64URL_NOPAD.encode(&*page),
            files: BASE64URL_NOPAD.encode(&*files),
        };
        let mut pages = lock(&self.pages);
        make_room(&mut pages);
        pages.push(Page { browser, page, files, end: CancellationToken::new() });
        Ok(secrets)
    }

    /// Removes the pages of a browser, and ends their event streams.
    pub(crate) fn shut_out(&self, browser: BrowserId) {
        lock(&self.pages).retain(|page| {
            if page.browser == browser {
                page.end.cancel();
            }
            page.browser != browser
        });
    }

    /// The caller that the headers of a request prove.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        if let Some(token) = value.strip_prefix("Bearer ") {
            let right = self.bearer.ct_eq(&*decode(token)?);
            return bool::from(right).then_some(Caller::CommandLine);
        }
        let secret = decode(value.strip_prefix("Page ")?)?;
        self.page_with(|page| page.page.ct_eq(&*secret))
    }

    /// The caller that the address of an attachment proves.
    pub(crate) fn reader(&self, files: &str) -> Option<Caller> {
        let secret = decode(files)?;
        self.page_with(|page| page.files.ct_eq(&*secret))
    }

    fn page_with(&self, is: impl Fn(&Page) -> subtle::Choice) -> Option<Caller> {
        let pages = lock(&self.pages);
        let mut found = None;
        for page in &*pages {
            if bool::from(is(page)) {
                found = Some(page.end.clone());
            }
        }
        found.map(Caller::Page)
    }

    /// Answers the command line's question whether this is the app that wrote `app.json`: the
    /// question proves that the asker knows the bearer token, the answer that we do, and neither
    /// reveals it. None if the question proves nothing.
    pub(crate) fn answer_hello(&self, question: &str) -> Option<String> {
        let (nonce, proof) = question.split_once('.')?;
        let (nonce, proof) = (decode(nonce)?, decode(proof)?);
        let right = hello_proof(&self.bearer, HelloSide::CommandLine, &nonce).ct_eq(&*proof);
        bool::from(right)
            .then(|| BASE64URL_NOPAD.encode(&*hello_proof(&self.bearer, HelloSide::App, &nonce)))
    }
}

/// The role in a proof of the bearer token; keeps one side's proof from being used as the other's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HelloSide {
    /// The asker.
    CommandLine,
    /// The answerer.
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

/// Parses a secret; none unless it is exactly 32 bytes of base64url.
pub(crate) fn decode(text: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    let array: [u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(Zeroizing::new(array))
}

fn make_room<T>(secrets: &mut Vec<T>) {
    if secrets.len() >= SECRETS_MAX {
        secrets.remove(0);
    }
}

/// The lists are valid after every single change, so a panic elsewhere does not corrupt them.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
