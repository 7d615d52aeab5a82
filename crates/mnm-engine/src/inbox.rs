//! Inbox: stores each message of a service in one transaction before it is acknowledged.
//!
//! Incoming messages are never lost, never redelivered for ever, and never crash the app. A
//! duplicate is acknowledged again and dropped. A letter with malformed data is stored as a letter
//! that says so, with all its bytes attached ([`unpack`]). Only a failure of our own store leaves a
//! message unacknowledged, to be sent again on the next link. A message that the disk has no room
//! for is not acknowledged either: it waits at the service ([`HeldMessages`]), and those behind it are
//! received.

pub(crate) mod form;
pub(crate) mod held;
pub(crate) mod unpack;
pub(crate) mod waiters;

use std::sync::Arc;

use tmtp::event::{self, MessageKind};
use tmtp::id::{Alias, Gid, MessageId, NodeSecret, Uid, posted_ms};
use tmtp::letter::{LetterHead, Named, Subscriber};

use crate::error::{Error, ErrorCode};
use crate::staging::Staging;
use crate::store::Store;
use crate::vault::{
    ABSENT_MAX, Cc, Confirms, Credentials, ForwardedLetter, Incoming, IncomingAttachment,
    IncomingForward, IncomingNote, IncomingPing, MemberAct, MemberNotice, SyncNotice, UserNotice,
};
use crate::view::{AccountId, Form};
use held::HeldMessages;
use unpack::{UnpackStep, Unpacker, forwarded_text};
use waiters::Waiters;

/// Characters of an unknown operation that are shown as a subject.
const OP_SHOWN: usize = 50;

/// The inbox of one account, on one link.
pub(crate) struct Inbox {
    store: Store,
    account: AccountId,
    /// The member's own id.
    uid: Uid,
    /// This device's own secret.
    node: NodeSecret,
    waiters: Arc<Waiters>,
    receiving: Option<(event::Message, Receiving)>,
    held: HeldMessages,
}

/// How the data of the current message is handled.
enum Receiving {
    /// It is small, and kept in memory.
    Short(Vec<u8>),
    /// A letter.
    Letter(Box<IncomingLetter>),
    /// Dropped: a duplicate, or data without a use.
    Nothing,
    /// Dropped for want of room; the message waits at the service.
    Held,
}

/// A letter being received: its files go to the store in chunks.
struct IncomingLetter {
    unpacker: Unpacker,
    staging: Staging,
    names: Vec<(String, Option<Form>)>,
}

impl Inbox {
    /// An inbox for one link, made by logging in with `credentials`.
    pub(crate) fn new(
        store: Store,
        account: AccountId,
        credentials: &Credentials,
        waiters: Arc<Waiters>,
    ) -> Self {
        let (uid, node) = (credentials.uid.clone(), credentials.node.clone());
        let held = HeldMessages::default();
        Self { store, account, uid, node, waiters, receiving: None, held }
    }

    /// Handles a message with its data. Whether it may be acknowledged.
    pub(crate) async fn message(
        &mut self,
        message: event::Message,
        data: Vec<u8>,
    ) -> Result<bool, Error> {
        self.finish(message, Receiving::Short(data)).await
    }

    /// Whether a message waits at the service for want of room.
    pub(crate) fn holds(&self) -> bool {
        self.held.len() > 0
    }

    /// Whether there is room now for a message that waits at the service.
    pub(crate) async fn has_room_again(&self) -> Result<bool, Error> {
        let Some(bytes) = self.held.smallest() else { return Ok(false) };
        Ok(self.store.run(move |vault| vault.check_disk(bytes)).await?.is_ok())
    }

    /// Begins a message with more data.
    pub(crate) async fn begin(&mut self, message: event::Message) -> Result<(), Error> {
        let receiving = match &message.kind {
            MessageKind::Other { .. } => {
                let (account, msgid) = (self.account, message.id);
                if self.store.read(move |vault| vault.is_known(account, msgid)).await? {
                    Receiving::Nothing
                } else {
                    Receiving::Letter(Box::new(IncomingLetter {
                        unpacker: Unpacker::unknown(message.data),
                        staging: Staging::new(self.store.clone()),
                        names: Vec::new(),
                    }))
                }
            }
            MessageKind::Delivery { notify, .. } => {
                let (account, msgid) = (self.account, message.id);
                let bytes = message.data.len;
                let (known, room) = self
                    .store
                    .read(move |vault| {
                        Ok((vault.is_known(account, msgid)?, vault.check_disk(bytes).is_ok()))
                    })
                    .await?;
                let index = notify.is_some_and(|count| count > 0);
                match (known, room) {
                    (true, _) => Receiving::Nothing,
                    (false, false) => Receiving::Held,
                    (false, true) => Receiving::Letter(Box::new(IncomingLetter {
                        unpacker: Unpacker::new(message.data, index),
                        staging: Staging::new(self.store.clone()),
                        names: Vec::new(),
                    })),
                }
            }
            // Those with small data come whole: `message`.
            MessageKind::Login { .. }
            | MessageKind::NewNode { .. }
            | MessageKind::NewAlias { .. }
            | MessageKind::OhiEdit { .. }
            | MessageKind::Invite { .. }
            | MessageKind::Member { .. }
            | MessageKind::Notify { .. }
            | MessageKind::Ping { .. } => Receiving::Nothing,
        };
        self.receiving = Some((message, receiving));
        Ok(())
    }

