//! `GET /api/events`: the engine's events, as server-sent events, until the app ends or the page's
//! browser is revoked.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{
        Sse,
        sse::{Event as Line, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use mnm_engine::event::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{app::App, auth::Caller};

/// Interval of comments, by which a page notices that the app is gone.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The receiver is subscribed before the head of the answer is sent: a client that has the head
/// misses no later event.
pub(crate) async fn watch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Sse<impl Stream<Item = Result<Line, Infallible>>> {
    let events = app.engine.events();
    let shut_out = match caller {
        Caller::Page(end) => end,
        Caller::CommandLine => CancellationToken::new(),
    };
    let lines = stream::unfold((events, app, shut_out), |(mut events, app, shut_out)| async move {
        let event = tokio::select! {
            () = app.stop.cancelled() => return None,
            () = shut_out.cancelled() => return None,
            event = events.recv() => match event {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => Event::Lagged,
                Err(RecvError::Closed) => return None,
            },
        };
        let line = Line::default().json_data(&event).unwrap_or_else(|error| {
            tracing::error!(%error, "an event can't be written as JSON");
            Line::default().comment("lost")
        });
        Some((Ok(line), (events, app, shut_out)))
    });
    Sse::new(lines).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
