//! The load generator against a real service: everything that was acknowledged came once to
//! everyone, the report's sums agree, and what does not come is told.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::process::Command;

use serde_json::Value;
use tmtp_testkit::process::ServiceProcess;

/// What `tmtp-load` printed, and whether it found everything in order.
struct Run {
    report: Value,
    in_order: bool,
}

impl Run {
    fn of(service: &ServiceProcess, arguments: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tmtp-load"));
        // With the fingerprint: the certificate is checked.
        command.args(["--json", "--address", service.invitation()]);
        command.args(["--pid", &service.pid().unwrap().to_string()]);
        let output = command.args(arguments.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|error| panic!("{arguments}: {error}: {said}"));
        Self { report, in_order: output.status.success() }
    }

    fn number(&self, path: &str) -> u64 {
        let value = path.split('.').fold(&self.report, |value, key| &value[key]);
        value.as_u64().unwrap_or_else(|| panic!("no number {path} in {:#}", self.report))
    }

    /// All sums of a load without warm-up agree; gives posts and deliveries.
    fn sums(&self) -> (u64, u64) {
        assert!(self.in_order, "{:#}", self.report);
        let (posts, got) = (self.number("whole.posts"), self.number("whole.got"));
        for same in ["posts", "post_to_ack.count"] {
            assert_eq!(self.number(same), posts, "{same} in {:#}", self.report);
        }
        for same in ["deliveries", "post_to_delivery.count", "whole.expected"] {
            assert_eq!(self.number(same), got, "{same} in {:#}", self.report);
        }
        for none in ["lost", "surplus", "mixed_up", "repeated", "unanswered", "foreign"] {
            assert_eq!(self.number(&format!("whole.{none}")), 0, "{none}");
        }
        (posts, got)
    }
}

#[test]
fn members_with_two_devices_get_each_post_on_both() {
    let service = ServiceProcess::start().unwrap();
    let load = "post --senders 3 --to 2 --recipients 4 --devices 2 --depth 2 --warm-up 0";
    let run = Run::of(&service, &format!("{load} --seconds 0.5"));
    let (posts, deliveries) = run.sums();
    assert!(posts >= 6, "each sender had two posts under way");
    // Two recipients with two devices, and the sender's other device.
    assert_eq!(deliveries, posts * 5);
    assert!(run.number("service.peak_kib") > 0 && run.number("service.written_bytes") > 0);
}

#[test]
fn a_group_gets_each_post_but_for_its_sender() {
    let service = ServiceProcess::start().unwrap();
    let load = "post --group 6 --senders 2 --warm-up 0 --seconds 0.3 --body 40000";
    let (posts, deliveries) = Run::of(&service, load).sums();
    assert!(posts >= 2);
    assert_eq!(deliveries, posts * 5);
}

#[test]
fn a_fixed_rate_posts_neither_more_nor_less() {
    let service = ServiceProcess::start().unwrap();
    let load = "post --senders 2 --recipients 2 --warm-up 0 --rate 100 --seconds 0.5";
    assert_eq!(Run::of(&service, load).sums(), (50, 50));
}

#[test]
fn queued_posts_survive_a_restart_and_lost_ones_are_reported() {
    let mut service = ServiceProcess::start().unwrap();
    let cast = tempfile::NamedTempFile::new().unwrap();
    let cast = cast.path().to_str().unwrap();
    let fill = format!("fill --messages 50 --recipients 3 --senders 2 --save {cast}");
    let filled = Run::of(&service, &fill);
    assert!(filled.in_order);
    assert_eq!(filled.number("posts"), 50);
    service.kill9().unwrap();
    service.restart().unwrap();
    let take = format!("take --cast {cast}");
    let taken = Run::of(&service, &take);
    assert!(taken.in_order, "{:#}", taken.report);
    assert_eq!((taken.number("whole.expected"), taken.number("whole.got")), (50, 50));
    // They have it now, so nothing comes to whoever takes the same again.
    let again = Run::of(&service, &format!("{take} --patience 0.5"));
    assert!(!again.in_order);
    assert_eq!((again.number("whole.got"), again.number("whole.lost")), (0, 50));
}

#[test]
fn logins_and_idle_links_are_counted() {
    let service = ServiceProcess::start().unwrap();
    let cast = tempfile::NamedTempFile::new().unwrap();
    let cast = cast.path().to_str().unwrap();
    let made =
        Run::of(&service, &format!("members --count 12 --groups 3 --group-size 4 --save {cast}"));
    assert_eq!((made.number("members"), made.number("groups")), (12, 3));
    let logins = Run::of(&service, &format!("login --count 12 --cast {cast}"));
    assert_eq!((logins.number("logins"), logins.number("connect_to_on.count")), (12, 12));
    let idle = Run::of(&service, &format!("idle --count 12 --cast {cast} --hold 0.1"));
    assert_eq!(idle.number("links"), 12);
    assert!(idle.number("holding_kib") > 0);
}
