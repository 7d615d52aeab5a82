//! Events of a link's loop, and what it waits for.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tmtp::event::Event;
use tmtp::quit::Quit;
use tokio::time::{Instant, Sleep};

use super::end::End;
use super::intake::Taken;
use crate::directory::Sender;
use crate::request::{Answer, Progress};
use crate::roster::Mail;

/// The next event of a link.
pub(super) enum Ready {
    /// This many bytes were read into the input; none: the peer has closed.
    Read(io::Result<usize>),
    /// Some of the output was written.
    Sent(io::Result<()>),
    Done(Done),
    /// The store has taken data that it did not take at once.
    Taken(Taken),
    /// The oldest request that waited for the disk is answered.
    Answer(Answer),
    /// The store has answered what the delivery asked it.
    Filled(Result<(), End>),
    Mail(Mail),
    Time,
    Stop,
    /// Its login slot has been taken back.
    GiveWay,
}

/// Futures that a link polls besides its own fields. They are kept between iterations, because
/// making a timer costs more than an iteration.
pub(super) struct Waits<'a, F> {
    pub(super) alarm: Pin<&'a mut Sleep>,
    pub(super) stop: Pin<&'a mut F>,
}

impl<F> Waits<'_, F> {
    /// Ready at `deadline`. The timer may fire too early, for a deadline that has moved, but not
    /// too late.
    pub(super) fn poll_time(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        if deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(deadline);
        }
        loop {
            ready!(self.alarm.as_mut().poll(context));
            if self.alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(deadline);
        }
    }
}

/// The result of a pending request.
pub(super) enum Done {
    /// It is answered, or submitted to the store.
    Progress(Progress),
    /// An account was made, or could not be.
    Registered(Result<(Sender, Event), Quit>),
    /// The device is authenticated, and its previous link has had time to end.
    Known(Sender),
}
