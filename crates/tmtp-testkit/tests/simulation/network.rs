//! A network in memory on simulated time: each connection has a pace of its own, takes writes in
//! pieces, and may break at any byte.
//!
//! There is no TLS in it. Its randomness comes from the operating system and would make no run like
//! another, and a cut record tells the layers above no more than a cut stream does: the session
//! sees bytes up to some point, then an end or nothing. Real TLS is in the crash test.
//!
//! A connection ends in one of three ways, drawn from the seed: in order (end of stream), by a
//! reset, which may throw away what was under way, or silently: both sides stay open and nothing
//! arrives any more, as after a power cut or behind a router that forgot the connection.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tmtp_testkit::dice::Dice;
use tmtp_testkit::disk::SimulatedDisk;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::trace::Trace;

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    App,
    Service,
}

/// How long things take, and how often they break.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// The longest delay of a connection in one direction, in milliseconds.
    pub(crate) delay_max_ms: u64,
    /// One connection in so many is cut after some bytes; none when 0.
    pub(crate) cut_once_in: u64,
    /// One attempt in so many fails; none when 0.
    pub(crate) refuse_once_in: u64,
}

/// Bytes that may be on their way at most.
const PIPE_BYTES_MAX: usize = 1 << 17;

/// No faults, and a short delay.
pub(crate) const CALM: Weather = Weather { delay_max_ms: 3, cut_once_in: 0, refuse_once_in: 0 };

/// All connections.
#[derive(Debug)]
pub(crate) struct Network {
    state: Mutex<State>,
    trace: Trace,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    weather: Weather,
    wires: Vec<(usize, Weak<Wire>)>,
    made: u64,
}

impl Network {
    pub(crate) fn new(dice: Dice, trace: Trace) -> Arc<Self> {
        let state = State { dice, weather: CALM, wires: Vec::new(), made: 0 };
        Arc::new(Self { state: Mutex::new(state), trace })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections made from now on are like this.
    pub(crate) fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Whether an attempt to connect fails for a reason of the network's.
    pub(crate) fn refuses(&self) -> bool {
        let state = &mut *self.state();
        state.weather.refuse_once_in > 0 && state.dice.once_in(state.weather.refuse_once_in)
    }

    /// A connection of an app: its end, and the service's.
    pub(crate) fn connect(&self, app: usize) -> (End, End) {
        let state = &mut *self.state();
        state.made += 1;
        let mut dice = state.dice.fork();
        let weather = state.weather;
        let cut = weather.cut_once_in > 0 && dice.once_in(weather.cut_once_in);
        let cut = cut.then(|| {
            // Most messages are short; a few cuts fall into the middle of long ones.
            let bytes = 1 << dice.between(4, 18);
            let side = if dice.once_in(2) { Side::App } else { Side::Service };
            (side, dice.between(1, bytes))
        });
        let pipe = |dice: &mut Dice, side| Pipe::new(dice, weather, cut, side);
        let pipes = [pipe(&mut dice, Side::App), pipe(&mut dice, Side::Service)];
        let wire = Arc::new(Wire {
            number: state.made,
            pipes: Mutex::new(Pipes { dice, pipes, silent: None }),
            trace: self.trace.clone(),
        });
        state.wires.retain(|(_, wire)| wire.strong_count() > 0);
        state.wires.push((app, Arc::downgrade(&wire)));
        self.trace.note(|| format!("link {} of home {app}, cut {cut:?}", wire.number));
        (End::new(wire.clone(), Side::App), End::new(wire, Side::Service))
    }

    /// Breaks connections: those of one app, or all.
    pub(crate) fn cut(&self, app: Option<usize>, how: Break) {
        self.wires(app).iter().for_each(|wire| wire.break_off(how));
    }

    /// No connection there is now breaks after some bytes, or takes its time.
    pub(crate) fn spare(&self) {
        for wire in self.wires(None) {
            for pipe in &mut wire.pipes().pipes {
                pipe.cut_in = None;
                pipe.delay = pipe.delay.min(Duration::from_millis(CALM.delay_max_ms));
                pipe.jitter_ms = pipe.jitter_ms.min(CALM.delay_max_ms);
                pipe.capacity = PIPE_BYTES_MAX;
            }
        }
    }

    fn wires(&self, app: Option<usize>) -> Vec<Arc<Wire>> {
        let state = self.state();
        let chosen = state.wires.iter().filter(|(of, _)| app.is_none_or(|app| *of == app));
        chosen.filter_map(|(_, wire)| wire.upgrade()).collect()
    }
}

/// How a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// Both sides are told.
    Reset,
    /// Nobody is told.
    Silence,
}

