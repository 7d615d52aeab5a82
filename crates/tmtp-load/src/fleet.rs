//! Event loop over all links of the process, and what happened on them.
//!
//! [`Fleet::turn`] waits, reads what has come, and gives out what happened; a load looks at that,
//! queues requests by [`Fleet::send`], and calls `turn` again, which first sends what has gathered.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{Domain, Protocol, Socket, Type};
use tmtp::request::Request;
use tmtp::session::Millis;

use crate::link::{Link, LinkEvent, LinkNumber, Scratch};
use crate::tls::{self, Trust};

/// Links of one source address, on loopback: few enough for any service's limit per address.
const LINKS_PER_SOURCE: usize = 200;
/// How often clocks of links are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Token of the load's own timer in the event loop.
const TIMER: Token = Token(usize::MAX);

/// All links of the process.
#[derive(Debug)]
pub struct Fleet {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    poll: Poll,
    events: Events,
    timer: Timer,
    links: Vec<Option<Box<Link>>>,
    free: Vec<LinkNumber>,
    /// Links with something to send.
    dirty: Vec<LinkNumber>,
    scratch: Scratch,
    link_events: Vec<LinkEvent>,
    opened: usize,
    epoch: Instant,
    next_tick: Instant,
}

impl Fleet {
    /// No link yet. Raises the limit of open files as far as it goes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(address: SocketAddr, trust: Trust) -> anyhow::Result<Self> {
        raise_file_limit();
        let poll = Poll::new().context("no event loop")?;
        let timer = Timer::new(&poll).context("no timer")?;
        let epoch = Instant::now();
        Ok(Self {
            address,
            config: tls::config(trust)?,
            poll,
            events: Events::with_capacity(4_096),
            timer,
            links: Vec::new(),
            free: Vec::new(),
            dirty: Vec::new(),
            scratch: Scratch::new()?,
            link_events: Vec::new(),
            opened: 0,
            epoch,
            next_tick: epoch + TICK,
        })
    }

    /// Links that live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.links.len() - self.free.len()
    }

    /// Whether no link lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins a link that is to enter by `entry`.
    ///
    /// # Errors
    /// When the system refuses: too many open files, no route.
    pub fn open(&mut self, entry: Request) -> anyhow::Result<LinkNumber> {
        let socket = connect(self.address, self.opened)?;
        self.opened += 1;
        let name = ServerName::IpAddress(self.address.ip().into());
        let mut link = Link::new(socket, &self.config, name, entry, self.now())?;
        let number = self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            self.links.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(link.socket(), Token(number), interest)?;
        self.links[number] = Some(Box::new(link));
        Ok(number)
    }

    /// Ends a link without a word.
    pub fn close(&mut self, number: LinkNumber) {
        if let Some(mut link) = self.links.get_mut(number).and_then(Option::take) {
            // A socket that is closed leaves the poll by itself.
            let _ = self.poll.registry().deregister(link.socket());
            self.free.push(number);
        }
    }

    /// Where to append requests of a link, sent with the next turn. None once it has ended.
    pub fn send(&mut self, number: LinkNumber) -> Option<&mut Vec<u8>> {
        let now = self.now();
        let link = self.links.get_mut(number)?.as_mut()?;
        self.dirty.push(number);
        Some(link.output(now))
    }

    /// Bytes that the service has not taken from a link yet.
    #[must_use]
    pub fn unsent(&self, number: LinkNumber) -> usize {
        self.links.get(number).and_then(Option::as_ref).map_or(0, |link| link.unsent())
    }

    /// Sends what has gathered, waits at most until `until`, to the microsecond, and appends what
    /// happened.
    ///
    /// # Errors
    /// When the event loop fails.
    pub fn turn(&mut self, until: Instant, seen: &mut Vec<LinkEvent>) -> anyhow::Result<()> {
        self.flush();
        let now = Instant::now();
        let until = if self.link_events.is_empty() { until.min(self.next_tick) } else { now };
        let wait = self.timer.arm(until.saturating_duration_since(now))?;
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                return Err(error.into());
            }
            _ => {}
        }
        self.read();
        if self.next_tick <= Instant::now() {
            self.tick();
        }
        seen.append(&mut self.link_events);
        Ok(())
    }

    fn read(&mut self) {
        for event in &self.events {
            let number = event.token().0;
            let Some(Some(link)) = self.links.get_mut(number) else { continue };
            let closed = event.is_read_closed() || event.is_error();
            let result = if event.is_readable() || closed {
                link.read(number, &mut self.scratch, &mut self.link_events, closed)
            } else {
                Ok(())
            };
            if let Err(why) = result.and_then(|()| link.flush()) {
                end(&mut self.links, &mut self.free, &mut self.link_events, number, why);
            }
        }
    }

    fn flush(&mut self) {
        for number in self.dirty.drain(..) {
            if let Some(Some(link)) = self.links.get_mut(number)
                && let Err(why) = link.flush()
            {
                end(&mut self.links, &mut self.free, &mut self.link_events, number, why);
            }
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        self.next_tick = Instant::now() + TICK;
        for number in 0..self.links.len() {
            if let Some(Some(link)) = self.links.get_mut(number)
                && let Err(why) = link.tick(now).and_then(|()| link.flush())
            {
                end(&mut self.links, &mut self.free, &mut self.link_events, number, why);
            }
        }
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

fn end(
    links: &mut [Option<Box<Link>>],
    free: &mut Vec<LinkNumber>,
    link_events: &mut Vec<LinkEvent>,
    number: LinkNumber,
    why: String,
) {
    // Dropping the socket closes it, and a closed socket leaves the poll.
    if let Some(place) = links.get_mut(number)
        && place.take().is_some()
    {
        free.push(number);
        link_events.push(LinkEvent::Ended { link: number, why });
    }
}

/// Begins to connect; to a service on this machine from a loopback address of the link's own, so
/// that the ports of one address are no bound.
fn connect(address: SocketAddr, index: usize) -> anyhow::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .context("no more sockets: raise the limit of open files")?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let IpAddr::V4(ip) = address.ip()
        && ip.is_loopback()
    {
        let host = u32::try_from(index / LINKS_PER_SOURCE % 60_000).unwrap_or(0);
        let source = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 1).to_bits() + host);
        socket.bind(&SocketAddr::from((source, 0)).into()).context("no port on loopback")?;
    }
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error).with_context(|| format!("cannot reach {address}")),
    }
    Ok(TcpStream::from_std(socket.into()))
}

fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If this is refused, opening links fails with the reason.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Wakes the loop to the microsecond, which its own time-out does not.
#[derive(Debug)]
struct Timer(std::os::fd::OwnedFd);

impl Timer {
    fn new(poll: &Poll) -> anyhow::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        use std::os::fd::AsRawFd as _;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let mut source = mio::unix::SourceFd(&timer.as_raw_fd());
        poll.registry().register(&mut source, TIMER, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// How long the loop should wait: not at all, to the full millisecond by itself, or until the
    /// timer wakes it.
    fn arm(&self, wait: Duration) -> anyhow::Result<Option<Duration>> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        if wait.is_zero() || wait > Duration::from_millis(20) {
            return Ok(Some(wait));
        }
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        // Edge-triggered: each expiry is one event, whether or not it was read.
        let new = Itimerspec { it_interval: zero, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &new)?;
        Ok(Some(Duration::from_millis(20)))
    }
}
