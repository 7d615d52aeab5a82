//! Pages of a thread, and marking messages as read.
//!
//! However long a thread and its letters are, an answer is bounded by rows and by bytes, and reads
//! at most one further row on either side.

use rusqlite::{OptionalExtension, params};

use super::change::VaultReader;
use super::message::COLUMNS;
use super::{Change, Result, Vault};
use crate::command::Place;
use crate::error::VaultError;
use crate::view::{AccountId, Message, MessageRowId, Thread, ThreadId};

/// Messages of a page by default, and at most.
const ROWS_DEFAULT: u32 = 100;
const ROWS_MAX: u32 = 200;
/// Bytes of the texts of a page, as written and as rendered, and names of absent files; a single
/// message may have more.
const BYTES_MAX: usize = 1 << 20;
/// Unread messages among which the first is looked for.
const UNREAD_LOOKED: i64 = 200;
/// Messages marked by one command.
const MARKED_MAX: usize = 1_000;
/// Messages marked in one transaction, and bytes of their texts after which it ends.
const SLICE_ROWS: usize = 200;
const SLICE_BYTES: usize = 1 << 20;

/// Position of a message in its thread: by time, then by row.
type Position = (i64, MessageRowId);

/// Remaining room on a page.
struct PageRoom {
    rows: usize,
    bytes: usize,
    /// Whether the next message is taken whatever its size.
    must: bool,
}

/// Messages in one direction from a position, nearest first.
#[derive(Default)]
struct Run {
    messages: Vec<Message>,
    /// Whether there are more in this direction.
    more: bool,
}

#[derive(Clone, Copy)]
enum Direction {
    Back,
    On,
}

impl Vault {
    /// One thread with its newest messages and the draft of a reply.
    pub fn thread(&self, id: ThreadId) -> Result<Thread> {
        self.thread_page(id, Place::End, None)
    }

    /// One thread with the requested page of its messages, and the draft of a reply.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] without such a thread, or if the message before or after which the
    /// page lies is not in it.
    pub fn thread_page(&self, id: ThreadId, at: Place, limit: Option<u32>) -> Result<Thread> {
        let read = self.reader();
        if read.is_erased(id)? {
            return Err(VaultError::NotFound { what: "thread", id });
        }
        let row = read.thread_row(id)?;
        let rows = limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX) as usize;
        let (before, after) =
            read.page(row.account, id, at, PageRoom { rows, bytes: BYTES_MAX, must: true })?;
        let mut messages = before.messages;
        messages.reverse();
        messages.extend(after.messages);
        let draft = read.draft_of(id)?.filter(|draft| !draft.is_empty());
        Ok(Thread { row, messages, older: before.more, newer: after.more, draft })
    }

    /// Marks the named messages of a thread as read, or all, here and on the member's other
    /// devices; to be called again while there are more. The event is the thread's line; its
    /// messages are not sent again.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] without such a thread, [`VaultError::TooLarge`] for more than 1,000
    /// messages.
    pub fn mark_read(
        &mut self,
        id: ThreadId,
        messages: Option<&[MessageRowId]>,
    ) -> Result<Change<Marked>> {
        if messages.is_some_and(|messages| messages.len() > MARKED_MAX) {
            return Err(VaultError::TooLarge(format!(
                "More than {MARKED_MAX} messages were to be marked at once. Mark fewer at a time."
            )));
        }
        self.change(|work| {
            let account = work.read.account_of(id)?;
            let (some, more) = match messages {
                None => work.read.some_unread(account, id)?,
                Some(messages) => work.read.some_unread_of(id, messages)?,
            };
            let mut marked = Vec::new();
            let mut mark = work
                .db
                .prepare_cached("UPDATE message SET unread = 0 WHERE id = ?1 RETURNING msgid")?;
            for message in &some {
                let msgid: Option<String> = mark.query_row([message], |row| row.get(0))?;
                marked.extend(msgid);
            }
            if !some.is_empty() {
                work.touch_thread(id);
                work.touch_account(account);
                work.sync_read(account, marked)?;
            }
            Ok(Marked { account, more })
        })
    }
}

/// The result of marking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The account of the thread.
    pub account: AccountId,
    /// Whether there are more to mark.
    pub more: bool,
}

/// Messages to mark together: marking rewrites the whole row.
#[derive(Default)]
struct MarkedSlice {
    messages: Vec<MessageRowId>,
    bytes: usize,
}

impl MarkedSlice {
    fn is_full(&self) -> bool {
        self.messages.len() >= SLICE_ROWS || self.bytes >= SLICE_BYTES
    }

    fn add(&mut self, (message, bytes): (MessageRowId, usize)) {
        self.messages.push(message);
        self.bytes += bytes;
    }
}

/// Bytes of a message on a page, as far as authors or forwarders control them.
fn shown_bytes(message: &Message) -> usize {
    let absent = message.forwarded.iter().flat_map(|forwarded| &forwarded.files);
    message.text.len() + message.html.len() + absent.map(String::len).sum::<usize>()
}

