//! HTTP client of a monitor that knows just enough of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What a service is configured with to be asked.
pub(crate) const CONFIG: &str = "[metrics]\nlisten = \"127.0.0.1:0\"\n";

/// Where a service that wrote this log may be asked: `HOST:PORT`.
pub(crate) fn address(log: &Path) -> String {
    let log = fs::read_to_string(log).unwrap();
    let (_, rest) = log.split_once("a monitor may ask http://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

/// Status, headers and text of an answer.
pub(crate) fn ask(address: &str, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("0").parse().unwrap();
    (status, head.to_lowercase(), text.to_owned())
}

/// Status and text at a path.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    let (status, _, text) = ask(address, &format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n"));
    (status, text)
}
