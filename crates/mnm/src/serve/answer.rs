//! Answers of the loopback server: the API's in JSON, and refusals in plain text.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use mnm_engine::Error;
use serde::Serialize;

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

/// The error for a browser that is not paired, or whose proof is wrong.
pub(crate) fn unknown_browser() -> Response {
    let why = "This browser is not known here. Open the pages with mnm.";
    error(StatusCode::UNAUTHORIZED, RequestErrorCode::UnknownBrowser, why)
}

/// An error in plain text.
pub(crate) fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{why}\n"))
        .into_response()
}
