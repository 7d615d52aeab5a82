//! Static pages of the server itself: plain HTML without script or style, which the content policy
//! would refuse.

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};

/// Shown if the pages were not built.
pub(crate) fn not_built() -> Response {
    let page = page(
        "The pages are not in this build",
        "mnm was built before its pages. Run <code>cargo xtask web</code>, build mnm again and \
         restart it. The command line works without them.",
    );
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    )
}