    /// Data of the current message. With the last of it the message is stored and returned, to be
    /// acknowledged.
    pub(crate) async fn data(
        &mut self,
        bytes: &[u8],
        last: bool,
    ) -> Result<Option<event::Message>, Error> {
        let Some((_, receiving)) = &mut self.receiving else { return Ok(None) };
        match receiving {
            Receiving::Letter(letter) => match letter.take(bytes).await {
                // The disk became full meanwhile. What was staged is deleted.
                Err(error) if error.code == ErrorCode::NoRoom => *receiving = Receiving::Held,
                taken => taken?,
            },
            Receiving::Short(_) | Receiving::Nothing | Receiving::Held => {}
        }
        if !last {
            return Ok(None);
        }
        let Some((message, receiving)) = self.receiving.take() else { return Ok(None) };
        let stored = self.finish(message.clone(), receiving).await?;
        Ok(stored.then_some(message))
    }

    /// Completes a message. Whether it may be acknowledged.
    async fn finish(
        &mut self,
        message: event::Message,
        receiving: Receiving,
    ) -> Result<bool, Error> {
        let (id, bytes) = (message.id, message.data.len);
        if matches!(receiving, Receiving::Held) {
            return self.hold(id, bytes).await.map(|()| false);
        }
        match self.handle(message, receiving).await {
            Err(error) if error.code == ErrorCode::NoRoom => {
                self.hold(id, bytes).await.map(|()| false)
            }
            // If the service sent it again the result would be the same.
            Err(error) if !is_our_failure(&error) => {
                tracing::warn!(account = self.account, code = ?error.code, "a message was dropped");
                Ok(true)
            }
            handled => handled.map(|()| true),
        }
    }

    /// Leaves a message at the service, and reports it.
    async fn hold(&mut self, id: MessageId, bytes: u64) -> Result<(), Error> {
        self.held.add(id, bytes);
        let (account, letters, bytes) = (self.account, self.held.len(), self.held.bytes());
        self.store.note(move |vault| Ok(vec![vault.set_held(account, letters, bytes)?])).await
    }

