//! HTTP API of the loopback server, `/api/`, for the pages and the command line.
//!
//! `POST /api/command` carries the engine's contract: a well-formed command is answered with status
//! 200 and `{"ok": …}`, or `{"error": {"code", "message"}}` when it was refused; only what is not a
//! command at all gets a 4xx, with an error of the same shape.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use mnm_engine::{Error, command::Command};
use serde::Serialize;
use serde_json::json;

use super::{App, auth::Caller};

/// Largest command, bytes.
pub(crate) const COMMAND_MAX: usize = 2 * 1024 * 1024;

/// `POST /api/command`.
pub(crate) async fn command(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !is_json(&headers) {
        let why = "A command must be sent as application/json.";
        return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, RequestErrorCode::Malformed, why);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            return error(
                rejection.status(),
                RequestErrorCode::Malformed,
                "The command is too long or broken off.",
            );
        }
    };
    let command: Command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(cause) => {
            // Only the position: the error of an unknown variant would repeat content.
            let why = format!("No command (line {}, column {}).", cause.line(), cause.column());
            return error(StatusCode::BAD_REQUEST, RequestErrorCode::Malformed, &why);
        }
    };
    let revoked =
        if let Command::RevokeBrowser { browser } = &command { Some(*browser) } else { None };
    let done = app.engine.command(command).await;
    if let Some(browser) = revoked {
        app.auth.shut_out(browser);
    }
    match done {
        Ok(reply) => ok(reply),
        Err(refused) => refusal(&refused),
    }
}

/// `POST /api/url`: a fresh address that opens the pages. For the command line only.
pub(crate) async fn url(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if !matches!(caller, Caller::CommandLine) {
        return not_for_pages();
    }
    match app.opening_url(Instant::now()) {
        Ok(url) => ok(json!({ "url": url })),
        Err(_) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            RequestErrorCode::Internal,
            "The system gives no random numbers.",
        ),
    }
}

/// `POST /api/stop`: stops the app after the answer. For the command line only.
pub(crate) async fn stop(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if !matches!(caller, Caller::CommandLine) {
        return not_for_pages();
    }
    app.stop.cancel();
    ok(json!({ "stopped": true }))
}

/// The body of every answer: `{"ok": …}` or `{"error": …}`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<T, E> {
    Ok(T),
    Error(E),
}

/// The error of a request that is not passed to the engine.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RequestError<'a> {
    /// For programs.
    code: RequestErrorCode,
    /// For people.
    message: &'a str,
}

/// Kinds of [`RequestError`].
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestErrorCode {
    /// The request is invalid or was cut off.
    Malformed,
    /// The body is too large.
    TooLarge,
    /// The caller has no permission.
    Refused,
    /// The browser is not paired, or was revoked.
    UnknownBrowser,
    /// A fault of this program or the system.
    Internal,
}

/// A successful request.
pub(crate) fn ok(value: impl Serialize) -> Response {
    Json(Answer::<_, ()>::Ok(value)).into_response()
}

/// An error of the engine, which is a normal answer.
pub(crate) fn refusal(refused: &Error) -> Response {
    Json(Answer::<(), _>::Error(refused)).into_response()
}

/// An invalid request.
pub(crate) fn error(status: StatusCode, code: RequestErrorCode, message: &str) -> Response {
    (status, Json(Answer::<(), _>::Error(RequestError { code, message }))).into_response()
}

fn not_for_pages() -> Response {
    error(StatusCode::FORBIDDEN, RequestErrorCode::Refused, "Only the command line can do that.")
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
