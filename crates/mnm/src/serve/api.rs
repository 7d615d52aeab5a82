//! HTTP API of the loopback server, `/api/`, for the pages and the command line.
//!
//! `POST /api/command` carries the engine's contract: a well-formed command is answered with status
//! 200 and `{"ok": …}`, or `{"error": {"code", "message"}}` when it was refused; only what is not a
//! command at all gets a 4xx, with an error of the same shape.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use mnm_engine::command::Command;
use serde_json::json;

use super::answer::{RequestErrorCode, error, ok, refusal};
use super::{app::App, auth::Caller};

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

fn not_for_pages() -> Response {
    error(StatusCode::FORBIDDEN, RequestErrorCode::Refused, "Only the command line can do that.")
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
