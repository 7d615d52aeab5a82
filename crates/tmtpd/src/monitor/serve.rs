//! HTTP server for `/metrics` and `/healthz`, for a monitor on the same machine.
//!
//! Plain HTTP, one request per connection, a few connections at a time. Only the request line and
//! headers are read, within limits.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::exposition;
use super::health::{self, Sick};
use super::page::{Checked, Watched, page};
use crate::daemon::Daemon;

/// Connections at once; further ones wait.
const CONNECTIONS_MAX: usize = 8;
/// Total time of a connection, including the health check.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time to send the headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a request.
const REQUEST_BYTES_MAX: usize = 16 * 1_024;
/// Pause after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// The server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts to serve the figures of all services of `daemon`.
    #[must_use]
    pub(crate) fn start(listener: TcpListener, daemon: Daemon) -> Self {
        Self { accepting: tokio::spawn(accept(listener, Arc::new(Handler { daemon }))) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Handler {
    daemon: Daemon,
}

async fn accept(listener: TcpListener, handler: Arc<Handler>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let handler = Arc::clone(&handler);
                tokio::spawn(async move {
                    // Errors of a monitor's connection are its own concern.
                    let _ = timeout(TIMEOUT, serve(stream, handler)).await;
                    drop(permit);
                });
            }
            Err(_) => sleep(ACCEPT_BACKOFF).await,
        }
    }
}

async fn serve(stream: TcpStream, handler: Arc<Handler>) -> Result<(), hyper::Error> {
    let answer = service_fn(|request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.answer(request.method(), request.uri().path()).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(REQUEST_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

impl Handler {
    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".into());
        }
        match path {
            "/metrics" => {
                let mut response = plain(StatusCode::OK, self.metrics().await);
                let kind = HeaderValue::from_static(exposition::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            "/healthz" => self.health().await,
            _ => plain(StatusCode::NOT_FOUND, "there are /metrics and /healthz\n".into()),
        }
    }

    async fn metrics(&self) -> String {
        let services = self.checked().await;
        // Reads the disk and takes locks.
        tokio::task::spawn_blocking(move || page(&services)).await.unwrap_or_default()
    }

    async fn health(&self) -> Response<Full<Bytes>> {
        let mut status = StatusCode::OK;
        let mut text = String::new();
        for Checked { watched, health } in self.checked().await {
            let state = match health {
                Ok(()) => "ok".to_owned(),
                Err(sick) => {
                    status = StatusCode::SERVICE_UNAVAILABLE;
                    sick.to_string()
                }
            };
            text = format!("{text}{}: {state}\n", watched.name);
        }
        plain(status, text)
    }

    /// All services are checked at once, so that several stuck disks cost one timeout.
    async fn checked(&self) -> Vec<Checked> {
        let stopping = self.daemon.is_stopping();
        let ask = |watched: Watched| {
            let service = Arc::clone(&watched.service);
            (watched, tokio::spawn(async move { health::check(&service).await }))
        };
        let asked: Vec<_> =
            self.daemon.services().iter().map(|instance| ask(Watched::of(instance))).collect();
        let mut services = Vec::with_capacity(asked.len());
        for (watched, answer) in asked {
            let health = answer.await.unwrap_or(Err(Sick::Stopped));
            let health = if stopping { Err(Sick::Stopped) } else { health };
            services.push(Checked { watched, health });
        }
        services
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
