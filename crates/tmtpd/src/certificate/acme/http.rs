//! HTTPS requests to the ACME authority: one connection each, within limits.

use std::error::Error as StdError;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{HOST, HeaderValue};
use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::AcmeError;
use crate::certificate::{CertificateError, PROVIDER};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest response that is accepted, in bytes: a chain of certificates is some kilobytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

type Cause = Box<dyn StdError + Send + Sync>;

/// An HTTPS client for an authority.
pub(super) struct Https {
    tls: Arc<ClientConfig>,
}

impl Https {
    /// Trusts the certificates in the file `root`, or else the public roots.
    pub(super) fn new(root: Option<&Path>) -> Result<Self, AcmeError> {
        let mut roots = RootCertStore::empty();
        match root {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let unusable = || CertificateError::NoCertificate { path: path.to_owned() };
                let found = CertificateDer::pem_file_iter(path).map_err(|_| unusable())?;
                let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|_| unusable())?;
                if roots.add_parsable_certificates(found).0 == 0 {
                    return Err(unusable().into());
                }
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER));
        let tls = builder
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls) })
    }
}

impl HttpClient for Https {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let tls = Arc::clone(&self.tls);
        Box::pin(async move {
            match timeout(TIMEOUT, send(tls, request)).await {
                Ok(answered) => answered.map_err(Error::Other),
                Err(_) => Err(Error::Other("the authority does not answer in time".into())),
            }
        })
    }
}

async fn send(
    tls: Arc<ClientConfig>,
    mut request: Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Cause> {
    let uri = request.uri().clone();
    if uri.scheme_str() != Some("https") {
        return Err("the authority names an address that is not https".into());
    }
    let authority = uri.authority().ok_or("the authority names an address without a host")?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let socket = TcpStream::connect((host.as_str(), authority.port_u16().unwrap_or(443))).await?;
    let stream = TlsConnector::from(tls).connect(ServerName::try_from(host)?, socket).await?;

    let name = HeaderValue::from_str(authority.as_str())?;
    request.headers_mut().insert(HOST, name);
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok::<_, Cause>(Response::from_parts(parts, Full::new(body)))
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer.map(BytesResponse::from),
        // The connection may end first, with the whole response read.
        ended = connection => {
            ended?;
            exchange.await.map(BytesResponse::from)
        }
    }
}