    async fn handle(
        &mut self,
        message: event::Message,
        mut receiving: Receiving,
    ) -> Result<(), Error> {
        let account = self.account;
        let Some(message) = form::checked(message) else {
            tracing::warn!(account, "a message that names somebody in no good form was dropped");
            return Ok(());
        };
        let msgid = message.id;
        // A letter dated 1970 would be lost at the end of a list.
        let posted_ms = posted_ms(&message.posted).unwrap_or_else(|| self.store.now_ms());
        let (from_uid, short) = (message.from, receiving.short());
        let ping = |alias: Alias, to: Alias, gid: Option<Gid>| IncomingPing {
            msgid,
            from_uid: from_uid.clone(),
            posted_ms,
            alias: alias.into_string(),
            to: to.into_string(),
            text: String::from_utf8_lossy(&short).into_owned(),
            gid,
        };
        match message.kind {
            MessageKind::Ping { alias, to } => self.ping(ping(alias, to, None)).await,
            MessageKind::Invite { gid, alias, to } => self.ping(ping(alias, to, Some(gid))).await,
            MessageKind::NewAlias { alias } => {
                self.user(msgid, posted_ms, UserNotice::Alias(alias.into_string())).await
            }
            // Our own `newnode` notice, copied from the sibling's queue: ignore.
            MessageKind::NewNode { nodeid, .. } if nodeid == self.node => Ok(()),
            MessageKind::NewNode { label, nodeid } => {
                let device = UserNotice::Device { label: label.clone() };
                self.user(msgid, posted_ms, device).await?;
                self.waiters.device_added(account, &label, nodeid);
                Ok(())
            }
            MessageKind::Member { act, gid, alias, newalias, uid } => {
                let Some(act) = member_act(act, newalias) else { return Ok(()) };
                let alias = alias.into_string();
                let notice = MemberNotice { msgid, from_uid, gid, alias, uid, act };
                self.store
                    .write(move |vault| vault.receive_member(account, &notice))
                    .await
                    .map(drop)
            }
            MessageKind::Notify { groups, copied, .. } => {
                let head_bytes = usize::try_from(message.data.head).unwrap_or(usize::MAX);
                let head = short.get(..head_bytes).unwrap_or_default();
                let Ok(head) = LetterHead::read(head) else { return Ok(()) };
                let note = IncomingNote {
                    msgid,
                    from_uid,
                    posted_ms,
                    thread_id: head.thread_id,
                    cc: cc(&head.cc),
                    groups,
                    copied,
                };
                let receive = self.store.write(move |vault| vault.receive_notify(account, &note));
                receive.await.map(drop)
            }
            MessageKind::Delivery { groups, .. } => match receiving {
                Receiving::Letter(letter) => {
                    self.letter(msgid, from_uid, posted_ms, groups, *letter).await
                }
                // A duplicate, or a post without any data, which the protocol does not allow.
                Receiving::Short(_) | Receiving::Nothing | Receiving::Held => Ok(()),
            },
            MessageKind::Other { op } => {
                tracing::warn!(account, "a message of unknown meaning was kept");
                let letter = match receiving {
                    Receiving::Letter(letter) => *letter,
                    Receiving::Short(_) | Receiving::Nothing | Receiving::Held
                        if message.data.len > 0 =>
                    {
                        return Ok(());
                    }
                    Receiving::Short(_) | Receiving::Nothing | Receiving::Held => IncomingLetter {
                        unpacker: Unpacker::unknown(message.data),
                        staging: Staging::new(self.store.clone()),
                        names: Vec::new(),
                    },
                };
                self.letter(msgid, from_uid, posted_ms, Vec::new(), letter.about(&op)).await
            }
            // No effect here: another device of ours logged in, or changed whom we are visible to.
            MessageKind::Login { .. } | MessageKind::OhiEdit { .. } => Ok(()),
        }
    }

    async fn ping(&self, ping: IncomingPing) -> Result<(), Error> {
        let account = self.account;
        self.store.write(move |vault| vault.receive_ping(account, &ping)).await.map(drop)
    }

    async fn user(
        &self,
        msgid: MessageId,
        posted_ms: i64,
        notice: UserNotice,
    ) -> Result<(), Error> {
        let account = self.account;
        self.store
            .write(move |vault| vault.receive_user(account, msgid, posted_ms, &notice))
            .await
            .map(drop)
    }

    async fn letter(
        &self,
        msgid: MessageId,
        from_uid: Uid,
        posted_ms: i64,
        groups: Vec<Gid>,
        letter: IncomingLetter,
    ) -> Result<(), Error> {
        let IncomingLetter { unpacker, staging, names } = letter;
        let unpacked = unpacker.finish();
        let account = self.account;
        if unpacked.head.node_sync {
            // Only the member's own devices may send these; others' are dropped.
            if from_uid != self.uid {
                return Ok(());
            }
            return self.sync(msgid, &unpacked.text).await;
        }
        let head = unpacked.head;
        if let Some(thread) = unpacked.forward {
            let forward = IncomingForward {
                msgid,
                from_uid,
                posted_ms,
                thread_id: head.thread_id,
                cc: cc(&thread.cc),
                letters: thread.letters.into_iter().map(forwarded).collect(),
            };
            return self.forward(Arc::new(forward)).await;
        }
        let confirms = Some(head.confirm_id).filter(|id| !id.is_empty()).map(|id| Confirms { id });
        let mut incoming = Incoming {
            msgid,
            from_uid,
            posted_ms,
            thread_id: head.thread_id,
            alias: head.alias,
            subject: head.subject,
            confirms,
            cc: cc(&head.cc),
            readers: head.readers.into_iter().map(reader).collect(),
            groups,
            text: unpacked.text,
            attachments: Vec::new(),
        };
        staging
            .own(move |vault, blobs| {
                let files = names.into_iter().zip(blobs);
                incoming.attachments = files
                    .map(|((name, form), blob)| IncomingAttachment { name, form, blob })
                    .collect();
                vault.receive_post(account, &incoming)
            })
            .await
            .map(drop)
    }

