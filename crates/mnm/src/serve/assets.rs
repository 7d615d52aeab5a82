//! The built pages, embedded by `build.rs`.

use std::sync::OnceLock;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{answer::refuse, auth::random, pages};

/// Clears what a browser has cached for this address.
pub(crate) const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// Only cached files: not the browser's key.
pub(crate) const CACHE: &str = r#""cache""#;

const PAGE: &str = "/index.html";
/// Length of what tells one run of the app from another in the names of files.
const RUN_BYTES: usize = 16;

/// One embedded file.
pub(crate) struct Asset {
    path: &'static str,
    content_type: &'static str,
    digest: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Version of the embedded pages; pages of another build are outdated.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hash = Sha256::new();
        for asset in ASSETS {
            hash.update(asset.path);
            hash.update(asset.digest);
        }
        HEXLOWER.encode(&hash.finalize()[..8])
    })
}

/// Serves `/` and every embedded file under its own name. Names are compared literally, so no
/// spelling of a path leads anywhere else.
pub(crate) async fn serve(method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "Files can only be read.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = if uri.path() == "/" { PAGE } else { without_run(uri.path()) };
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => send(asset),
        None if uri.path() == "/" => pages::not_built(),
        None => refuse(StatusCode::NOT_FOUND, "There is nothing here."),
    }
}

/// Nothing is cached, and no cached copy is confirmed: it may be from another program that listened
/// here while the app was away.
fn send(asset: &Asset) -> Response {
    let about = [(header::CONTENT_TYPE, asset.content_type)];
    if asset.path == PAGE {
        return (about, [(CLEAR_SITE_DATA, CACHE)], first_page(asset.bytes)).into_response();
    }
    (about, Body::from(asset.bytes)).into_response()
}

/// The path of a file without the run that stands before it. A page goes on when the app starts
/// again, so names of any run lead to it.
fn without_run(path: &str) -> &str {
    let run =
        path.strip_prefix('/').and_then(|path| path.split_once('/')).map_or("", |(run, _)| run);
    let is_run = run.len() == 2 * RUN_BYTES && run.bytes().all(|digit| digit.is_ascii_hexdigit());
    path.get(1 + run.len()..).filter(|_| is_run).unwrap_or(path)
}

/// The start page. Its files have other names in each run: a tab keeps copies that cannot be
/// cleared on demand, and nobody has any under the names of this run. The run is a folder, so that
/// the files that a script loads by relative names are of the same run.
fn first_page(bytes: &'static [u8]) -> &'static str {
    static FIRST_PAGE: OnceLock<String> = OnceLock::new();
    FIRST_PAGE.get_or_init(|| {
        let html = String::from_utf8_lossy(bytes);
        let Ok(random) = random() else { return html.into_owned() };
        let run = HEXLOWER.encode(&random[..RUN_BYTES]);
        html.replace("\"./assets/", &format!("\"/{run}/assets/"))
    })
}