/// One connection.
#[derive(Debug)]
struct Wire {
    number: u64,
    pipes: Mutex<Pipes>,
    trace: Trace,
}

#[derive(Debug)]
struct Pipes {
    dice: Dice,
    /// What the app writes, and what the service writes.
    pipes: [Pipe; 2],
    /// Nothing arrives any more; when the app's system finds out by itself, as it does by keepalive.
    silent: Option<Instant>,
}

/// One direction of a connection.
#[derive(Debug)]
struct Pipe {
    delay: Duration,
    jitter_ms: u64,
    capacity: usize,
    /// Bytes on their way, with the time of their arrival.
    chunks: VecDeque<(Instant, Vec<u8>)>,
    waiting: usize,
    /// Nothing arrives earlier than this, so that bytes keep their order.
    last: Instant,
    /// Bytes until the connection breaks in this direction.
    cut_in: Option<u64>,
    /// How and when it ends for the reader.
    end: Option<(Instant, Ending)>,
    /// When the writer learns that nobody reads.
    deaf_from: Option<Instant>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closed,
    Reset,
}

impl Pipe {
    fn new(dice: &mut Dice, weather: Weather, cut: Option<(Side, u64)>, side: Side) -> Self {
        let delay_ms = dice.between(0, weather.delay_max_ms);
        Self {
            delay: Duration::from_millis(delay_ms),
            jitter_ms: delay_ms / 2,
            capacity: 1 << dice.between(10, PIPE_BYTES_MAX.ilog2().into()),
            chunks: VecDeque::new(),
            waiting: 0,
            last: Instant::now(),
            cut_in: cut.filter(|(at, _)| *at == side).map(|(_, bytes)| bytes),
            end: None,
            deaf_from: None,
            reader: None,
            writer: None,
        }
    }

    /// When something written now arrives.
    fn arrival(&mut self, dice: &mut Dice) -> Instant {
        let jitter = Duration::from_millis(dice.between(0, self.jitter_ms));
        self.last = self.last.max(Instant::now() + self.delay + jitter);
        self.last
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }

    fn end_with(&mut self, at: Instant, ending: Ending) {
        if self.end.is_none() {
            self.end = Some((at, ending));
        }
        self.wake();
    }
}

impl Wire {
    fn pipes(&self) -> MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn break_off(&self, how: Break) {
        self.pipes().break_off(how);
        self.trace.note(|| format!("link {} broken: {how:?}", self.number));
    }
}

impl Pipes {
    fn break_off(&mut self, how: Break) {
        match how {
            Break::Silence => {
                let after = Duration::from_secs(self.dice.between(60, 90));
                self.silent = self.silent.or(Some(Instant::now() + after));
                self.pipes.iter_mut().for_each(Pipe::wake);
            }
            Break::Reset => {
                // What was under way may arrive before the news of the end, or be lost with it.
                let lost = self.dice.once_in(2);
                for pipe in &mut self.pipes {
                    if lost {
                        pipe.chunks.clear();
                    }
                    let at = pipe.arrival(&mut self.dice);
                    pipe.end = Some((at, Ending::Reset));
                    pipe.deaf_from = Some(at);
                    pipe.wake();
                }
            }
        }
    }
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    wire: Arc<Wire>,
    side: Side,
    timer: Pin<Box<Sleep>>,
    /// What the machine of this end runs on; without power it says nothing any more.
    power: Option<SimulatedDisk>,
}

impl End {
    fn new(wire: Arc<Wire>, side: Side) -> Self {
        Self { wire, side, timer: Box::pin(sleep_until(Instant::now())), power: None }
    }

    /// The end of a machine that loses its power with this disk.
    pub(crate) fn powered_by(mut self, disk: SimulatedDisk) -> Self {
        self.power = Some(disk);
        self
    }

    fn is_off(&self) -> bool {
        self.power.as_ref().is_some_and(SimulatedDisk::is_off)
    }