    /// Applies a notice of another device, in slices.
    async fn sync(&self, msgid: MessageId, notice: &str) -> Result<(), Error> {
        let (account, mut from) = (self.account, Some(0));
        let notice = Arc::new(SyncNotice::read(notice));
        while let Some(next) = from {
            let notice = Arc::clone(&notice);
            let apply =
                self.store.write(move |vault| vault.receive_sync(account, msgid, &notice, next));
            from = apply.await?;
        }
        Ok(())
    }

    /// Stores a forwarded thread, in slices.
    async fn forward(&self, forward: Arc<IncomingForward>) -> Result<(), Error> {
        let (account, mut from) = (self.account, Some(0));
        while let Some(next) = from {
            let forward = Arc::clone(&forward);
            let store =
                self.store.write(move |vault| vault.receive_forward(account, &forward, next));
            from = store.await?;
        }
        Ok(())
    }
}

/// Converts a letter of a forwarded thread. A text column cannot hold a zero byte, and no author
/// means one.
fn forwarded(letter: tmtp::forward::ForwardedLetter) -> ForwardedLetter {
    let mut text = forwarded_text(&String::from_utf8_lossy(&letter.text).replace('\0', "\u{fffd}"));
    if let Some(more) = letter.head.attach.len().checked_sub(ABSENT_MAX).filter(|&more| more > 0) {
        let files = if more == 1 { "file of this letter is" } else { "files of this letter are" };
        text.push_str(&format!("\n\n*{more} more {files} not listed here.*"));
    }
    ForwardedLetter {
        id: letter.id,
        author_uid: letter.from.into(),
        alias: letter.head.alias,
        posted_ms: posted_ms(&letter.posted),
        subject: letter.head.subject,
        text,
        files: letter.head.attach,
    }
}

impl Receiving {
    fn short(&mut self) -> Vec<u8> {
        match self {
            Self::Short(bytes) => std::mem::take(bytes),
            Self::Letter(_) | Self::Nothing | Self::Held => Vec::new(),
        }
    }
}

impl IncomingLetter {
    /// Replaces the subject.
    fn about(mut self, op: &str) -> Self {
        let shown: String = op.chars().take(OP_SHOWN).collect();
        let rest = if shown.len() < op.len() { "…" } else { "" };
        self.unpacker.set_subject(format!("Unknown: {shown}{rest}"));
        self
    }

    async fn take(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while let Some(step) = self.unpacker.step(&mut bytes) {
            match step {
                UnpackStep::Begin { name, form } => {
                    self.names.push((name, form));
                    self.staging.begin().await?;
                }
                UnpackStep::Bytes(bytes) => match self.staging.append(bytes.into_owned()).await {
                    Err(error) if is_our_failure(&error) => return Err(error),
                    // Too large for this app. The rest of the letter is kept.
                    Err(_) => self.unpacker.cut_file(),
                    Ok(()) => {}
                },
                UnpackStep::End => self.staging.finish().await?,
            }
        }
        Ok(())
    }
}

/// Whether our own store failed, so that the message must be sent again.
fn is_our_failure(error: &Error) -> bool {
    match error.code {
        ErrorCode::Store | ErrorCode::NoRoom | ErrorCode::Internal => true,
        ErrorCode::NotFound
        | ErrorCode::Invalid
        | ErrorCode::BadAddress
        | ErrorCode::BadAlias
        | ErrorCode::UnknownRecipient
        | ErrorCode::TooLarge
        | ErrorCode::Conflict
        | ErrorCode::Outdated
        | ErrorCode::Offline
        | ErrorCode::Untrusted
        | ErrorCode::KnownService
        | ErrorCode::Refused
        | ErrorCode::AliasRefused
        | ErrorCode::Timeout
        | ErrorCode::InUse => false,
    }
}

fn cc(subscribers: &[Subscriber]) -> Vec<Cc> {
    let named = subscribers.iter().filter(|subscriber| subscriber.subscribe);
    named
        .map(|subscriber| Cc {
            who: subscriber.who.clone(),
            who_uid: subscriber.who_uid.as_str().into(),
        })
        .collect()
}

fn reader(named: Named) -> Cc {
    Cc { who: named.who, who_uid: named.who_uid.into() }
}

/// What is to be stored of it; none of an act that this app does not know.
fn member_act(act: event::MemberAct, newalias: Option<Alias>) -> Option<MemberAct> {
    match act {
        event::MemberAct::Invite => Some(MemberAct::Invite),
        event::MemberAct::Join => Some(MemberAct::Join),
        event::MemberAct::Drop => Some(MemberAct::Drop),
        event::MemberAct::Alias => newalias.map(|alias| MemberAct::Alias(alias.into_string())),
        event::MemberAct::Other(_) => None,
    }
}
