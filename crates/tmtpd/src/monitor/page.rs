//! `/metrics`: every metric, with its name, help and service label.
//!
//! No label identifies a member: labels are the service's name, a rule, a reason or a bound.

use std::path::PathBuf;
use std::sync::Arc;

use super::exposition::Exposition;
use super::health::Sick;
use super::machine;
use crate::daemon::Instance;
use crate::metrics::{ACCEPTOR, Metrics};
use crate::service::Service;
use tmtp_store::Stats;
use tmtp_store::StoreMetrics;
use tmtp_telemetry::{Counter, Histogram, Kind};

/// A service whose metrics are shown.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// Its name in the configuration.
    pub name: String,
    /// Its data folder.
    pub data: PathBuf,
    /// The service.
    pub service: Arc<Service>,
    /// When its certificate expires, Unix seconds, if known.
    pub certificate_expires_s: Option<i64>,
}

impl Watched {
    /// The metrics of an instance of the daemon.
    #[must_use]
    pub(crate) fn of(instance: &Instance) -> Self {
        Self {
            name: instance.name(),
            data: instance.data(),
            service: Arc::clone(instance.service()),
            certificate_expires_s: instance
                .identity()
                .certificate()
                .validity()
                .map(|valid| valid.until_s),
        }
    }
}

/// A service and the result of its health check.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) watched: Watched,
    pub(super) health: Result<(), Sick>,
}

/// The page.
pub(super) fn page(checked: &[Checked]) -> String {
    let mut page = Exposition::default();
    process(&mut page);
    acceptor(&mut page);
    let services: Vec<_> = checked.iter().map(|checked| &checked.watched).collect();
    health(&mut page, checked);
    state(&mut page, &services);
    counters(&mut page, &services);
    kinds(&mut page, &services);
    spans(&mut page, &services);
    page.into_text()
}

fn process(page: &mut Exposition) {
    page.gauge("tmtpd_build_info", "The version that runs.")
        .value(&[("version", env!("BUILD_VERSION"))], 1);
    let mut gauge = |name, help, value: Option<u64>| {
        if let Some(value) = value {
            page.gauge(name, help).value(&[], value);
        }
    };
    gauge(
        "process_resident_memory_bytes",
        "Memory the process has in use.",
        machine::memory_bytes(),
    );
    gauge("process_open_fds", "Files and links the process has open.", machine::open_files());
    gauge("process_max_fds", "Files and links it may have open.", machine::open_files_max());
    if let Some(seconds) = machine::cpu_seconds() {
        page.counter("process_cpu_seconds_total", "Time the process has computed.")
            .value(&[], seconds);
    }
}

fn acceptor(page: &mut Exposition) {
    page.counter("tmtpd_connections_accepted_total", "Connections that came, of all services.")
        .value(&[], ACCEPTOR.accepted.value());
    let mut family = page.counter(
        "tmtpd_connections_refused_total",
        "Connections that did not become links, by reason.",
    );
    for (why, number) in ACCEPTOR.rejected.values() {
        family.value(&[("reason", why.name())], number);
    }
}

fn health(page: &mut Exposition, services: &[Checked]) {
    let mut family = page.gauge("tmtpd_healthy", "1 when the service takes messages, 0 when not.");
    for Checked { watched, health } in services {
        family.value(&[("service", &watched.name)], u8::from(health.is_ok()));
    }
}

