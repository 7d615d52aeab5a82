//! Group in the simulation that one member joins late, leaves and joins again.
//!
//! Whom a letter to it is for follows from the ids of the service, which rise in the order of its
//! commits: a letter with an id from before a move began goes by the standing before it, one with an
//! id from after its ack by the new one. In between, and after a move without an answer, the member
//! may get a letter or not, but then on all devices alike.

use crate::cast::MemberIndex;

/// Its name.
pub(crate) const CLUB: &str = "Some of them, at times";

/// A moment as the ids of the service tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Which run of the service it was in, or after.
    pub(crate) run: usize,
    /// The last id that was given.
    pub(crate) id: u64,
}

/// Whether somebody is in the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    In,
    Out,
    Unknown,
}

/// One attempt to join or to leave.
#[derive(Debug, Clone, Copy)]
struct Move {
    to: Standing,
    begin: Moment,
    /// When it was acknowledged, if it was.
    end: Option<Moment>,
}

/// Who moves, and how they did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Club {
    /// Everybody else is in it for ever. Without one there is no such group.
    pub(crate) mover: Option<MemberIndex>,
    moves: Vec<Move>,
}

impl Club {
    /// The mover is about to join, or to leave: the other of what they did last. Says whether they
    /// join.
    pub(crate) fn begin_move(&mut self, begin: Moment) -> bool {
        let joins = self.moves.last().is_none_or(|last| last.to == Standing::Out);
        let to = if joins { Standing::In } else { Standing::Out };
        self.moves.push(Move { to, begin, end: None });
        joins
    }

    /// The last move is acknowledged.
    pub(crate) fn end_move(&mut self, end: Moment) {
        if let Some(last) = self.moves.last_mut() {
            last.end = Some(end);
        }
    }

    /// The mover's standing when the service gave the id `id`, and how many moves had begun by then.
    /// `id_of` knows the id of a moment, or a lower one if ids were given again after it.
    pub(crate) fn standing(&self, id: u64, id_of: &dyn Fn(Moment) -> u64) -> (Standing, usize) {
        let mut standing = Standing::Out;
        for (count, step) in self.moves.iter().enumerate() {
            if id <= id_of(step.begin) {
                return (standing, count);
            }
            standing = match step.end {
                Some(end) if id > end.id => step.to,
                Some(_) => return (Standing::Unknown, count + 1),
                None => Standing::Unknown,
            };
        }
        (standing, self.moves.len())
    }
}
