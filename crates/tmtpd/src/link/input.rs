//! Input from the peer: parsed by the session, then dispatched.

use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use tmtp::event::{Event, Outcome};
use tmtp::id::MessageId;
use tmtp::quit::Quit;
use tmtp::request::Request;
use tmtp::session::service::Input;
use tokio::time::Instant;

use super::end::End;
use super::intake::{self, Complete, Intake, Taken};
use super::parked::Parked;
use super::ready::Done;
use super::{Link, Stream};
use crate::idempotency::{self, Content, RequestDigest};
use crate::request::{Asked, Payload, answer};
use tmtp_store::Position;

/// Longest request id, in bytes, whose echo fits into a header however it is escaped.
const PLAIN_ID_BYTES: usize = 8 * 1_024;

impl<S: Stream> Link<S> {
    /// Parses input as far as requests can be answered now.
    pub(super) fn take_input(&mut self, context: &mut Context<'_>) {
        let now = Instant::now();
        self.paused_until = self.requests.wait_until(self.request_rate, now);
        let input = std::mem::take(&mut self.input);
        let mut rest = input.get(self.input_at..).unwrap_or_default();
        let mut acks = Vec::new();
        while self.is_listening() && !rest.is_empty() {
            let Some(step) = self.session.handle_input(&mut rest) else { break };
            if matches!(step, Input::Request { .. } | Input::Begin(_)) {
                self.requests.spend(self.request_rate, 1, now);
                self.paused_until = self.requests.wait_until(self.request_rate, now);
            }
            match step {
                Input::Request { request: Request::Ack { id, .. }, .. } => {
                    acks.extend(id.map(|MessageId(id)| Position(id)));
                }
                Input::Request { request: Request::Pulse, .. } => {}
                Input::Request { request, data } => {
                    self.in_turn(Parked::Request(request, data.into_text()));
                }
                Input::Begin(request) => self.handle_begin(request),
                Input::Data { bytes, last } => self.handle_data(bytes, last, context),
                Input::Violation(violation) => self.in_turn(Parked::Violation(violation)),
            }
        }
        self.input_at = input.len() - rest.len();
        if self.input_at < input.len() {
            self.input = input;
        } else {
            self.input_at = 0;
        }
        if let Some(on) = &mut self.logged_in
            && !acks.is_empty()
        {
            on.delivery.acknowledged(&mut acks);
            // They are answers to messages it was sent, and so not counted as requests.
            self.requests.give_back(self.request_rate, acks.len());
        }
    }

    /// Handles what must not overtake earlier answers, now or when they are sent.
    fn in_turn(&mut self, parked: Parked) {
        if !self.commits.is_empty() {
            self.parked = Some(parked);
            return;
        }
        match parked {
            Parked::Request(request, text) => self.handle_request(request, text),
            Parked::Violation(violation) => {
                self.push_answer(&violation.farewell());
                self.end(End::Quit(violation.quit));
            }
            Parked::Quit(quit) => self.quit(quit),
        }
    }

    /// Handles what was held back, if everything before it is answered.
    pub(super) fn take_parked(&mut self) {
        // After a failure of the store nothing more is said.
        if let Some(parked) = self.parked.take()
            && !matches!(self.ending, Some((End::Store, _)))
        {
            self.in_turn(parked);
        }
    }

    fn handle_request(&mut self, request: Request, text: String) {
        match request {
            Request::TmtpRev { .. } => {
                let name = Some(self.service.terms().name.clone());
                self.push_event(&Event::TmtpRev {
                    revision: self.session.revision().as_str().into(),
                    name,
                    authby: None,
                    groups: true,
                });
            }
            Request::Register { newnode, newalias, .. } => self.register(newnode, newalias),
            Request::Login { uid, node } => self.log_in(&uid, &node),
            Request::Quit => {
                if let Some(on) = self.logged_in.as_ref().filter(|on| on.has_posted) {
                    idempotency::forget(&*self.service.store, on.sender.device);
                }
                self.quit(Quit::Logout);
            }
            // Handled by the caller.
            Request::Pulse | Request::Ack { .. } => {}
            Request::UserEdit { .. }
            | Request::OhiEdit { .. }
            | Request::Ping { .. }
            | Request::GroupInvite { .. }
            | Request::GroupEdit { .. }
            | Request::Post { .. }
            | Request::PostNotify { .. } => self.answer_later(request, text),
        }
    }

    fn answer_later(&mut self, request: Request, text: String) {
        let Some(on) = &self.logged_in else { return };
        if !echo_fits(&request) {
            return self.quit(Quit::InvalidHeader);
        }
        let (service, sender) = (Arc::clone(&self.service), on.sender.clone());
        let digest = RequestDigest::of(&request, Content::Text(&text));
        let asked = Asked { request, digest, may_repeat: !on.has_posted, room: None };
        self.pending = Some(Box::pin(async move {
            let payload = ready(Ok(Payload::Text(text)));
            Done::Progress(answer(&service, &sender, asked, payload).await)
        }));
    }

    fn handle_begin(&mut self, request: Request) {
        let Some(on) = &self.logged_in else { return };
        if !echo_fits(&request) {
            return self.in_turn(Parked::Quit(Quit::InvalidHeader));
        }
        if request.data_len() > self.service.limits().message_bytes_max {
            return self.in_turn(Parked::Quit(Quit::DataTooLong));
        }
        self.intake = Some(Intake::begin(&self.service, &on.sender, request));
    }

    fn handle_data(&mut self, bytes: &[u8], is_last: bool, context: &mut Context<'_>) {
        let Some(intake) = &mut self.intake else { return };
        if let Poll::Ready(taken) = intake.poll_take(bytes, is_last, context) {
            self.handle_taken(taken);
        }
    }

    /// Goes on after a piece of data that is written.
    pub(super) fn handle_taken(&mut self, taken: Taken) {
        match taken {
            Taken::Piece => return,
            Taken::All => {}
        }
        let (Some(complete), Some(on)) =
            (self.intake.take().map(Intake::complete), &self.logged_in)
        else {
            return;
        };
        let (service, sender) = (Arc::clone(&self.service), on.sender.clone());
        let may_repeat = !on.has_posted;
        self.pending = Some(Box::pin(async move {
            // Reserved only now: this waits for the disk, while the data's arrival depended on the
            // peer.
            let room = Some(service.store.room(complete.memory_bytes()).await);
            let Complete { request, digest, body } = complete;
            let payload = intake::payload(body);
            let asked = Asked { request, digest, may_repeat, room };
            Done::Progress(answer(&service, &sender, asked, payload).await)
        }));
    }
}

/// Whether an ack that echoes the request's id fits into a header.
fn echo_fits(request: &Request) -> bool {
    let Some(id) = request.id() else { return true };
    if id.as_str().len() <= PLAIN_ID_BYTES {
        return true;
    }
    let outcome = Outcome::Refused { error: " ".repeat(200), of: Vec::new() };
    Event::Ack { id: id.clone(), outcome }.pack().is_ok()
}
