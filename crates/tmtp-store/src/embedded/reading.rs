//! Reading of the embedded store: queues, messages, rows.

use std::ops::{Bound, ControlFlow};

use super::EmbeddedStore;
use crate::batch::Row;
use crate::body::large::{LargeReader, QueuedReader};
use crate::engine::{KeyRange, ReadRows, prefix_end};
use crate::error::StoreError;
use crate::message::{MessageReader, Queued};
use crate::message_cache::CachedMessage;
use crate::position::{Class, Cursor, DeviceNumber, Position};
use crate::row::{
    Body, MESSAGES, MessageRow, QUEUE_KEY_BYTES, message_key, message_of, parse_queue_key,
    queue_key,
};

impl EmbeddedStore {
    pub(super) fn queued_behind(
        &self,
        device: DeviceNumber,
        mut cursor: Cursor,
        limit: usize,
    ) -> Result<(Vec<Queued>, Cursor), StoreError> {
        // Before the scan: what is committed meanwhile is then missing from it,
        let acking = self.shared.commit_queue.acking(device);
        // or is found although it is behind this.
        let committed = self.last_committed();
        let mut found = Vec::new();
        for class in Class::ALL {
            let after = cursor.after(class);
            if found.len() >= limit {
                break;
            }
            let mut bad = None;
            let bounds = queue_behind(device, class, after);
            self.shared.rows.scan_behind(after, range(&bounds), &mut |key, _| {
                match parse_queue_key(key) {
                    Ok((_, class, position)) if acking.binary_search(&position).is_err() => {
                        found.push((class, position));
                    }
                    Ok(_) => {}
                    Err(error) => bad = Some(error),
                }
                match bad.is_some() || found.len() >= limit {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            bad.map_or(Ok(()), Err)?;
            if let Some((found_class, position)) = found.last()
                && *found_class == class
            {
                cursor.advance(class, *position);
            }
            if found.len() < limit {
                cursor.advance(class, committed);
            }
        }
        Ok((self.with_bodies(device, &found)?, cursor))
    }

    /// One seek, however long the queue.
    pub(super) fn first_behind(
        &self,
        device: DeviceNumber,
        class: Class,
        after: Option<Position>,
    ) -> Result<Option<Position>, StoreError> {
        // Before the scan: what is committed meanwhile is then missing from it.
        let acking = self.shared.commit_queue.acking(device);
        let bounds = queue_behind(device, class, after);
        let mut found = None;
        self.shared.rows.scan(range(&bounds), &mut |key, _| {
            found = Some(parse_queue_key(key).map(|(_, _, position)| position));
            match &found {
                Some(Ok(position)) if acking.binary_search(position).is_ok() => {
                    found = None;
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            }
        })?;
        found.transpose()
    }

    pub(super) fn with_bodies(
        &self,
        device: DeviceNumber,
        found: &[(Class, Position)],
    ) -> Result<Vec<Queued>, StoreError> {
        let mut bodies = self.shared.cache.bodies(found.iter().map(|(_, position)| *position));
        if bodies.contains(&None) {
            bodies = self.look_up(found, bodies)?;
        }
        let queued = |((class, position), body): (&(Class, Position), Option<Body>)| {
            // A row that is gone was acknowledged between the two reads.
            let body = body?;
            Some(Queued {
                device,
                class: *class,
                position: *position,
                head_len: body.head_len,
                data_len: body.data_len(),
                locator: body.locator(),
            })
        };
        Ok(found.iter().zip(bodies).filter_map(queued).collect())
    }

    /// Completes `bodies` of the messages `found` from their rows.
    fn look_up(
        &self,
        found: &[(Class, Position)],
        bodies: Vec<Option<Body>>,
    ) -> Result<Vec<Option<Body>>, StoreError> {
        let missing = found.iter().zip(&bodies).filter(|(_, body)| body.is_none());
        let keys: Vec<_> = missing.map(|((_, position), _)| message_key(*position)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 9]>::as_slice).collect();
        let mut rows = self.shared.rows.get_many(&keys)?.into_iter();
        let look_up = |body: Option<Body>| match (body, body.is_none().then(|| rows.next())) {
            (None, Some(Some(Some(row)))) => Ok(Some(MessageRow::decode(&row)?.body)),
            (body, _) => Ok(body),
        };
        bodies.into_iter().map(look_up).collect()
    }

    pub(super) fn open_message(&self, queued: &Queued) -> Result<MessageReader, StoreError> {
        self.open_body(queued).or_else(|error| {
            let is_damaged = matches!(error, StoreError::Corrupt { .. });
            if is_damaged && !self.still_there(queued.position)? {
                return Err(StoreError::Gone);
            }
            Err(error.of_message(queued.position))
        })
    }

    fn open_body(&self, queued: &Queued) -> Result<MessageReader, StoreError> {
        if let Some(CachedMessage { head, data, .. }) = self.shared.cache.get(queued.position) {
            return Ok(MessageReader::small(head, data));
        }
        let body = Body::located(&queued.locator).ok_or(StoreError::OtherStore)?;
        let mut small = self.shared.bodies.read_small(&body.small)?;
        match body.large {
            None => {
                let head = small.split_to(small.len().min(body.head_len as usize));
                Ok(MessageReader::small(head, small))
            }
            Some(large) => {
                let reader = LargeReader::open(&self.shared.bodies, large)?;
                let reader = QueuedReader { position: queued.position, reader };
                Ok(MessageReader::large(small, Box::new(reader), large.len))
            }
        }
    }

    fn still_there(&self, position: Position) -> Result<bool, StoreError> {
        Ok(self.shared.rows.get(&message_key(position))?.is_some())
    }

    pub(super) fn oldest_message(&self) -> Result<Option<Position>, StoreError> {
        let (from, to) = MESSAGES;
        let mut oldest = None;
        let range = (Bound::Included(from), Bound::Excluded(to));
        self.shared.rows.scan(range, &mut |key, _| {
            oldest = Some(message_of(key));
            ControlFlow::Break(())
        })?;
        oldest.transpose()
    }

    pub(super) fn rows_behind(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let end = prefix_end(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.shared.rows.scan((from, to), &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            if found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }
}

/// The keys of a part of a queue: where they begin and end.
type QueueBounds = [Bound<[u8; QUEUE_KEY_BYTES]>; 2];

/// What waits for `device` behind `after`, of one class.
fn queue_behind(device: DeviceNumber, class: Class, after: Option<Position>) -> QueueBounds {
    let from = queue_key(device, class, after.unwrap_or_default());
    let from = if after.is_some() { Bound::Excluded(from) } else { Bound::Included(from) };
    [from, Bound::Included(queue_key(device, class, Position::MAX))]
}

fn range([from, to]: &QueueBounds) -> KeyRange<'_> {
    (from.as_ref().map(<[u8; _]>::as_slice), to.as_ref().map(<[u8; _]>::as_slice))
}
