//! The command line.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use tmtp_load::tls::Trust;
use tmtp_load::work::posting::Workload;
use tmtp_load::work::{Target, drain, idle, login, members, post};

/// Loads a TMTP service, ours or not, through revision 1 of the protocol, and measures it.
#[derive(Debug, Parser)]
#[command(name = "tmtp-load", version)]
struct Cli {
    #[command(flatten)]
    target: TargetArgs,
    /// Prints one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    load: LoadArgs,
}

#[derive(Debug, Args)]
struct TargetArgs {
    /// The service, HOST:PORT; a mark and a fingerprint around it, as in the address that members
    /// join by, are understood too, and the certificate is then checked.
    #[arg(long, global = true, default_value = "127.0.0.1:5050", value_parser = parse_address)]
    address: Address,
    /// The service's process on this machine, whose CPU, memory and writing are to be measured.
    #[arg(long, global = true)]
    pid: Option<u32>,
    /// Links that are opened at a time.
    #[arg(long, global = true, default_value_t = 64)]
    at_once: usize,
    /// Seconds that the service may make no progress with what is queued, before that counts as lost.
    #[arg(long, global = true, default_value_t = 40.0)]
    patience: f64,
}

#[derive(Debug, Subcommand)]
enum LoadArgs {
    /// Senders post, recipients take: as fast as it goes, or at a fixed rate.
    Post(PostArgs),
    /// Posts for members who are not there, and saves who they are.
    Fill(FillArgs),
    /// Logs in the members that `fill` saved, and takes what waits for them.
    Take {
        /// The file that `fill` wrote.
        #[arg(long)]
        cast: PathBuf,
    },
    /// Many devices log in at once; see --at-once.
    Login {
        /// How many.
        #[arg(long, default_value_t = 1_000)]
        count: usize,
        /// Of this file, instead of new members.
        #[arg(long)]
        cast: Option<PathBuf>,
    },
    /// Links that do nothing.
    Idle {
        /// How many.
        #[arg(long, default_value_t = 10_000)]
        count: usize,
        /// Of the members in this file, instead of new ones.
        #[arg(long)]
        cast: Option<PathBuf>,
        /// How long they are held, and how long the service has to give back what they took.
        #[arg(long, default_value_t = 5.0)]
        hold: f64,
    },
    /// Members and groups who only exist.
    Members {
        /// How many members.
        #[arg(long, default_value_t = 1_000)]
        count: usize,
        /// How many groups.
        #[arg(long, default_value_t = 0)]
        groups: usize,
        /// Members of each group.
        #[arg(long, default_value_t = 10)]
        group_size: usize,
        /// Where to save who they are.
        #[arg(long)]
        save: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct FillArgs {
    /// Members who post.
    #[arg(long, default_value_t = 50)]
    senders: usize,
    /// Members who are not there.
    #[arg(long, default_value_t = 50)]
    recipients: usize,
    /// Posts in all.
    #[arg(long, default_value_t = 10_000)]
    messages: u64,
    /// Bytes of data of a post.
    #[arg(long, default_value_t = 1024)]
    body: usize,
    /// Unanswered posts of each sender.
    #[arg(long, default_value_t = 4)]
    depth: usize,
    /// Where to save who they are and what they are to receive.
    #[arg(long)]
    save: PathBuf,
}

#[derive(Debug, Args)]
struct PostArgs {
    /// Members who post.
    #[arg(long, default_value_t = 50)]
    senders: usize,
    /// Members that one post is for.
    #[arg(long, default_value_t = 1)]
    to: usize,
    /// Members who are posted to [default: 50, or as many as --to].
    #[arg(long)]
    recipients: Option<usize>,
    /// Post to one group of so many members, the senders among them.
    #[arg(long, conflicts_with_all = ["to", "recipients"])]
    group: Option<usize>,
    /// Post to this group, which exists and whose members are in --cast.
    #[arg(long, requires = "cast", conflicts_with_all = ["to", "recipients", "group"])]
    gid: Option<String>,
    /// The members of --gid.
    #[arg(long, requires = "gid")]
    cast: Option<PathBuf>,
    /// Devices of each member.
    #[arg(long, default_value_t = 1)]
    devices: usize,
    /// Bytes of data of a post.
    #[arg(long, default_value_t = 1024)]
    body: usize,
    /// How long to post and measure.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long to post before that.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Posts a second, of all senders together, at fixed moments; without it each sender waits for
    /// the answer to its last.
    #[arg(long)]
    rate: Option<f64>,
    /// Unanswered posts of each sender, without --rate.
    #[arg(long, default_value_t = 1)]
    depth: usize,
}

#[derive(Debug, Clone, Copy)]
struct Address {
    socket: SocketAddr,
    trust: Trust,
}

/// `HOST:PORT`, `=HOST:PORT` or `=HOST:PORT#FINGERPRINT`.
fn parse_address(text: &str) -> anyhow::Result<Address> {
    let text = text.trim_start_matches(['=', '+']);
    let (host, pin) = match text.split_once('#') {
        Some((host, pin)) => (host, Some(pin)),
        None => (text, None),
    };
    let socket = host.to_socket_addrs().ok().and_then(|mut all| all.next());
    let socket = socket.with_context(|| format!("{host} is no HOST:PORT"))?;
    let trust = match pin {
        None => Trust::Anyone,
        Some(pin) => Trust::Pinned(parse_pin(pin).context("a fingerprint is 64 hex digits")?),
    };
    Ok(Address { socket, trust })
}

fn parse_pin(text: &str) -> Option<[u8; 32]> {
    let mut pin = [0; 32];
    let digits = (text.len() == 64 && text.is_ascii()).then_some(text)?;
    for (index, byte) in pin.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(pin)
}

/// Runs what the command line says. Fails where deliveries were lost or doubled.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let target = Target {
        address: cli.target.address.socket,
        trust: cli.target.address.trust,
        pid: cli.target.pid,
        at_once: cli.target.at_once,
        patience: time(cli.target.patience)?,
    };
    let whole = match cli.load {
        LoadArgs::Post(args) => {
            let report = post::run(&target, &args.load()?)?;
            show(&report, cli.json)?;
            report.whole.is_even()
        }
        LoadArgs::Fill(args) => {
            let load = drain::FillLoad {
                senders: args.senders,
                recipients: args.recipients,
                messages: args.messages,
                body_bytes: args.body,
                depth: args.depth.max(1),
            };
            let report = drain::fill(&target, &load, &args.save)?;
            show(&report, cli.json)?;
            report.posts == args.messages
        }
        LoadArgs::Take { cast } => {
            let report = drain::take(&target, &cast)?;
            show(&report, cli.json)?;
            report.whole.is_even()
        }
        LoadArgs::Login { count, cast } => {
            show(&login::run(&target, count, cast.as_deref())?, cli.json)?;
            true
        }
        LoadArgs::Idle { count, cast, hold } => {
            show(&idle::run(&target, count, cast.as_deref(), time(hold)?)?, cli.json)?;
            true
        }
        LoadArgs::Members { count, groups, group_size, save } => {
            let report = members::run(&target, count, groups, group_size, save.as_deref())?;
            show(&report, cli.json)?;
            true
        }
    };
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &(impl Serialize + std::fmt::Display), json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn time(seconds: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(seconds).context("a time is a number of seconds")
}

impl PostArgs {
    fn load(self) -> anyhow::Result<post::PostLoad> {
        let to = match (self.group, self.gid, self.cast) {
            (Some(count), ..) => post::Audience::Group(count),
            (None, Some(gid), Some(cast)) => post::Audience::SavedGroup { cast, gid },
            _ => {
                let of = self.recipients.unwrap_or(50.max(self.to));
                post::Audience::Members { each: self.to, of }
            }
        };
        let workload = match self.rate.filter(|rate| *rate > 0.0) {
            Some(rate) => Workload::Open { rate },
            None => Workload::Closed { depth: self.depth.max(1) },
        };
        Ok(post::PostLoad {
            senders: self.senders,
            to,
            devices: self.devices,
            body_bytes: self.body,
            warm_up: time(self.warm_up)?,
            time: time(self.seconds)?,
            workload,
        })
    }
}