/// Present values.
fn state(page: &mut Exposition, services: &[&Watched]) {
    let stats: Vec<_> = services.iter().map(|watched| watched.service.store.stats()).collect();
    let mut gauge = |name, help, value: &dyn Fn(&Watched, &Stats) -> Option<i64>| {
        let mut family = page.gauge(name, help);
        for (watched, stats) in services.iter().zip(&stats) {
            if let Some(value) = value(watched, stats) {
                family.value(&[("service", &watched.name)], value);
            }
        }
    };
    let whole = |number: u64| i64::try_from(number).ok();
    gauge("tmtpd_links_open", "Links that are open.", &|watched, _| {
        whole(watched.service.links.len() as u64)
    });
    gauge("tmtpd_devices_online", "Devices that are logged in.", &|watched, _| {
        whole(watched.service.roster.len() as u64)
    });
    gauge("tmtpd_members", "Accounts.", &|watched, _| {
        whole(watched.service.directory().member_count() as u64)
    });
    gauge("tmtpd_owed_messages", "Messages that some device has not acknowledged.", &|_, stats| {
        whole(stats.messages)
    });
    gauge(
        "tmtpd_owed_deliveries",
        "Deliveries due: one for each queued message and device.",
        &|_, stats| whole(stats.queued),
    );
    gauge("tmtpd_owed_bytes", "Bytes of the messages on disk.", &|_, stats| {
        whole(stats.body_bytes)
    });
    gauge("tmtpd_segments", "Files that hold small messages.", &|_, stats| whole(stats.segments));
    gauge(
        "tmtpd_erase_backlog",
        "Messages that are in no queue and not yet erased.",
        &|watched, _| {
            let metrics = watched.service.store.metrics();
            whole(metrics.dead.value().saturating_sub(metrics.erased.value()))
        },
    );
    gauge("tmtpd_disk_free_bytes", "Room that is left on the disk of the data.", &|watched, _| {
        whole(machine::disk_free_bytes(&watched.data)?)
    });
    gauge(
        "tmtpd_certificate_expiry_timestamp_seconds",
        "When the certificate ends to be valid, Unix seconds.",
        &|watched, _| watched.certificate_expires_s,
    );
}

/// Counters since the start.
fn counters(page: &mut Exposition, services: &[&Watched]) {
    let mut counter = |name, help, of: &dyn Fn(&Metrics) -> &Counter| {
        let mut family = page.counter(name, help);
        for watched in services {
            family.value(&[("service", &watched.name)], of(&watched.service.metrics).value());
        }
    };
    counter("tmtpd_links_opened_total", "Links whose TLS handshake is done.", &|m| &m.links_opened);
    counter("tmtpd_logins_total", "Devices that have logged in.", &|m| &m.logins);
    counter("tmtpd_registrations_total", "Accounts that were made.", &|m| &m.registrations);
    counter("tmtpd_posts_total", "Messages that were accepted.", &|m| &m.posts);
    counter(
        "tmtpd_deliveries_total",
        "Messages that were sent to a device for the first time.",
        &|m| &m.deliveries,
    );
    counter("tmtpd_resends_total", "Messages that were sent to a device again.", &|m| &m.resends);
    counter("tmtpd_acks_total", "Messages that a device has acknowledged.", &|m| &m.acks);
    counter("tmtpd_link_read_bytes_total", "Bytes read from links.", &|m| &m.bytes_in);
    counter("tmtpd_link_written_bytes_total", "Bytes written to links.", &|m| &m.bytes_out);
}

fn kinds(page: &mut Exposition, services: &[&Watched]) {
    let mut family = page.counter("tmtpd_links_ended_total", "Links that have ended, by reason.");
    for watched in services {
        for (why, number) in watched.service.metrics.links_ended.values() {
            family.value(&[("service", &watched.name), ("reason", why.name())], number);
        }
    }
    let mut family =
        page.counter("tmtpd_requests_refused_total", "Requests that were refused, by rule.");
    for watched in services {
        for (rule, number) in watched.service.metrics.refused.values() {
            family.value(&[("service", &watched.name), ("rule", rule.name())], number);
        }
    }
}

fn spans(page: &mut Exposition, services: &[&Watched]) {
    let mut histogram = |name, help, of: &dyn Fn(&StoreMetrics) -> &Histogram| {
        let mut family = page.histogram(name, help);
        for watched in services {
            family.spans(&[("service", &watched.name)], of(watched.service.store.metrics()));
        }
    };
    histogram("tmtpd_commit_seconds", "How long commits took.", &|m| &m.commits);
    let help = "How long checkpoints of the write-ahead log took.";
    histogram("tmtpd_checkpoint_seconds", help, &|m| &m.checkpoints);
}
