//! The built pages, embedded by `build.rs`.

use std::sync::OnceLock;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{headers::refuse, pages};

/// One embedded file.
pub(crate) struct Asset {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    /// The name changes with the content, so a browser may keep it for good.
    hashed: bool,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Which build of the pages is embedded; pages of another are out of date.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hash = Sha256::new();
        for asset in ASSETS {
            hash.update(asset.path);
            hash.update(asset.etag);
        }
        HEXLOWER.encode(&hash.finalize()[..8])
    })
}

/// Serves `/` and every embedded file under its own name. Names are compared as they stand, so no
/// spelling of a path leads anywhere else.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "Files can only be read.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = if uri.path() == "/" { "/index.html" } else { uri.path() };
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => send(asset, &headers),
        None if uri.path() == "/" => pages::not_built(),
        None => refuse(StatusCode::NOT_FOUND, "There is nothing here."),
    }
}

fn send(asset: &Asset, headers: &HeaderMap) -> Response {
    // `no-cache` keeps a copy but asks each time, so a page after an update is never the old one.
    let cache =
        if asset.hashed { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let about = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::ETAG, asset.etag),
        (header::CACHE_CONTROL, cache),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|etag| etag == asset.etag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, Body::from(asset.bytes)).into_response()
}
