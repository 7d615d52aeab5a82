//! Plan of a schedule, from its seed: who takes part, and how much breaks.

use std::time::Duration;

use tmtp_testkit::dice::Dice;

use crate::network::Weather;

/// What a seed decides at the start.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) members: usize,
    /// Further devices, by member.
    pub(crate) devices: Vec<usize>,
    pub(crate) late_devices: usize,
    pub(crate) storm: Duration,
    pub(crate) weather: Weather,
    pub(crate) pause_max_ms: u64,
    /// The longest pause between two faults of one kind, in milliseconds.
    pub(crate) service_faults_ms: u64,
    pub(crate) app_faults_ms: u64,
    pub(crate) link_faults_ms: u64,
    /// How often a home is copied: of a device there are two machines then, or three.
    pub(crate) copies: usize,
    /// Whether a member joins and leaves a group amid all this.
    pub(crate) club: bool,
    /// Whether somebody is away afterwards, for longer than anything waits.
    pub(crate) absence: bool,
}

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let members = dice.between(2, 4) as usize;
        let devices = (0..members).map(|_| usize::from(dice.once_in(3))).collect();
        let delay_max_ms = [5, 100, 3_000][dice.place(3)];
        let pause = |dice: &mut Dice| [3_000, 12_000, 60_000][dice.place(3)];
        Self {
            members,
            devices,
            late_devices: usize::from(dice.once_in(4)),
            storm: Duration::from_secs(dice.between(10, 40)),
            weather: Weather {
                delay_max_ms,
                cut_once_in: dice.between(0, 4),
                refuse_once_in: [0, 4, 10][dice.place(3)],
            },
            pause_max_ms: [2_000, 8_000, 20_000][dice.place(3)],
            service_faults_ms: pause(dice),
            app_faults_ms: pause(dice),
            link_faults_ms: pause(dice),
            copies: [0, 0, 0, 1, 1, 2][dice.place(6)],
            club: members > 2 && dice.once_in(2),
            absence: dice.once_in(5),
        }
    }
}
