//! Search text: tokens of every script, queries with operators, marked excerpts.

mod excerpt;
mod operator;
mod query;
mod rank;
mod token;
mod word;

pub use excerpt::mark;
pub(crate) use excerpt::{has, passage};
pub(crate) use operator::Condition;
pub(crate) use query::Query;
pub(crate) use rank::rank;
pub(crate) use token::indexed;
