//! Middleware of the loopback server: checks before every handler, and headers on every answer.
//!
//! In this order: `Host` must be ours (a name rebound to 127.0.0.1 is not), `Origin` must be ours
//! if present, the browser must not say that another site caused the request, then the caller is
//! authenticated, and a page that changes something must show that it is our page. Unauthenticated
//! callers get the pages' own files, which contain nothing personal, and may authenticate
//! themselves ([`super::browser`]).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::answer::{refuse, unknown_browser};
use super::{app::App, auth::Caller, worker};

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'none'; \
     base-uri 'none'; frame-ancestors 'none'";

/// On every answer, unless the handler has set its own.
static DEFAULTS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), hid=(), \
         display-capture=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// Runs the checks, then the handler, then adds the headers.
pub(crate) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&app, &request) {
        Ok(Admitted::Caller(caller)) => {
            let mut request = request;
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(Admitted::Anyone) => next.run(request).await,
        Ok(Admitted::Answered(response)) | Err(response) => response,
    };
    for (name, value) in &DEFAULTS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

enum Admitted {
    /// May proceed to the handler.
    Caller(Caller),
    /// May too, without authentication: the pages' own files, and requests to authenticate.
    Anyone,
    /// Needs no handler: the command line's hello, or a request for a worker's script.
    Answered(Response),
}

#[expect(clippy::result_large_err, reason = "the refusal is the response itself")]
fn admit(app: &App, request: &Request) -> Result<Admitted, Response> {
    let (headers, path) = (request.headers(), request.uri().path());
    check_host(app, request.uri(), headers)?;
    let from_our_page = check_origin(app, headers)?;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(response) = worker::farewell(headers) {
        return Ok(Admitted::Answered(response));
    }
    // The page may be opened from anywhere; by itself it shows nothing.
    if reads && path == "/" {
        return Ok(Admitted::Anyone);
    }
    check_site(headers)?;
    if let Some(response) = hello(app, request) {
        return Ok(Admitted::Answered(response));
    }
    let open = path.starts_with("/api/browser/");
    if !(open || path == "/api" || path.starts_with("/api/")) {
        return Ok(Admitted::Anyone);
    }
    let caller = if open { None } else { Some(caller(app, request)?) };
    if matches!(caller, None | Some(Caller::Page(_))) && !reads && !from_our_page {
        return Err(refuse(StatusCode::FORBIDDEN, "A change must come from our own page."));
    }
    Ok(caller.map_or(Admitted::Anyone, Admitted::Caller))
}

/// The caller, by its headers, or by the address if the browser fetches an attachment by itself.
#[expect(clippy::result_large_err, reason = "the refusal is the response itself")]
fn caller(app: &App, request: &Request) -> Result<Caller, Response> {
    let (headers, uri) = (request.headers(), request.uri());
    let found = if headers.contains_key(header::AUTHORIZATION) {
        app.auth.caller(headers)
    } else if request.method() == Method::GET && uri.path().starts_with("/api/attachments/") {
        let mut pairs = uri.query().unwrap_or_default().split('&');
        pairs.find_map(|pair| pair.strip_prefix("pass=")).and_then(|pass| app.auth.reader(pass))
    } else {
        None
    };
    found.ok_or_else(unknown_browser)
}

/// The accepted values of `Host`: by number or `localhost`.
#[expect(clippy::result_large_err, reason = "the refusal is the response itself")]
fn check_host(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), Response> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let only = hosts.next().is_none();
    let ours = |host: &str| app.hosts.iter().any(|ours| ours == host);
    let uri_agrees = uri.authority().is_none_or(|authority| ours(authority.as_str()));
    if only && host.is_some_and(ours) && uri_agrees {
        Ok(())
    } else {
        Err(refuse(StatusCode::MISDIRECTED_REQUEST, "This server is not called that."))
    }
}

/// Whether the browser vouches that our own page made the request; an error if it says that another
/// did.
#[expect(clippy::result_large_err, reason = "the refusal is the response itself")]
fn check_origin(app: &App, headers: &HeaderMap) -> Result<bool, Response> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return Ok(headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin"));
    }
    let own = |origin: &HeaderValue| {
        origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")) == Some(host)
    };
    if origins.all(own) && app.hosts.iter().any(|ours| ours == host) {
        Ok(true)
    } else {
        Err(refuse(StatusCode::FORBIDDEN, "Another site's page can't use this server."))
    }
}

/// Browsers send who caused a request; `none` is the person at the address bar.
#[expect(clippy::result_large_err, reason = "the refusal is the response itself")]
fn check_site(headers: &HeaderMap) -> Result<(), Response> {
    match headers.get("sec-fetch-site") {
        None => Ok(()),
        Some(site) if site == "same-origin" || site == "none" => Ok(()),
        Some(_) => Err(refuse(StatusCode::FORBIDDEN, "Another site can't use this server.")),
    }
}

/// `GET /api/hello` with `Authorization: Hello NONCE.PROOF`; see [`super::auth::Auth::answer_hello`].
fn hello(app: &App, request: &Request) -> Option<Response> {
    if request.method() != Method::GET || request.uri().path() != "/api/hello" {
        return None;
    }
    let question = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let answer = app.auth.answer_hello(question.strip_prefix("Hello ")?)?;
    Some(answer.into_response())
}
