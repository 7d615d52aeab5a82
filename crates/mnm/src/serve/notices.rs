//! `GET /api/notices`: notices for the page that shows them, one of a browser's, until the app ends or
//! the browser is revoked.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    extract::State,
    response::{
        Sse,
        sse::{Event as Line, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use tokio_util::sync::CancellationToken;

use super::{app::App, auth::Caller, events::KEEP_ALIVE};

/// `GET /api/notices`.
pub(crate) async fn watch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Sse<impl Stream<Item = Result<Line, Infallible>>> {
    let notices = app.pages.add();
    let shut_out = match caller {
        Caller::Page(end) => end,
        Caller::CommandLine => CancellationToken::new(),
    };
    let lines =
        stream::unfold((notices, app, shut_out), |(mut notices, app, shut_out)| async move {
            let notice = tokio::select! {
                () = app.stop.cancelled() => return None,
                () = shut_out.cancelled() => return None,
                notice = notices.recv() => notice?,
            };
            let line = Line::default().json_data(&notice).unwrap_or_else(|error| {
                tracing::error!(%error, "a notice can't be written as JSON");
                Line::default().comment("lost")
            });
            Some((Ok(line), (notices, app, shut_out)))
        });
    Sse::new(lines).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