impl VaultReader<'_> {
    /// Unread messages of a thread, and whether there are more.
    fn some_unread(
        &self,
        account: AccountId,
        thread: ThreadId,
    ) -> Result<(Vec<MessageRowId>, bool)> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, octet_length(text) + octet_length(html) FROM message
             INDEXED BY message_unread WHERE account = ?1 AND thread = ?2 AND unread = 1",
        )?;
        let mut rows = statement.query([account, thread])?;
        let mut slice = MarkedSlice::default();
        while let Some(row) = rows.next()? {
            if slice.is_full() {
                return Ok((slice.messages, true));
            }
            slice.add((row.get(0)?, row.get(1)?));
        }
        Ok((slice.messages, false))
    }

    /// As [`Self::some_unread`], of these.
    fn some_unread_of(
        &self,
        thread: ThreadId,
        messages: &[MessageRowId],
    ) -> Result<(Vec<MessageRowId>, bool)> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, octet_length(text) + octet_length(html) FROM message
             WHERE id = ?1 AND thread = ?2 AND unread = 1",
        )?;
        let mut slice = MarkedSlice::default();
        for &message in messages {
            let found = statement
                .query_row([message, thread], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some(found) = found else { continue };
            if slice.is_full() {
                return Ok((slice.messages, true));
            }
            slice.add(found);
        }
        Ok((slice.messages, false))
    }
}

impl VaultReader<'_> {
    /// The messages before the place, and those at and after it.
    fn page(
        &self,
        account: AccountId,
        thread: ThreadId,
        at: Place,
        mut room: PageRoom,
    ) -> Result<(Run, Run)> {
        let position = match at {
            Place::End => None,
            Place::Unread => self.first_unread(account, thread)?,
            Place::Around(id) => match self.position(thread, id)? {
                Some(position) => Some(position),
                None => self.first_unread(account, thread)?,
            },
            Place::Before(id) => {
                let position = self.known_position(thread, id)?;
                let before = self.run(thread, Direction::Back, position, &mut room)?;
                return Ok((before, Run { more: true, ..Run::default() }));
            }
            Place::After(id) => {
                let (at_ms, row) = self.known_position(thread, id)?;
                let after = self.run(thread, Direction::On, (at_ms, row + 1), &mut room)?;
                return Ok((Run { more: true, ..Run::default() }, after));
            }
        };
        match position {
            Some(position) => self.around(thread, position, room),
            None => {
                let end = (i64::MAX, MessageRowId::MAX);
                Ok((self.run(thread, Direction::Back, end, &mut room)?, Run::default()))
            }
        }
    }

    /// A page that includes the position and uses three quarters of the rest for what follows it.
    fn around(&self, thread: ThreadId, at: Position, room: PageRoom) -> Result<(Run, Run)> {
        let share = |whole: usize| whole - whole / 4;
        let mut on = PageRoom { rows: share(room.rows), bytes: share(room.bytes), must: true };
        let after = self.run(thread, Direction::On, at, &mut on)?;
        let mut back = PageRoom {
            rows: room.rows - after.messages.len(),
            bytes: room.bytes - share(room.bytes) + on.bytes,
            must: false,
        };
        Ok((self.run(thread, Direction::Back, at, &mut back)?, after))
    }

    /// The messages from the position on (inclusive) or back (exclusive), as far as there is room.
    fn run(
        &self,
        thread: ThreadId,
        direction: Direction,
        (at_ms, id): Position,
        room: &mut PageRoom,
    ) -> Result<Run> {
        let (compared, order) = match direction {
            Direction::Back => ("<", "DESC"),
            Direction::On => (">=", "ASC"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM message WHERE thread = ?1 AND (at_ms, id) {compared} (?2, ?3)
             ORDER BY at_ms {order}, id {order}"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params![thread, at_ms, id])?;
        let mut run = Run::default();
        while let Some(row) = rows.next()? {
            // Not read if there is no room: it may be large.
            let full = room.rows == 0 || (room.bytes == 0 && !room.must);
            let message = if full { None } else { Some(self.message_from(row)?) };
            let fits = |message: &Message| room.must || shown_bytes(message) <= room.bytes;
            let Some(message) = message.filter(fits) else {
                run.more = true;
                break;
            };
            room.rows -= 1;
            room.bytes = room.bytes.saturating_sub(shown_bytes(&message));
            room.must = false;
            run.messages.push(message);
        }
        Ok(run)
    }

    fn position(&self, thread: ThreadId, message: MessageRowId) -> Result<Option<Position>> {
        Ok(self
            .db
            .prepare_cached("SELECT at_ms, id FROM message WHERE id = ?1 AND thread = ?2")?
            .query_row([message, thread], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    fn known_position(&self, thread: ThreadId, id: MessageRowId) -> Result<Position> {
        self.position(thread, id)?.ok_or(VaultError::NotFound { what: "message", id })
    }

    /// The first of the unread messages, of those that came first.
    fn first_unread(&self, account: AccountId, thread: ThreadId) -> Result<Option<Position>> {
        Ok(self
            .db
            .prepare_cached(
                // The index is named: the planner takes the one in the order of times, and so reads all
                // of a thread in which nothing is unread.
                "SELECT at_ms, id FROM (SELECT at_ms, id FROM message INDEXED BY message_unread
                     WHERE account = ?1 AND thread = ?2 AND unread = 1 ORDER BY id LIMIT ?3)
                 ORDER BY at_ms, id LIMIT 1",
            )?
            .query_row(params![account, thread, UNREAD_LOOKED], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?)
    }
}
