//! Event loop of a link: what is ready next.
//!
//! Sources are polled in a fixed order, so that a simulation is reproducible. The order starves
//! nothing: input, which a peer can send without end, comes last, and everything before it is ready
//! only now and then.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::ready::{Ready, Waits};
use super::{Link, Stream};

/// Bytes read at once on a link: a little more than a TLS record holds.
const READ_BYTES: usize = 20 * 1_024;

thread_local! {
    /// A thread's read buffer, shared by its links; none of them holds it while it waits.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

impl<S: Stream> Link<S> {
    pub(super) fn poll_turn<F: Future<Output = ()>>(
        &mut self,
        waits: &mut Waits<'_, F>,
        context: &mut Context<'_>,
    ) -> Poll<Ready> {
        let idle = self.pending.is_none() && self.ending.is_none();
        if idle && waits.stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ready::Stop);
        }
        if idle && self.logged_in.is_none() && self.peer.poll_taken_back(context).is_ready() {
            return Poll::Ready(Ready::GiveWay);
        }
        if let Some(deadline) = self.deadline()
            && waits.poll_time(deadline, context).is_ready()
        {
            return Poll::Ready(Ready::Time);
        }
        if let Some(request) = &mut self.pending
            && let Poll::Ready(done) = request.as_mut().poll(context)
        {
            return Poll::Ready(Ready::Done(done));
        }
        if let Some(intake) = &mut self.intake
            && let Poll::Ready(taken) = intake.poll_unwritten(context)
        {
            return Poll::Ready(Ready::Taken(taken));
        }
        self.commits.poll(context);
        if self.has_room_for_answers()
            && let Some(answer) = self.commits.next_answer()
        {
            return Poll::Ready(Ready::Answer(answer));
        }
        if let Some(on) = &self.logged_in
            && self.ending.is_none()
            && let Poll::Ready(mail) =
                on.roster_entry.mailbox.poll(self.has_room_for_answers(), context)
        {
            return Poll::Ready(Ready::Mail(mail));
        }
        if self.is_store_asked
            && let Poll::Ready(filled) = self.poll_fill(context)
        {
            return Poll::Ready(Ready::Filled(filled));
        }
        if (self.unflushed || !self.output.is_empty())
            && let Poll::Ready(sent) = self.poll_send(context)
        {
            return Poll::Ready(Ready::Sent(sent));
        }
        if self.may_read()
            && let Poll::Ready(read) = self.poll_read(context)
        {
            return Poll::Ready(Ready::Read(read));
        }
        Poll::Pending
    }

    /// Writes some of the output. It counts as sent after a flush, since the stream accepts bytes
    /// before the socket does.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = !self.output.is_empty();
        if wrote {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &self.output))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.handle_sent(bytes),
            }
        }
        if self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_flush(context)? {
                Poll::Ready(()) => self.unflushed = false,
                Poll::Pending if !wrote => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        READ.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            self.handle_read(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        })
    }
}
