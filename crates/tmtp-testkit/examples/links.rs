//! Holder of logged-in, idle links to a service, so that somebody can measure what they cost it.
//!
//! `cargo run -p tmtp-testkit --example links -- HOST:PORT COUNT` registers so many members, prints
//! `links: COUNT`, and holds their links until its standard input ends (or the service drops them,
//! which it does to whoever is silent for two minutes).

use std::io::Read as _;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tmtp_testkit::peer::RawPeer;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let address: SocketAddr = args.next().context("HOST:PORT is missing")?.parse()?;
    let count: usize = args.next().context("COUNT is missing")?.parse()?;
    let mut links = Vec::with_capacity(count);
    for number in 0..count {
        let joined = RawPeer::join(address, &format!("idle-{number:04}")).await;
        links.push(joined.with_context(|| format!("link {number}"))?);
    }
    println!("links: {}", links.len());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
