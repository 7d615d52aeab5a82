//! Prometheus text exposition format, version 0.0.4.
//!
//! A metric family is a line of help, a line with its type, and a line for each value with its
//! labels. Metric names are ours and well-formed; label values are escaped.

use std::fmt::{self, Display, Formatter, Write};

use tmtp_telemetry::{BUCKET_BOUNDS_US, Histogram};

/// The content type.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page being written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// One metric family; its values must follow each other.
#[derive(Debug)]
pub(super) struct Family<'e> {
    text: &'e mut String,
    name: &'static str,
}

/// Labels of a value, in order.
pub(super) type Labels<'l> = &'l [(&'static str, &'l str)];

impl Exposition {
    /// A counter: only grows until the process ends.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// A gauge: goes up and down.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// A histogram of durations.
    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { text: &mut self.text, name }
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(text);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// One value.
    pub(super) fn value(&mut self, labels: Labels<'_>, value: impl Display) -> &mut Self {
        self.line("", labels, value)
    }

    /// One histogram.
    pub(super) fn spans(&mut self, labels: Labels<'_>, spans: &Histogram) -> &mut Self {
        let cumulated = spans.cumulated();
        for (bound_us, count) in BUCKET_BOUNDS_US.iter().zip(cumulated) {
            let bound = Seconds(*bound_us).to_string();
            self.line("_bucket", &[labels, &[("le", &bound)]].concat(), count);
        }
        let count = cumulated.last().copied().unwrap_or(0);
        self.line("_bucket", &[labels, &[("le", "+Inf")]].concat(), count);
        self.line("_sum", labels, Seconds(spans.sum_us()));
        self.line("_count", labels, count)
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, value: impl Display) -> &mut Self {
        let name = self.name;
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{name}{suffix}{} {value}", Braces(labels));
        self
    }
}

/// Microseconds, shown as seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

struct Braces<'l>(Labels<'l>);

impl Display for Braces<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}=\"", if index == 0 { '{' } else { ',' })?;
            for character in value.chars() {
                match character {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    other => f.write_char(other)?,
                }
            }
            f.write_char('"')?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_char('}') }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn families_values_and_labels_are_formatted_and_escaped() {
        let mut page = Exposition::default();
        page.gauge("a", "What a is.").value(&[], 7).value(&[("x", "q\"b\\s\nn"), ("y", "ü")], 8);
        let text = "# HELP a What a is.\n# TYPE a gauge\na 7\na{x=\"q\\\"b\\\\s\\nn\",y=\"ü\"} 8\n";
        assert_eq!(page.into_text(), text);
    }

    #[test]
    fn histogram_is_cumulative() {
        let spans = Histogram::default();
        for us in [1, 100, 101, 2_500_000, 60_000_000] {
            spans.note(Duration::from_micros(us));
        }
        let mut page = Exposition::default();
        page.histogram("t", "Time.").spans(&[("s", "x")], &spans);
        let text = page.into_text();
        for line in [
            "t_bucket{s=\"x\",le=\"0.0001\"} 2\n",
            "t_bucket{s=\"x\",le=\"0.00025\"} 3\n",
            "t_bucket{s=\"x\",le=\"0.5\"} 3\n",
            "t_bucket{s=\"x\",le=\"2.5\"} 4\n",
            "t_bucket{s=\"x\",le=\"+Inf\"} 5\n",
            "t_sum{s=\"x\"} 62.500202\n",
            "t_count{s=\"x\"} 5\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
