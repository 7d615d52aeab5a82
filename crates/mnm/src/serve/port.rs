//! Port of a home's pages: chosen once and stored, so that bookmarks and open tabs find the app
//! again after a restart.

use std::{io, net::Ipv4Addr};

use mnm_engine::Engine;
use tokio::net::TcpListener;

use super::auth::random;
use crate::exit::Failure;

/// Range of ports: above those of services, below the ephemeral ones, so that no outgoing
/// connection uses it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
/// Ports that are tried.
const TRIES: usize = 32;

/// Listens on 127.0.0.1: on `wanted`, or with 0 on the home's own port. The second value is a note
/// for when that one is in use and another is used for this run.
pub(super) async fn listen(
    engine: &Engine,
    wanted: u16,
) -> Result<(TcpListener, Option<String>), Failure> {
    if wanted != 0 {
        return bind(wanted).await.map(|listener| (listener, None)).map_err(|error| {
            Failure::io(format_args!("Can't listen on port {wanted} of this machine"), &error)
        });
    }
    if let Some(kept) = engine.page_port().await? {
        return match bind(kept).await {
            Ok(listener) => Ok((listener, None)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // The other program's pages may have used the browsers' keys, and may wait for us
                // to return.
                engine.revoke_browsers().await?;
                Ok((any().await?, Some(taken(kept))))
            }
            Err(error) => Err(Failure::io(format_args!("Can't listen on port {kept}"), &error)),
        };
    }
    for _ in 0..TRIES {
        let dice = random().map_err(|error| {
            Failure::io("The system gives no random numbers", &io::Error::from(error))
        })?;
        let port = FIRST + u16::from_be_bytes([dice[0], dice[1]]) % COUNT;
        if let Ok(listener) = bind(port).await {
            engine.keep_page_port(port).await?;
            return Ok((listener, None));
        }
    }
    Ok((any().await?, None))
}

fn taken(port: u16) -> String {
    format!(
        "Another program uses port {port}, which is this home's. The pages are at another address \
         for this run; open tabs and bookmarks do not reach it, and no \
         browser is known any more: that program could have used what they have. End it, then start \
         mnm again; it lets your browser in anew."
    )
}

async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

async fn any() -> Result<TcpListener, Failure> {
    bind(0).await.map_err(|error| Failure::io("Can't listen on any port of this machine", &error))
}
