//! Op 12, Quit: log out.

use super::data::DataRule;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::revision::Revision;

pub(super) const SPEC: Spec =
    Spec { number: 12, name: "Quit", since: Revision::One, phase: Phase::On, data: DataRule::None };

pub(super) fn write(head: &mut HeadWriter) {
    head.number("op", SPEC.number.into());
}
