//! Removal of a foreign service worker that another program left at this origin.
//!
//! The pages have none. A program that listened on the port while the app was away may have left
//! one in the browser, which then answers for this address without the app. Browsers check for a
//! newer script of a worker when a page is opened, bypassing the worker itself: the script served
//! here replaces it, empties its caches, unregisters it and reloads its pages.

use axum::{
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse as _, Response},
};

use super::assets::{CACHE, CLEAR_SITE_DATA};

const SCRIPT: &str = r#"addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(leave()));
async function leave() {
  for (const name of await caches.keys()) await caches.delete(name);
  await registration.unregister();
  for (const page of await clients.matchAll({ type: "window" })) page.navigate("/").catch(() => undefined);
}
"#;

/// The answer to a request for the script of a service worker, at any path.
pub(crate) fn farewell(headers: &HeaderMap) -> Option<Response> {
    let asked = headers.get("service-worker").is_some_and(|what| what == "script");
    let answer = (
        [
            (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
            // Without it a worker whose script is deeper than its scope is not replaced.
            (HeaderName::from_static("service-worker-allowed"), "/"),
            (CLEAR_SITE_DATA, CACHE),
        ],
        SCRIPT,
    );
    asked.then(|| answer.into_response())
}
