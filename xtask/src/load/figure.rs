//! Measured figures, beside their goals and those of another service.

use std::process::Command;

use serde_json::Value;

use crate::run;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// Not more.
    AtMost(f64),
    /// Not less.
    AtLeast(f64),
    /// Nothing was promised.
    None,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What it is, with its unit.
    pub(crate) name: String,
    /// What it should be.
    pub(crate) goal: Goal,
    /// What the deployed Go service does on such a machine; not measured here.
    pub(crate) go: &'static str,
    /// What our service does.
    pub(crate) ours: f64,
    /// What the service of `--compare` does.
    pub(crate) other: Option<f64>,
    /// What bounds it, or how it came about.
    pub(crate) note: String,
}

impl Goal {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(goal) => Some(value <= goal),
            Self::AtLeast(goal) => Some(value >= goal),
            Self::None => None,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtMost(goal) => format!("≤ {}", number(goal)),
            Self::AtLeast(goal) => format!("≥ {}", number(goal)),
            Self::None => "–".into(),
        }
    }
}

/// Three digits that mean something.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0
            && (digits.len() - index).is_multiple_of(3)
            && digits.as_bytes()[index - 1] != b'-'
        {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Prints the table, ready for a document.
pub(crate) fn print(figures: &[Figure], compared: bool) {
    let other = if compared { " other | other ÷ ours |" } else { "" };
    println!("| | Go service | target | ours |{other} | what bounds it |");
    println!("|---|---|---|---|{}---|---|", if compared { "---|---|" } else { "" });
    for figure in figures {
        let met = match figure.goal.is_met(figure.ours) {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let ours = number(figure.ours);
        let other = match (compared, figure.other) {
            (false, _) => String::new(),
            (true, None) => " – | – |".into(),
            (true, Some(other)) => {
                format!(" {} | {} |", number(other), number(other / figure.ours))
            }
        };
        let Figure { name, go, goal, note, .. } = figure;
        println!("| {name} | {go} | {} | {ours} |{other} {met} | {note} |", goal.shown());
    }
}

/// Where and when the figures were made.
pub(crate) fn circumstances() -> String {
    let told = |command: &mut Command| {
        run::captured(command).map_or_else(|_| "?".to_owned(), |text| text.trim().to_owned())
    };
    let git = |args: &[&str]| told(Command::new("git").args(args).current_dir(run::root()));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |text| text.trim_start_matches(['\t', ' ', ':']));
    format!(
        "{}, commit {}, {cores} cores ({model}), load of the machine {}",
        told(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
        git(&["rev-parse", "--short", "HEAD"]),
        load_average(),
    )
}

/// What runs on the machine beside us, among others: processes that want to run, over a minute.
pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}

/// The number at the end of a path of keys.
pub(crate) fn at(report: &Value, path: &str) -> Option<f64> {
    path.split('.').try_fold(report, |value, key| value.get(key))?.as_f64()
}

/// Which of the two processes used how much of the machine.
pub(crate) fn bound(report: &Value) -> String {
    let cores = |who: &str| at(report, &format!("{who}.cores")).map(number);
    let load = load_average();
    match (cores("service"), cores("generator")) {
        (Some(service), Some(generator)) => {
            format!("cores: service {service}, generator {generator}; load {load}")
        }
        _ => format!("load {load}"),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        let shown = [0.0, 0.456, 12.34, 123.4, 1234.0, 1_234_567.0, -1234.0].map(number);
        assert_eq!(shown, ["0.0", "0.46", "12.3", "123", "1,234", "1,234,567", "-1,234"]);
    }
}