    fn outgoing(&self) -> usize {
        usize::from(self.side == Side::Service)
    }

    /// Returns once `at` has come.
    fn poll_until(timer: &mut Pin<Box<Sleep>>, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        timer.as_mut().reset(at);
        timer.as_mut().poll(context)
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let mut pipes = this.wire.pipes();
            let silent = pipes.silent;
            let pipe = &mut pipes.pipes[1 - this.outgoing()];
            let due = match silent {
                Some(_) => silent.filter(|_| this.side == Side::App),
                None => pipe.chunks.front().map(|(at, _)| *at).or(pipe.end.map(|(at, _)| at)),
            };
            let Some(due) = due else {
                pipe.reader = Some(context.waker().clone());
                return Poll::Pending;
            };
            if due > Instant::now() {
                pipe.reader = Some(context.waker().clone());
                drop(pipes);
                ready!(Self::poll_until(&mut this.timer, due, context));
                continue;
            }
            if silent.is_some() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            let Some((_, mut chunk)) = pipe.chunks.pop_front() else {
                return Poll::Ready(match pipe.end {
                    Some((_, Ending::Reset)) => Err(io::ErrorKind::ConnectionReset.into()),
                    _ => Ok(()),
                });
            };
            let taken = chunk.len().min(out.remaining());
            out.put_slice(&chunk[..taken]);
            pipe.waiting -= taken;
            if taken < chunk.len() {
                chunk.drain(..taken);
                pipe.chunks.push_front((due, chunk));
            }
            pipe.writer.take().into_iter().for_each(Waker::wake);
            drop(pipes);
            let (number, side) = (this.wire.number, this.side);
            this.wire.trace.note(|| format!("link {number}: {side:?} reads {taken}"));
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_off() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let pipes = &mut *this.wire.pipes();
        let pipe = &mut pipes.pipes[this.outgoing()];
        let given_up = pipes.silent.filter(|_| this.side == Side::App);
        if given_up.or(pipe.deaf_from).is_some_and(|at| at <= Instant::now()) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = pipe.capacity.saturating_sub(pipe.waiting);
        // As a system does, which does not wake a writer for every byte.
        if room < bytes.len().min(pipe.capacity / 2) {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut taken = bytes.len().min(room);
        if pipes.dice.once_in(8) {
            taken = pipes.dice.between(1, taken as u64) as usize;
        }
        if let Some(left) = pipe.cut_in {
            taken = taken.min(usize::try_from(left).unwrap_or(usize::MAX));
            pipe.cut_in = Some(left - taken as u64);
        }
        let at = pipe.arrival(&mut pipes.dice);
        pipe.waiting += taken;
        // Until the news arrives that nobody reads, the system takes what is written.
        if pipe.deaf_from.is_none() {
            pipe.chunks.push_back((at, bytes[..taken].to_vec()));
            pipe.reader.take().into_iter().for_each(Waker::wake);
        }
        if pipe.cut_in == Some(0) {
            pipe.cut_in = None;
            let how = if pipes.dice.once_in(3) { Break::Silence } else { Break::Reset };
            pipes.break_off(how);
            let number = this.wire.number;
            this.wire.trace.note(|| format!("link {number} cut: {how:?}"));
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_off() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let pipes = &mut *self.wire.pipes();
        let pipe = &mut pipes.pipes[self.outgoing()];
        let at = pipe.arrival(&mut pipes.dice);
        pipe.end_with(at, Ending::Closed);
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    /// The system closes what a process had open, whatever became of the process.
    fn drop(&mut self) {
        let (number, side) = (self.wire.number, self.side);
        self.wire.trace.note(|| format!("link {number}: {side:?} is gone"));
        if self.is_off() {
            return self.wire.break_off(Break::Silence);
        }
        let outgoing = self.outgoing();
        let pipes = &mut *self.wire.pipes();
        let at = pipes.pipes[outgoing].arrival(&mut pipes.dice);
        pipes.pipes[outgoing].end_with(at, Ending::Closed);
        let told = Some(at).filter(|_| pipes.silent.is_none());
        let incoming = &mut pipes.pipes[1 - outgoing];
        incoming.deaf_from = incoming.deaf_from.or(told);
        incoming.chunks.clear();
        incoming.waiting = 0;
        incoming.wake();
    }
}
