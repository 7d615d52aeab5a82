//! Upload and download of attachments, streamed in chunks.

use std::{io, sync::Arc};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use mnm_engine::{
    command::Reply,
    picture,
    view::{AttachmentId, DraftId},
};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::io::{ReaderStream, StreamReader};

use super::{
    answer::{RequestErrorCode, error, ok, refusal},
    app::App,
};

/// Largest upload, bytes.
const UPLOAD_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Longest name of an upload, bytes.
const NAME_MAX: usize = 1024;
/// Bytes read from the store at a time.
const CHUNK: usize = 64 * 1024;
/// Policy under which an attachment can do nothing even if a browser shows it.
const FILE_POLICY: &str = "default-src 'none'; sandbox";

/// The query of an upload.
#[derive(Deserialize)]
pub(crate) struct Upload {
    name: String,
    /// Bytes that the file has, where the body's length is not announced.
    size: Option<u64>,
}

/// `POST /api/drafts/{id}/attachments?name=…`, the body being the bytes.
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Path(draft): Path<DraftId>,
    Query(Upload { name, size }): Query<Upload>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if name.is_empty() || name.len() > NAME_MAX {
        let why = "An attachment needs a name of at most 1,024 bytes.";
        return error(StatusCode::BAD_REQUEST, RequestErrorCode::Malformed, why);
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let size = size.or_else(|| announced.and_then(|length| length.parse().ok()));
    if size.is_some_and(|size| size > UPLOAD_MAX) {
        let why = "An attachment can have at most 4 GiB.";
        return error(StatusCode::PAYLOAD_TOO_LARGE, RequestErrorCode::TooLarge, why);
    }
    let bytes = StreamReader::new(limited(body.into_data_stream()));
    match app.engine.attach(draft, &name, size, bytes).await {
        Ok(draft) => ok(Reply::Draft(draft)),
        Err(refused) => refusal(&refused),
    }
}

/// Fails beyond the limit instead of ending there: half a file must not be attached.
fn limited(stream: BodyDataStream) -> impl Stream<Item = io::Result<Bytes>> + Unpin {
    let mut seen = 0_u64;
    stream.map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        seen = seen.saturating_add(chunk.len() as u64);
        if seen > UPLOAD_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 4 GiB"));
        }
        Ok(chunk)
    })
}

/// The query of a download.
#[derive(Deserialize)]
pub(crate) struct Download {
    inline: Option<u8>,
}

/// `GET /api/attachments/{id}`: the bytes, for saving; with `?inline=1`, for display, which only
/// pictures are whose head proves them to be such, of bounded size.
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    Path(id): Path<AttachmentId>,
    Query(query): Query<Download>,
) -> Response {
    let (about, mut reader) = match app.engine.attachment(id).await {
        Ok(found) => found,
        Err(refused) => {
            return (StatusCode::NOT_FOUND, refusal(&refused)).into_response();
        }
    };
    let (kind, disposition, start) = if query.inline == Some(1) {
        let start = match head(&mut reader).await {
            Ok(start) => start,
            Err(cause) => return broken(id, &cause),
        };
        let Some((format, _)) = picture::read(&start).filter(|(_, size)| size.is_shown()) else {
            let why = "Only PNG, JPEG, GIF and WebP pictures of at most 50 million points can be \
                       shown in place.";
            return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, RequestErrorCode::Refused, why);
        };
        (format.media_type(), "inline", start)
    } else {
        ("application/octet-stream", "attachment", Vec::new())
    };
    let bytes = io::Cursor::new(start).chain(reader);
    let mut response = Body::from_stream(ReaderStream::with_capacity(bytes, CHUNK)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(about.size));
    headers.insert(header::CONTENT_DISPOSITION, content_disposition(disposition, &about.name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
    response
}

fn broken(id: AttachmentId, cause: &io::Error) -> Response {
    tracing::error!(attachment = id, %cause, "an attachment can't be read");
    let why = "The attachment can't be read from this device's store.";
    error(StatusCode::INTERNAL_SERVER_ERROR, RequestErrorCode::Internal, why)
}

async fn head(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    reader.take(picture::HEAD_BYTES as u64).read_to_end(&mut start).await?;
    Ok(start)
}

/// RFC 6266: an ASCII name for old clients, and the true one in RFC 8187 encoding.
fn content_disposition(kind: &str, name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | '/') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let value = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}
