//! Op 11, Pulse: still here.

use super::data::DataRule;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 11,
    name: "Pulse",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::None,
};

pub(super) fn write(head: &mut HeadWriter) {
    head.number("op", SPEC.number.into());
}
