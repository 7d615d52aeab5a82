//! The server's side of one TLS connection, without I/O.
//!
//! rustls keeps keys and state only; the buffers are the caller's. Received ciphertext goes into
//! [`Session::handle_ciphertext`], which returns plaintext and what TLS itself has to send. The
//! caller's own data goes through [`Session::encrypt`].

use std::fmt;
use std::sync::Arc;

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus, WriteTraffic,
};
use rustls::{Error, ServerConfig};

/// Longest TLS handshake message in several records: with the record that completes it, far above
/// what any client sends.
const INCOMPLETE_BYTES_MAX: usize = 80 * 1_024;

/// One TLS connection.
pub(super) struct Session {
    tls: UnbufferedServerConnection,
    /// Part of a record, or records that hold part of a handshake message.
    incomplete: Vec<u8>,
    /// The peer has sent `close_notify`.
    has_ended: bool,
    /// We have sent `close_notify`, or have failed.
    has_closed: bool,
}

impl Session {
    /// A connection that has received nothing yet.
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        let tls = UnbufferedServerConnection::new(config)?;
        Ok(Self { tls, incomplete: Vec::new(), has_ended: false, has_closed: false })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Whether the peer has sent `close_notify`. Data may still be sent.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether [`Self::close`] has still to be called.
    pub(super) fn may_close(&self) -> bool {
        !self.has_closed && !self.is_handshaking()
    }

    /// Bytes of memory held for incomplete input.
    #[cfg(test)]
    pub(super) fn incomplete_bytes(&self) -> usize {
        self.incomplete.capacity()
    }

    /// Handles received bytes. Plaintext is passed to `plaintext`, once and in order; replies of
    /// TLS are added to `reply`, also with an error: then it is the last that may be sent.
    ///
    /// # Errors
    /// The peer breaks TLS; nothing more may be passed in.
    pub(super) fn handle_ciphertext(
        &mut self,
        bytes: &mut [u8],
        plaintext: &mut impl FnMut(&[u8]),
        reply: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.incomplete.is_empty() {
            let taken = self.process(bytes, plaintext, reply)?;
            self.incomplete = bytes.get(taken..).unwrap_or_default().to_vec();
        } else {
            let mut whole = std::mem::take(&mut self.incomplete);
            whole.extend_from_slice(bytes);
            let taken = self.process(&mut whole, plaintext, reply)?;
            // Copied, because the buffer may be far longer than the rest.
            self.incomplete = whole.get(taken..).unwrap_or_default().to_vec();
        }
        if self.incomplete.len() > INCOMPLETE_BYTES_MAX {
            return Err(Error::General("a TLS message is too long".into()));
        }
        Ok(())
    }

    /// Lets rustls work until it needs more input; returns the number of bytes it has consumed.
    fn process(
        &mut self,
        bytes: &mut [u8],
        plaintext: &mut impl FnMut(&[u8]),
        reply: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let mut taken = 0;
        loop {
            let rest = bytes.get_mut(taken..).unwrap_or_default();
            let UnbufferedStatus { mut discard, state } = self.tls.process_tls_records(rest);
            let mut wants_more = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut records)) => {
                    while let Some(record) = records.next_record() {
                        let record = record?;
                        discard += record.discard;
                        plaintext(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(data)) => append(data, reply)?,
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.has_ended = true,
                Ok(ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_)) => {
                    wants_more = true;
                }
                Ok(ConnectionState::Closed) => {
                    (self.has_ended, wants_more) = (true, true);
                }
                // Early data is not offered, and rustls has no other states.
                Ok(_) => return Err(Error::General("an unknown state of TLS".into())),
                Err(error) => {
                    self.append_alert(reply);
                    return Err(error);
                }
            }
            taken += discard;
            if wants_more {
                return Ok(taken);
            }
        }
    }

    /// Adds the alert that rustls sends for an error. rustls is not given the input again.
    fn append_alert(&mut self, reply: &mut Vec<u8>) {
        self.has_closed = true;
        while self.tls.wants_write() {
            let Ok(ConnectionState::EncodeTlsData(data)) =
                self.tls.process_tls_records(&mut []).state
            else {
                return;
            };
            // Cannot fail: there is room for all of it.
            let _ = append(data, reply);
        }
    }

    /// Encrypts `plaintext` into `ciphertext`; returns the number of bytes written.
    ///
    /// # Errors
    /// The connection has failed, or `ciphertext` is too short: some KiB more than `plaintext` are
    /// enough.
    pub(super) fn encrypt(
        &mut self,
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<usize, Error> {
        self.with_traffic(ciphertext, |traffic, room| traffic.encrypt(plaintext, room))
    }

    /// Writes `close_notify` to `ciphertext`; returns the number of bytes written.
    ///
    /// # Errors
    /// As [`Self::encrypt`].
    pub(super) fn close(&mut self, ciphertext: &mut [u8]) -> Result<usize, Error> {
        self.has_closed = true;
        self.with_traffic(ciphertext, |traffic, room| traffic.queue_close_notify(room))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
    fn with_traffic(
        &mut self,
        ciphertext: &mut [u8],
        write: impl FnOnce(&mut Traffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<usize, Error> {
        let mut used = 0;
        loop {
            let room = ciphertext.get_mut(used..).unwrap_or_default();
            // The incomplete input was processed before, so nothing is read by this.
            match self.tls.process_tls_records(&mut self.incomplete).state? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    let written = write(&mut traffic, room);
                    return written.map(|more| used + more).map_err(|error| failed(&error));
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    used += data.encode(room).map_err(|error| failed(&error))?;
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => self.has_ended = true,
                _ => return Err(Error::HandshakeNotComplete),
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

type Traffic<'c> = WriteTraffic<'c, ServerConnectionData>;

fn append(
    mut data: EncodeTlsData<'_, ServerConnectionData>,
    to: &mut Vec<u8>,
) -> Result<(), Error> {
    let end = to.len();
    if let Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) =
        data.encode(&mut [])
    {
        to.resize(end + required_size, 0);
        data.encode(to.get_mut(end..).unwrap_or_default()).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::General(error.to_string())
}
