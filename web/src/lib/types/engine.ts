// Commands, replies and events of the engine. Made from the Rust types of crates/mnm-engine
// (command.rs, event.rs, view.rs, error.rs) by `cargo xtask types`: change those, not this file. Times
// are Unix milliseconds. All text is to be shown as text, except `Message.html` and
// `SearchHit.snippet`, which the engine has sanitised.

/** One account on one service. */
export interface Account {
  /** Local row number. */
  id: number;
  /**
   * Label of the service: `name`, followed by the host of its address if another
   * account's service has a name that looks alike.
   */
  service: string;
  /** The name the service gives itself; the address before it has given one. */
  name: string;
  /** The first name it gave itself, if it has another now. */
  joined_as: string | null;
  /** The address the member joined by, `=host:port` or `+host:port`. */
  address: string;
  /**
   * SHA-256 fingerprint of the service's certificate, pinned on the first connection; lower-case
   * hex. Absent for `+` addresses, whose certificate is verified by the public roots.
   */
  fingerprint: string | null;
  /** The member's permanent id on that service. */
  uid: string;
  /** The alias used for new letters; empty while none was granted. */
  alias: string;
  /** All aliases of the member on that service. */
  aliases: string[];
  /** Label of this device on that service. */
  device: string;
  /** Connection state. */
  link: Link;
  /**
   * When a link to the service last began or ended: what is stored here is at least as new. None
   * if unknown.
   */
  linked_ms: number | null;
  /** Unread messages. */
  unread: number;
  /** Pings and group invitations that wait for an answer. */
  pings: number;
  /** Messages in the outbox that no service has acknowledged yet. */
  queued: number;
  /**
   * Whether contacts see that the member is online; none before the member has chosen, and then
   * nobody does.
   */
  presence: boolean | null;
  /**
   * Whether the member has chosen that. An account of version 0.1.0 shows it, as that version
   * did, without having asked.
   */
  presence_chosen: boolean;
  /** Messages that wait at the service because the disk has no room for them. */
  held: Held | null;
  /** The member's tags, by name. */
  tags: Tag[];
  /** The searches that the member has saved, the oldest first. */
  searches: SavedSearch[];
}

/** A file of a message or draft. Its bytes: `GET /api/attachments/{id}`. */
export interface Attachment {
  /** Local row number. */
  id: number;
  /** File name without directories or control characters. */
  name: string;
  /**
   * The name its author gave it, by which the letter's text refers to it; absent if it is the
   * same. For comparison only, never to be shown or saved under.
   */
  wire_name: string | null;
  /** Bytes. */
  size: number;
  /** Which form it is, if it is one. */
  form: Form | null;
  /** Size in pixels, if it is a picture of a kind that is shown and its size is known. */
  picture: Size | null;
  /**
   * Whether it may be requested with `?inline=1`: a picture of bounded size. Not certain for old
   * files of unknown size.
   */
  inline: boolean;
}

/** A browser that may open the pages. */
export interface Browser {
  /** Local row number. */
  id: number;
  /** Its own label. */
  label: string;
  /** When it was paired. */
  since_ms: number;
  /** When a page was last opened in it. */
  used_ms: number;
}

/** A level that the member has chosen. */
export interface ChosenLevel {
  /** The account. */
  account: number;
  /** For this thread of it only. */
  thread: number | null;
  /** The level. */
  level: NoticeLevel;
}

/** A request to the engine. */
export type Command =
  /** Everything for the first screen. Reply: `Reply::State`. */
  | { cmd: "state" }
  /** Register on a service. Waits until the service has answered. Reply: `Reply::Account`. */
  | {
      cmd: "join";
      /**
       * `=host:port`, `+host:port`, or either followed by `#FINGERPRINT` to pin a certificate
       * from the first contact.
       */
      address: string;
      /** The alias to ask for; at least 8 bytes. */
      alias: string;
      /**
       * Register even where there is an account on this service already. Otherwise that is
       * `ErrorCode::KnownService`, which offers the account that is here.
       */
      another?: boolean;
      /** Label of this device; a default is chosen when absent. */
      device?: string | null;
    }
  /**
   * Say where an account's service is now, or which certificate it has. What proves to be the
   * service that was pinned is accepted at once; anything else is `ErrorCode::Untrusted`
   * with both fingerprints, until `trust` names the one that is shown. Waits for the service.
   * Reply: `Reply::Account`.
   */
  | {
      cmd: "set_service";
      /** The account. */
      account: number;
      /** As for `Command::Join`; as before when absent. */
      address?: string | null;
      /** Fingerprint of the certificate to trust from now on, all 64 digits. */
      trust?: string | null;
    }
  /** What would be lost with an account. Reply: `Reply::Losses`. */
  | {
      cmd: "losses";
      /** The account. */
      account: number;
    }
  /**
   * Erase an account with all that is stored of it here. The service is not told: there the
   * account stays, and so do other devices of it. Reply: `Reply::Done` once all is erased.
   */
  | {
      cmd: "remove_account";
      /** The account. */
      account: number;
    }
  /**
   * Become a further device of an account, by a code made with `Command::AddDevice` on
   * another device of it. Reply: `Reply::Account`.
   */
  | {
      cmd: "join_device";
      /** The code. */
      code: string;
    }
  /** Make a code for a further device. Waits for the service. Reply: `Reply::Code`. */
  | {
      cmd: "add_device";
      /** The account. */
      account: number;
      /** Label of the new device. */
      label: string;
    }
  /** Devices of an account that this app knows of. Reply: `Reply::Devices`. */
  | {
      cmd: "devices";
      /** The account, or all. */
      account?: number | null;
    }
  /** Ask the service for a further alias. Waits for the service. Reply: `Reply::Account`. */
  | {
      cmd: "add_alias";
      /** The account. */
      account: number;
      /** The alias. */
      alias: string;
    }
  /** Try to connect now. Reply: `Reply::Done`. */
  | {
      cmd: "reconnect";
      /** The account. */
      account: number;
    }
  /**
   * Choose whether contacts see that the member is online. The member's other devices follow.
   * Reply: `Reply::Done`.
   */
  | {
      cmd: "set_presence";
      /** The account. */
      account: number;
      /**
       * Permanent id of one contact to choose for; all who have no choice of their own when
       * absent.
       */
      contact?: string | null;
      /** Whether. Absent only with a contact: as for the others. */
      shown?: boolean | null;
    }
  /**
   * Remove somebody from the address book, on the member's other devices too. Letters stay; theirs
   * come as a stranger's from then on. Reply: `Reply::Done`.
   */
  | {
      cmd: "remove_contact";
      /** The account. */
      account: number;
      /** Their permanent id. */
      contact: string;
    }
  /**
   * Somebody looks, or the network has changed: accounts that are not connected try at once.
   * Reply: `Reply::Done`.
   */
  | { cmd: "nudge" }
  /** Send a first-contact ping; it is queued. Reply: `Reply::Ping`. */
  | {
      cmd: "ping";
      /** The account. */
      account: number;
      /** Alias of the member to reach. */
      to: string;
      /** Plain text, at most 140 UTF-16 units. */
      text: string;
    }
  /** Pings and invitations, newest first. Reply: `Reply::Pings`. */
  | {
      cmd: "pings";
      /** The account, or all. */
      account?: number | null;
      /** Only those that are listed behind this one. */
      before?: number | null;
      /** Only those whose sender, addressee or group has this in its name, whatever the case. */
      find?: string | null;
      /** At most so many; 1..=1000, default 200. */
      limit?: number | null;
    }
  /** One ping or invitation. Reply: `Reply::Ping`. */
  | {
      cmd: "one_ping";
      /** Which. */
      ping: number;
    }
  /**
   * Accept a ping by answering it with a ping, or an invitation by joining the group; it is
   * queued. Reply: `Reply::Ping`.
   */
  | {
      cmd: "accept";
      /** Which. */
      ping: number;
      /** The answer; a friendly default when absent. Not used for an invitation. */
      text?: string | null;
    }
  /** Put a ping away without telling its sender. Reply: `Reply::Ping`. */
  | {
      cmd: "ignore";
      /** Which. */
      ping: number;
    }
  /**
   * Put all pings and invitations away that wait for an answer, without telling their senders.
   * Reply: `Reply::Count`.
   */
  | {
      cmd: "ignore_all";
      /** The account, or all. */
      account?: number | null;
      /** Only those that came before this time. */
      before_ms?: number | null;
    }
  /** The address book. Reply: `Reply::Contacts`. */
  | {
      cmd: "contacts";
      /** The account, or all. */
      account?: number | null;
    }
  /** Groups of an account, each with its first members. Reply: `Reply::Groups`. */
  | {
      cmd: "groups";
      /** The account, or all. */
      account?: number | null;
    }
  /**
   * A page of the members of a group: first those who have joined, then those who are invited, then
   * those who have left. Whoever changes their standing between two pages is told of twice or not at
   * all. Reply: `Reply::Members`.
   */
  | {
      cmd: "members";
      /** The account. */
      account: number;
      /** Name of the group. */
      group: string;
      /** Only those behind this place; from the first on when absent. */
      after?: MemberPlace | null;
      /** At most so many; 1..=1000, default 200. */
      limit?: number | null;
    }
  /**
   * Invite a member to a group, which is created when it does not exist; it is queued.
   * Reply: `Reply::Ping`.
   */
  | {
      cmd: "invite";
      /** The account. */
      account: number;
      /** Name of the group; at least 8 bytes. */
      group: string;
      /** Alias of the member to invite. */
      to: string;
      /** Plain text, at most 140 UTF-16 units. */
      text: string;
    }
  /** Leave a group, or remove a member from it. Waits for the service. Reply: `Reply::Done`. */
  | {
      cmd: "drop";
      /** The account. */
      account: number;
      /** Name of the group. */
      group: string;
      /** Alias of the member to remove; the member's own to leave. */
      alias: string;
    }
  /**
   * Join a group again, or one whose invitation was accepted elsewhere. Waits for the service.
   * Reply: `Reply::Done`.
   */
  | {
      cmd: "join_group";
      /** The account. */
      account: number;
      /** Name of the group. */
      group: string;
    }
  /**
   * Threads of an account, newest first if no other order is asked for. The first page of the inbox begins
   * with those that are pinned, beyond the limit. Reply: `Reply::Threads`.
   */
  | {
      cmd: "threads";
      /** The account, or all. */
      account?: number | null;
      /** Which of the threads of that time it is; all of them come before it when absent. */
      before?: number | null;
      /**
       * What the list is sorted by besides the time, of that thread: its `person_key` or
       * `subject_key`, or `0` where it is unread and `1` where not.
       */
      before_key?: string | null;
      /** Only threads that are listed behind one whose newest message is of this time. */
      before_ms?: number | null;
      /** Which list. */
      filter?: ThreadFilter;
      /** At most so many; 1..=100, default 100. */
      limit?: number | null;
      /** Only threads in which the member or group with this permanent id is, or was, archived or not. */
      with?: string | null;
    }
  /** One thread with a page of its messages. Reply: `Reply::Thread`. */
  | {
      cmd: "thread";
      /** Which. */
      thread: number;
      /** Which page; the newest messages when absent. */
      at?: Place | null;
      /** At most so many messages; 1..=200, default 100. Fewer come where their texts are large. */
      limit?: number | null;
    }
  /**
   * Mark messages of a thread as seen, here and on the member's other devices.
   * Reply: `Reply::Done`.
   */
  | {
      cmd: "mark_read";
      /** The thread. */
      thread: number;
      /**
       * Which of its messages, at most 1,000; all when absent. Those of other threads and those
       * that are gone are passed over.
       */
      messages?: number[] | null;
    }
  /**
   * Mark threads, or take a mark from them. Those that are gone are passed over.
   * Reply: `Reply::Count`, how many were changed.
   */
  | {
      cmd: "mark_threads";
      /** Which, at most 1,000. */
      threads: number[];
      /** The mark. */
      mark: ThreadMark;
      /** Whether they have it from now on. */
      on: boolean;
    }
  /**
   * Mark single messages, or take a mark from them. Those that are gone, or are not sent yet, are passed
   * over. Reply: `Reply::Count`, how many were changed.
   */
  | {
      cmd: "mark_messages";
      /** Which, at most 1,000. */
      messages: number[];
      /** The mark. */
      mark: MessageMark;
      /** Whether they have it from now on. */
      on: boolean;
    }
  /** Create a tag, or change its name and colour. Reply: `Reply::Account`. */
  | {
      cmd: "save_tag";
      /** The account. */
      account: number;
      /** Its name, at most 40 characters. */
      name: string;
      /** One of the ten accents of the pages, 0 to 9. */
      accent: number;
      /** The tag to change; a new one when absent. */
      tag?: number | null;
    }
  /** Remove a tag from its threads and from the account. Reply: `Reply::Account`. */
  | {
      cmd: "drop_tag";
      /** The account. */
      account: number;
      /** Which. */
      tag: number;
    }
  /**
   * Give threads of its account a tag, or take it from them. Reply: `Reply::Count`, how many
   * were changed.
   */
  | {
      cmd: "tag_threads";
      /** Which, at most 1,000. */
      threads: number[];
      /** The tag. */
      tag: number;
      /** Whether they have it from now on. */
      on: boolean;
    }
  /** Save a search under a name, in place of the one that had it. Reply: `Reply::Account`. */
  | {
      cmd: "save_search";
      /** The account. */
      account: number;
      /** Its name, at most 40 characters. */
      name: string;
      /** The words. */
      words: string;
    }
  /** Remove a saved search. Reply: `Reply::Account`. */
  | {
      cmd: "drop_search";
      /** The account. */
      account: number;
      /** Which. */
      search: number;
    }
  /**
   * Erase threads that are in the trash, with their files, on this device. They are gone from all
   * lists at once; what is queued in them is sent before they are erased. Reply: `Reply::Count`.
   */
  | {
      cmd: "empty_trash";
      /** The account, or all. */
      account?: number | null;
      /** Only these, at most 1,000. */
      threads?: number[] | null;
    }
  /** Who reads a thread, and who added them. Reply: `Reply::Readers`. */
  | {
      cmd: "readers";
      /** The thread. */
      thread: number;
    }
  /**
   * Strike somebody from a thread: the member's letters go to them no more, and theirs do not come
   * into it. Reply: `Reply::Done`.
   */
  | {
      cmd: "strike";
      /** The thread. */
      thread: number;
      /** Permanent id, or a group's name. */
      uid: string;
    }
  /** Have somebody who was struck read a thread again. Reply: `Reply::Done`. */
  | {
      cmd: "readmit";
      /** The thread. */
      thread: number;
      /** Permanent id, or a group's name. */
      uid: string;
    }
  /**
   * Put a letter that stands in a thread of its own where it says it belongs; its author counts as
   * one of the readers there. Reply: `Reply::Thread`, the thread it is in now.
   */
  | {
      cmd: "take_in";
      /** The thread of its own. */
      thread: number;
    }
  /** Create or replace a draft. Reply: `Reply::Draft`. */
  | {
      cmd: "save_draft";
      /** The account. */
      account: number;
      /** Aliases of contacts and names of groups. Unknown ones are allowed until it is sent. */
      to: string[];
      /** Subject. */
      subject: string;
      /** Markdown. */
      text: string;
      /** The draft to replace; a new one when absent. */
      draft?: number | null;
      /**
       * The writer goes away and can't be asked: rather than refusing, both are kept, as
       * `vault::Vault::save_draft` says. Needs `version`.
       */
      leaving?: boolean;
      /**
       * The thread it answers. A thread has at most one draft; saving a second one without
       * `draft` replaces the first.
       */
      thread?: number | null;
      /**
       * The version of the draft that this was typed upon, 0 when the writer knew of none: if
       * another has been saved since, nothing is changed and the error is
       * `error::ErrorCode::Outdated`. Absent: whatever is there is replaced.
       */
      version?: number | null;
    }
  /**
   * A page of drafts of new letters and of replies, the last begun first; an empty one behind the last.
   * Reply: `Reply::Drafts`.
   */
  | {
      cmd: "drafts";
      /** The account, or all. */
      account?: number | null;
      /** Only those begun before this one. */
      before?: number | null;
    }
  /** Discard a draft with its attachments. Reply: `Reply::Done`. */
  | {
      cmd: "drop_draft";
      /** Which. */
      draft: number;
      /** The version that was on screen, as in `Command::Send`. */
      version?: number | null;
    }
  /**
   * Take an attachment from a draft. Reply: `Reply::Draft`. (Adding one is an upload:
   * `POST /api/drafts/{id}/attachments?name=…`, the body being the bytes.)
   */
  | {
      cmd: "detach";
      /** The draft. */
      draft: number;
      /** The attachment. */
      attachment: number;
    }
  /** Queue a draft for sending; it becomes a message. Reply: `Reply::Message`. */
  | {
      cmd: "send";
      /** Which. */
      draft: number;
      /**
       * Hold it back so long that it can be taken back, milliseconds; at most 60,000. It leaves
       * earlier when another letter is queued in its thread, by `Command::SendNow`, and at the
       * next start of the app.
       */
      hold_ms?: number | null;
      /**
       * The version that was on screen: if there is another by now, nothing is sent and the error
       * is `error::ErrorCode::Outdated`. Absent: it is sent as it is.
       */
      version?: number | null;
    }
  /** Let a message that is held back leave. Reply: `Reply::Message`. */
  | {
      cmd: "send_now";
      /** Which. */
      message: number;
    }
  /** Queue a failed message again. Reply: `Reply::Message`. */
  | {
      cmd: "retry";
      /** Which. */
      message: number;
    }
  /**
   * Take a queued or failed message out of the outbox and make it a draft again.
   * Reply: `Reply::Draft`.
   */
  | {
      cmd: "unsend";
      /** Which. */
      message: number;
    }
  /** What is here already, for a program that tells of what comes. Reply: `Reply::Watermark`. */
  | { cmd: "watermark" }
  /**
   * Wait until a message has left the outbox (sent or failed). Reply: `Reply::Message`, with
   * whatever state it has when the time is up.
   */
  | {
      cmd: "await_sent";
      /** Which. */
      message: number;
      /** At most so long, milliseconds; at most 600,000. */
      timeout_ms: number;
    }
  /**
   * Forward a thread to people who are not in it; it is queued, and then waited for. Reply:
   * `Reply::Forward`.
   */
  | {
      cmd: "forward";
      /** The thread. */
      thread: number;
      /** Aliases of contacts and names of groups. */
      to: string[];
      /** Wait at most so long for the service, milliseconds; at most 600,000. */
      timeout_ms: number;
    }
  /** What the member has chosen for notices on this device. Reply: `Reply::Notices`. */
  | { cmd: "notices" }
  /** Change what the member has chosen for notices on this device. Reply: `Reply::Notices`. */
  | {
      cmd: "set_notices";
      /** The change. */
      change: NoticeChange;
    }
  /** Browsers that were let in to the pages, the one used last first. Reply: `Reply::Browsers`. */
  | { cmd: "browsers" }
  /** Shut a browser out. Reply: `Reply::Done`. */
  | {
      cmd: "revoke_browser";
      /** Which. */
      browser: number;
    }
  /** Render Markdown as a message would show it. Reply: `Reply::Html`. */
  | {
      cmd: "preview";
      /** Markdown. */
      text: string;
    }
  /**
   * Search subjects, texts and names of files; all words must occur, the last may be a beginning.
   * Words in quotes stand together. `from:NAME`, `tag:NAME`, `in:PLACE` (archive, trash, starred, a group,
   * a service, a subject), `is:unread`, `has:file`, `before:DAY` and `after:DAY` (also months and
   * years, UTC) are conditions. Without words, these are met by the newest 20,000 messages only.
   * What is in the trash is found only there. Reply: `Reply::Hits`.
   */
  | {
      cmd: "search";
      /** The words. */
      words: string;
      /** The account, or all. */
      account?: number | null;
      /** At most so many; 1..=200, default 50. */
      limit?: number | null;
      /** The order. */
      order?: SearchOrder;
      /** Leave out so many at the beginning; 1,000 at most. */
      skip?: number;
      /** Only in this thread. */
      thread?: number | null;
    }
  /** How many messages a search would find; 1,001 for more than 1,000. Reply: `Reply::Count`. */
  | {
      cmd: "count_hits";
      /** The words. */
      words: string;
      /** The account, or all. */
      account?: number | null;
      /** Only in this thread. */
      thread?: number | null;
    };

/** Somebody in an account's address book. */
export interface Contact {
  /** The account whose address book it is. */
  account: number;
  /** Permanent id. */
  uid: string;
  /**
   * The alias they were first known by; invisible characters are escaped. Contacts that look
   * alike have a tag: ` #` and the beginning of the uid.
   */
  alias: string;
  /** Warning about the name. */
  mark: NameMark | null;
  /** Whether one of their devices is online and shares it with us. */
  online: boolean;
  /** Since when they are in the address book. */
  since_ms: number;
  /**
   * Whether they see that the member is online, if set for them alone; otherwise
   * `Account::presence` counts.
   */
  presence: boolean | null;
}

/** A device of an account, as far as this app knows. */
export interface Device {
  /** The account. */
  account: number;
  /** Label given when it was added. */
  label: string;
  /** Whether it is this one. */
  this: boolean;
  /** When this app learned of it. */
  since_ms: number;
}

/** A letter being written. */
export interface Draft {
  /** Local row number. */
  id: number;
  /** The account it will be sent from. */
  account: number;
  /** The thread it answers; none for a new letter. */
  thread: number | null;
  /** Aliases of contacts and names of groups; ignored for a reply. */
  to: string[];
  /** Subject; may be empty for a reply. */
  subject: string;
  /** Markdown. */
  text: string;
  /** Attachments in order. */
  attachments: Attachment[];
  /** Last change. */
  updated_ms: number;
  /** Incremented by every change of the content; attachments do not count. */
  version: number;
}

/** Error codes, for programs. Pages decide by them where an error is shown. */
export type ErrorCode =
  /** It does not exist, or no longer. */
  | "not_found"
  /** A rule is broken: a text too long, an alias too short, nothing to send. */
  | "invalid"
  /** What was given as the address of a service is none. */
  | "bad_address"
  /** What was given as an alias cannot be one. */
  | "bad_alias"
  /** A name among the recipients is neither a contact nor a group. */
  | "unknown_recipient"
  /** A size limit is exceeded. */
  | "too_large"
  /** Not possible in this state: being sent, already answered, already there. */
  | "conflict"
  /** It was changed by another writer since it was read. */
  | "outdated"
  /** The service cannot be reached. */
  | "offline"
  /** The server is not the service that was joined: its certificate differs. */
  | "untrusted"
  /** There is an account on this service already. */
  | "known_service"
  /** The service refused. */
  | "refused"
  /** The service has made the account but refused its alias; the account is stored without one. */
  | "alias_refused"
  /** No answer in time. */
  | "timeout"
  /** Another app holds this home. */
  | "in_use"
  /** The store on disk failed. */
  | "store"
  /** The disk has no room for it. */
  | "no_room"
  /** A fault of this program. */
  | "internal";

/** Something changed. */
export type Event =
  /** An account: its link, counters, names. */
  | {
      event: "account";
      /** Its new state. */
      account: Account;
    }
  /** An account was removed, with all that belonged to it. */
  | {
      event: "account_gone";
      /** Which. */
      account: number;
    }
  /** A thread's line: new message, read state, subject. */
  | {
      event: "thread";
      /** Its new state. */
      thread: ThreadRow;
    }
  /** A message arrived, was queued, was sent, failed. */
  | {
      event: "message";
      /** Its new state. */
      message: Message;
    }
  /** A message left its thread (it became a draft again). */
  | {
      event: "message_gone";
      /** The thread it was in. */
      thread: number;
      /** Which. */
      message: number;
    }
  /** A thread vanished with its only message. */
  | {
      event: "thread_gone";
      /** The account. */
      account: number;
      /** Which. */
      thread: number;
    }
  /** Progress of a message being sent; comes often and is not stored. */
  | {
      event: "progress";
      /** The thread. */
      thread: number;
      /** The message. */
      message: number;
      /** Its state, `MessageState::Sending`. */
      state: MessageState;
    }
  /** A ping or invitation arrived or changed. */
  | {
      event: "ping";
      /** Its new state. */
      ping: Ping;
    }
  /** An address book entry: added, or its presence changed. */
  | {
      event: "contact";
      /** Its new state. */
      contact: Contact;
    }
  /** A contact was removed from the address book. */
  | {
      event: "contact_gone";
      /** The account. */
      account: number;
      /** Their permanent id. */
      uid: string;
    }
  /** A group changed. */
  | {
      event: "group";
      /** Its new state. */
      group: Group;
    }
  /** A draft was saved. */
  | {
      event: "draft";
      /** Its new state. */
      draft: Draft;
    }
  /** A draft was sent, discarded or emptied. */
  | {
      event: "draft_gone";
      /** The account. */
      account: number;
      /** Which. */
      draft: number;
    }
  /** Events were dropped because the receiver was too slow; reload everything. */
  | { event: "lagged" };

/** Says that a file is a form, blank or filled, as in other apps. */
export interface Form {
  /** Whether it is filled. */
  filled: boolean;
  /** The form's identifier for its author's app; may be empty. */
  name: string;
}

/** State of a forward of a thread. */
export type ForwardState =
  /** In the outbox; it goes out with the next link. */
  | "queued"
  /** The service has accepted it. */
  | "sent"
  /** The service has refused it; the thread says why. */
  | "failed";

/** Facts about a letter that did not come from its author. */
export interface Forwarded {
  /** Who forwarded it, vouched for by the service; author and content are their claim. */
  by: Party;
  /** Names of its first files. They arrive when the author confirms it. */
  files: string[];
  /** Number of further files. */
  more_files: number;
}

/** A group that the member belongs or belonged to, or was invited to. */
export interface Group {
  /** The account it belongs to. */
  account: number;
  /** Its name. */
  gid: string;
  /** The member's own standing. */
  standing: Standing;
  /** Whether all members are known. A member who joins gets notices only of those who join later. */
  whole: boolean;
  /** Whether it is known that only the member has joined: a letter would reach nobody. */
  empty: boolean;
  /** The member's own alias there; empty if unknown. */
  alias: string;
  /** How many members are known. */
  known: number;
  /** How many of them have joined. */
  joined: number;
  /**
   * The first known members, at most 50, in the order of
   * `Command::Members`, which lists all.
   */
  members: GroupMember[];
}

/** A member of a group, as far as this app knows. */
export interface GroupMember {
  /** Alias in the group. */
  alias: string;
  /** Standing. */
  standing: Standing;
}

/** Messages that wait at the service for room on this device's disk. */
export interface Held {
  /** How many. */
  messages: number;
  /** Bytes of all of them. */
  bytes: number;
  /** Free disk space that is missing to receive all. */
  missing: number;
}

/** A recipient whom the service could not reach with a letter. */
export interface LeftOut {
  /** The party. */
  party: Party;
  /** The service's reason. */
  reason: string;
}

/** Connection state of an account. */
export type Link =
  /** Logged in. */
  | {
      state: "online";
      /** Since when. */
      since_ms: number;
    }
  /** A connection is being made. */
  | { state: "connecting" }
  /** Not connected; the app retries by itself. */
  | {
      state: "offline";
      /** What happened, what it means and what to do, in one sentence for people. */
      error: string;
      /** When the next attempt is due. */
      retry_at_ms: number;
    }
  /**
   * The service refused this device or showed a wrong certificate; the app retries only now and
   * then.
   */
  | {
      state: "refused";
      /** What happened, what it means and what to do. */
      error: string;
      /**
       * Fingerprint of the certificate shown instead of the pinned one, lower-case hex; the
       * member may accept it with `command::Command::SetService`.
       */
      seen: string | null;
      /** When the next attempt is due. */
      retry_at_ms: number;
    };

/** What is lost for good when an account is removed from this device. */
export interface Losses {
  /** Messages stored here. */
  letters: number;
  /** Of them, those that no service has yet: nobody will get them. */
  queued: number;
  /** Letters being written. */
  drafts: number;
  /** Entries of the address book. */
  contacts: number;
  /** Other devices of the account that this one knows; they keep what they have. */
  other_devices: number;
}

/** Whether a reply in a thread would reach somebody. If not, it is refused. */
export type MayReply =
  /** All readers. */
  | { state: "yes" }
  /** Some readers; not groups that the member is not in. */
  | {
      state: "others";
      /** The names of those groups. */
      groups: string[];
    }
  /** It is a note to oneself, on all devices. */
  | { state: "oneself" }
  /** The member has left groups that read it. */
  | {
      state: "left_group";
      /** Their names. */
      groups: string[];
    }
  /** The member was removed from groups that read it. */
  | {
      state: "removed_from_group";
      /** Their names. */
      groups: string[];
    }
  /** All readers are groups that only the member is in. */
  | {
      state: "empty_group";
      /** Their names. */
      groups: string[];
    }
  /** The readers are unknown. */
  | { state: "nobody" }
  /** All other readers were struck. */
  | { state: "struck" }
  /** The service itself wrote it, and reads nothing. */
  | { state: "service" };

/** A position in the list of a group's members: after this one. */
export interface MemberPlace {
  /** Their standing. */
  standing: Standing;
  /** Their alias, as on the wire. */
  alias: string;
}

/** A page of the members of a group. */
export interface Members {
  /** First those who have joined, then those who are invited, then those who have left; by alias. */
  members: GroupMember[];
  /** Start of the next page; none if this is the last. */
  next: MemberPlace | null;
}

/** One message. */
export interface Message {
  /** Local row number. */
  id: number;
  /** The thread it belongs to. */
  thread: number;
  /** The account it belongs to. */
  account: number;
  /** The id the service gave it, 16 hex digits; absent while it is in the outbox. */
  msgid: string | null;
  /** The author, vouched for by the service; of a forwarded letter, as claimed. */
  from: Party;
  /** For a forwarded letter that its author has not confirmed. */
  forwarded: Forwarded | null;
  /** When the service accepted it; when it was queued, for one in the outbox. */
  at_ms: number;
  /** Its own subject, when it sets a new one. */
  subject: string;
  /**
   * The text as written: Markdown. Events and replies carry it without stacked accents, which
   * take minutes to draw.
   */
  text: string;
  /**
   * The text rendered and sanitised: no scripts, styles, images from elsewhere or clickable
   * links of unknown schemes.
   */
  html: string;
  /** Whether `html` shows only the beginning of the text. */
  cut: boolean;
  /** Attachments in the order they were added. */
  attachments: Attachment[];
  /** Names of the first files that were lost to damage of the store. */
  lost_files: string[];
  /** The first five recipients whom the service could not reach. */
  left_out: LeftOut[];
  /** Number of further ones. */
  more_left_out: number;
  /** Its state. */
  state: MessageState;
  /** Whether the member has not seen it yet. */
  unread: boolean;
  /** Whether it has a star of its own. */
  starred: boolean;
  /** When it was put into the trash; absent while it is not there. Pages show only that it is there. */
  trashed_ms: number | null;
}

/** A mark of a single message, set by the member. */
export type MessageMark =
  /** Starred: its thread is among the starred ones. */
  | "starred"
  /** In the trash: erased after 30 days. Only what has come or was sent. */
  | "trashed";

/** State of a message. */
export type MessageState =
  /** Received from the service. */
  | { state: "received" }
  /** In the outbox, safe on disk, waiting for the link. */
  | { state: "queued" }
  /** In the outbox, held so that the member can take it back. */
  | {
      state: "held";
      /** When it is released, Unix milliseconds. */
      until_ms: number;
    }
  /** Being sent now. */
  | {
      state: "sending";
      /** Bytes sent so far. */
      sent: number;
      /** Bytes in all. */
      total: number;
    }
  /** The service has acknowledged it. */
  | { state: "sent" }
  /** The service refused it; nothing was delivered. It can be retried or discarded. */
  | {
      state: "failed";
      /** What happened, what it means and what to do. */
      error: string;
    };

/** A warning about a name. */
export type NameMark =
  /** It contains invisible or easily overlooked characters. */
  | "odd"
  /** A contact with another uid has the same name, or one that looks the same. */
  | "alike"
  /**
   * The service has not vouched for it: it is a letter's claim, or another device of the member
   * synced it for somebody whose name looks like that of another who is or was known here.
   */
  | "claimed";

/** Something that came, worded for the member. */
export interface Notice {
  /** The account it came to; the first one, for a summary. */
  account: number;
  /** The thread it leads to. Absent for a ping, and for a summary of several threads. */
  thread: number | null;
  /** The ping it leads to. */
  ping: number | null;
  /** Who, or how many. Plain text of one line. */
  title: string;
  /** Where; and what, if the member has chosen that content is shown. Plain text. */
  body: string;
  /** Whether to make a sound. */
  sound: boolean;
}

/** One change of `NoticeSettings`. */
export type NoticeChange =
  /** Quiet hours; none ends them. */
  | {
      set: "quiet";
      /** When. */
      hours?: QuietHours | null;
    }
  /** Whether content is shown. */
  | {
      set: "content";
      /** Whether. */
      shown: boolean;
    }
  /** Whether there is a sound. */
  | {
      set: "sound";
      /** Whether. */
      on: boolean;
    }
  /** The level of an account. */
  | {
      set: "account";
      /** Which. */
      account: number;
      /** The level. */
      level: NoticeLevel;
    }
  /** The level of a thread; none: as its account. */
  | {
      set: "thread";
      /** Which. */
      thread: number;
      /** The level. */
      level?: NoticeLevel | null;
    };

/** Of which letters the member is told. */
export type NoticeLevel =
  /** Of all, and of pings. */
  | "all"
  /** Of those that have one of the member's aliases in their text, and of pings. */
  | "mentions"
  /** Of none. */
  | "none";

/** What the member has chosen for notices on this device. */
export interface NoticeSettings {
  /** When nothing is told. */
  quiet: QuietHours | null;
  /** Whether subject and text are shown, also where others can see the screen. */
  content: boolean;
  /** Whether there is a sound. */
  sound: boolean;
  /** What is chosen for accounts and threads; `NoticeLevel::All` for the others. */
  levels: ChosenLevel[];
}

/** An alternative to what was refused. */
export type Offer =
  /** The existing account: to give it the new address, or to trust the service's new certificate. */
  | {
      kind: "account";
      /** Which. */
      account: number;
      /** The address that was to be joined. */
      address: string;
      /** The certificate that is shown there, where it is not the trusted one. */
      seen: string | null;
    }
  /** The account that was made, to ask for another alias. */
  | {
      kind: "alias";
      /** Which. */
      account: number;
      /** The service's address. */
      address: string;
    }
  /** A group to join. */
  | {
      kind: "group";
      /** Its name. */
      group: string;
    }
  /** The readers of a thread, to strike some. */
  | {
      kind: "readers";
      /** Which. */
      thread: number;
    }
  /** Trust another certificate after comparing it. Fingerprints are lower-case hex. */
  | {
      kind: "trust";
      /** The pinned one; none when none was pinned. */
      known: string | null;
      /** The one that was seen. */
      seen: string;
    };

/** A party in a conversation. */
export interface Party {
  /** The uid that the service vouches for; the group's name for a group. */
  uid: string;
  /**
   * The alias by which this member is known here; never the message's claim if there is a
   * contact with this uid. Empty if none is known.
   */
  alias: string;
  /** What this party is. */
  kind: PartyKind;
}

/** What a `Party` is. */
export type PartyKind =
  /** The member who uses this app. */
  | "me"
  /** A member in the address book. */
  | "contact"
  /** A member who is not in the address book, from a group or a shared thread. */
  | "stranger"
  /**
   * The claimed author of a forwarded letter. The service does not vouch for it; the alias is
   * never the address book's.
   */
  | "claimed"
  /** A group. */
  | "group"
  /**
   * The service itself, in a message about its own work, such as a letter that was not
   * delivered.
   */
  | "service";

/**
 * Words of a search that follow each other, as tokens: `search/token_cases.json` has examples of
 * how a text becomes tokens.
 */
export interface Phrase {
  /** The tokens. */
  tokens: string[];
  /** Whether the last one may be the beginning of a token. */
  is_open: boolean;
}

/** A ping or a group invitation, received or sent. */
export interface Ping {
  /** Local row number. */
  id: number;
  /** The account it came to or left from. */
  account: number;
  /** Label of that account's service; see `Account::service`. */
  service: string;
  /** Whether it was received or sent. */
  incoming: boolean;
  /** Alias of the sender; invisible characters are escaped. */
  from: string;
  /** Permanent id of the sender. */
  from_uid: string;
  /** Alias of the receiver; invisible characters are escaped. */
  to: string;
  /** Warning about the other's name. */
  mark: NameMark | null;
  /** Plain text, at most 140 UTF-16 units. To be shown as text; nothing in it is clickable. */
  text: string;
  /** The group it invites to, if it is an invitation. */
  group: string | null;
  /** When the service accepted it. */
  at_ms: number;
  /** Its state. */
  state: PingState;
}

/** State of a ping. */
export type PingState =
  /** Incoming: waits for our answer. Outgoing: the service has it, and there is no answer yet. */
  | { state: "waiting" }
  /** Outgoing, in the outbox. */
  | { state: "queued" }
  /** Answered: both are in each other's address book, or the group was joined. */
  | { state: "accepted" }
  /** Incoming: the member ignored it. The sender is not notified. */
  | { state: "ignored" }
  /** Outgoing: the service refused it. */
  | {
      state: "failed";
      /** What happened, what it means and what to do. */
      error: string;
    };

/** Which page of a thread is asked for. */
export type Place =
  /** The newest messages. */
  | "end"
  /** Around the first message that is unread; the newest where none is. */
  | "unread"
  /** Around this message; as `Place::Unread` where it is not in the thread any more. */
  | { around: number }
  /** The messages before this one. */
  | { before: number }
  /** The messages after this one. */
  | { after: number };

/** Time of day during which nothing is told. */
export interface QuietHours {
  /** First minute, counted from midnight in local time. */
  from_minute: number;
  /** The minute behind the last; before `from_minute` if midnight lies between. */
  until_minute: number;
}

/** How a reply in a thread reaches a party. */
export type Reach =
  /** It is addressed to them. */
  | "named"
  /** As a member of a group that it is addressed to. */
  | "group"
  /**
   * Not, as far as is known: they only wrote in the thread, are struck, or are a group that the
   * member is not in.
   */
  | "none";

/** Somebody who was added to a thread, or wrote in it. */
export interface Reader {
  /** The party. */
  party: Party;
  /** Uid of the member who added them, vouched for by the service; absent if unknown. */
  by: string | null;
  /** When; 0 if unknown. */
  at_ms: number;
  /** Whether the member has struck them: letters are no longer sent to them. */
  struck: boolean;
  /** How a reply reaches them. */
  reach: Reach;
}

/** Readers and authors of a thread. */
export interface Readers {
  /** In order of joining, including those struck; then those who only wrote in it. */
  readers: Reader[];
  /** Number of readers that were named beyond a thread's limit. */
  unlisted: number;
}

/** The answer to a command that failed. */
export interface Refusal {
  /** For programs. */
  code: ErrorCode;
  /** For people: what happened, what it means, what to do. */
  message: string;
  /** An alternative for the member. */
  offer?: Offer | null;
}

/** What a command gives back, `{"kind": NAME, "value": …}`. */
export type Reply =
  /** It is done and committed. */
  | { kind: "done" }
  /** The first screen. */
  | { kind: "state"; value: State }
  /** One account. */
  | { kind: "account"; value: Account }
  /** What would be lost. */
  | { kind: "losses"; value: Losses }
  /** A device code: a secret that makes whoever has it a device of the account. Show it once. */
  | { kind: "code"; value: string }
  /** Devices. */
  | { kind: "devices"; value: Device[] }
  /** One ping. */
  | { kind: "ping"; value: Ping }
  /** Pings. */
  | { kind: "pings"; value: Ping[] }
  /** How many were changed. */
  | { kind: "count"; value: number }
  /** Address book entries. */
  | { kind: "contacts"; value: Contact[] }
  /** Groups. */
  | { kind: "groups"; value: Group[] }
  /** A page of a group's members. */
  | { kind: "members"; value: Members }
  /** Thread list. */
  | { kind: "threads"; value: ThreadRow[] }
  /** One thread. */
  | { kind: "thread"; value: Thread }
  /** Who reads a thread. */
  | { kind: "readers"; value: Readers }
  /** One message. */
  | { kind: "message"; value: Message }
  /** Where a forward stands. */
  | { kind: "forward"; value: ForwardState }
  /** What is here already. */
  | { kind: "watermark"; value: Watermark }
  /** One draft. */
  | { kind: "draft"; value: Draft }
  /** A page of drafts. */
  | { kind: "drafts"; value: Draft[] }
  /** What is chosen for notices. */
  | { kind: "notices"; value: NoticeSettings }
  /** Browsers. */
  | { kind: "browsers"; value: Browser[] }
  /** Sanitised HTML. */
  | { kind: "html"; value: string }
  /** Search results. */
  | { kind: "hits"; value: SearchPage };

/** A search that was saved. */
export interface SavedSearch {
  /** Local row number. */
  id: number;
  /** Its name. */
  name: string;
  /** The words, as in `command::Command::Search`. */
  words: string;
}

/** A search result. */
export interface SearchHit {
  /** The account. */
  account: number;
  /** Label of its service; see `Account::service`. */
  service: string;
  /** The thread. */
  thread: number;
  /** The message. */
  message: number;
  /** Subject of the thread. */
  subject: string;
  /** Author. */
  from: Party;
  /** Time of the message. */
  at_ms: number;
  /**
   * Text around the words, HTML-escaped, with the words between `<mark>` and `</mark>`; no other
   * markup.
   */
  snippet: string;
}

/** In which order hits come. */
export type SearchOrder =
  /** The best first among the newest 500 messages that may match, then among the next. */
  | "best"
  /** The newest first. */
  | "newest";

/** A page of search results. */
export interface SearchPage {
  /** The results, in the order that was asked for. */
  hits: SearchHit[];
  /** Whether there may be more behind them. */
  more: boolean;
  /**
   * Whether the index is being made anew after an update of the app: the oldest messages may be
   * missing.
   */
  indexing: boolean;
  /**
   * Whether only the newest messages were looked through, because there are no words to look up,
   * and there are older ones.
   */
  newest_only: boolean;
  /** What was looked for in texts, so that a page can mark it where it stands. */
  phrases: Phrase[];
}

/** Size of a picture on the screen, in pixels. */
export interface Size {
  /** Width. */
  width: number;
  /** Height. */
  height: number;
}

/** Standing in a group. */
export type Standing =
  /** Invited, has not joined. */
  | "invited"
  /** Joined. */
  | "joined"
  /** Left. For others, perhaps removed. */
  | "left"
  /** The member was removed, and can return only by a new invitation. Not used for others. */
  | "removed";

/** Everything a page needs to draw its first screen. */
export interface State {
  /** Accounts in the order they were joined. */
  accounts: Account[];
  /** Version of the running app. */
  version: string;
  /**
   * Whether parts of the store were skipped since the app started because they are damaged; `mnm
   * check` reports more.
   */
  damaged: boolean;
  /**
   * Whether this home was copied or restored from a backup since it was last opened. Letters
   * received after the copy was made are missing.
   */
  copied: boolean;
}

/** A tag of threads. */
export interface Tag {
  /** Local row number. */
  id: number;
  /** Its name. */
  name: string;
  /** Its colour: one of the ten accents of the pages, 0 to 9. */
  accent: number;
}

/** A thread with a page of its messages, and the draft of a reply if there is one. */
export interface Thread {
  /** The line of the list. */
  row: ThreadRow;
  /** The messages of the page, oldest first. */
  messages: Message[];
  /** Whether there are messages before these. */
  older: boolean;
  /** Whether there are messages after these. */
  newer: boolean;
  /** The unsent reply. */
  draft: Draft | null;
}

/** Which threads a list has. */
export interface ThreadFilter {
  /** Its order. */
  sort?: ThreadSort;
  /** Instead of a list, the threads with this tag, except those in the trash. */
  tag?: number | null;
  /** The list. */
  view?: ThreadView;
}

/** A mark of a thread, set by the member. */
export type ThreadMark =
  /** Out of the inbox until somebody writes in it. */
  | "archived"
  /** In the trash: erased after 30 days, unless a letter comes into it. */
  | "trashed"
  /** Not counted as unread, and left in the archive by new letters. */
  | "muted"
  /** Listed before the others of the inbox; at most 20 of an account. */
  | "pinned"
  /** Starred. */
  | "starred"
  /**
   * Its newest message from somebody else counts as unread; off: all of its messages are read, on the
   * member's other devices too.
   */
  | "unread";

/** One line of a thread list. */
export interface ThreadRow {
  /** Local row number. */
  id: number;
  /** The account it belongs to. */
  account: number;
  /**
   * Subject of the newest message that has one, or synced from another device of the member; may
   * be empty.
   */
  subject: string;
  /** No subject is known, because the letter that began the thread is missing. */
  begun_elsewhere: boolean;
  /**
   * The first readers, in order of joining, the member included, and all of its groups; 50 at
   * most. All of them: `command::Command::Readers`.
   */
  parties: Party[];
  /** Number of readers. */
  readers: number;
  /** Author of the newest message. */
  last_from: Party;
  /** Time of the newest message. */
  last_at_ms: number;
  /** First words of the newest message, plain text, at most 140 characters. */
  snippet: string;
  /** Messages in the thread. */
  count: number;
  /** Unread messages in the thread. */
  unread: number;
  /** Whether any message carries an attachment. */
  attachments: boolean;
  /** State of the newest message, when it is one of ours. */
  state: MessageState | null;
  /** Whether a reply would reach somebody. */
  may_reply: MayReply;
  /** The thread that its first letter names, if the author is not known to be one of its readers. */
  belongs_to: number | null;
  /** Whether it is archived. */
  archived: boolean;
  /** When it was put into the trash; absent while it is not there. */
  trashed_ms: number | null;
  /** Whether it is muted. */
  muted: boolean;
  /** Whether it is pinned. */
  pinned: boolean;
  /** Whether it is starred. */
  starred: boolean;
  /** Messages of it that have a star of their own. */
  stars: number;
  /** Its tags, of those of the account. */
  tags: number[];
  /** By which a list sorted by person has it. */
  person_key: string;
  /** By which a list sorted by subject has it. */
  subject_key: string;
}

/**
 * The order of a list of threads. Of the same person or subject, and among unread and read threads, the
 * newest come first.
 */
export type ThreadSort =
  /** By the newest message, the newest first. */
  | "newest"
  /** By the newest message, the oldest first. */
  | "oldest"
  /** By the name of the first group or reader. */
  | "person"
  /** By the subject. */
  | "subject"
  /** Those with unread messages first; only of the inbox. */
  | "unread";

/** A list of threads. */
export type ThreadView =
  /** Neither archived nor in the trash. */
  | "inbox"
  /** Of the inbox, those with unread messages. */
  | "unread"
  /** Of the inbox, those with files. */
  | "files"
  /** Starred, archived or not. */
  | "starred"
  /** Archived. */
  | "archive"
  /** In the trash. */
  | "trash";

/** What is here already: whatever comes later has a higher number. */
export interface Watermark {
  /** The newest message; 0 before the first. */
  message: number;
  /** The newest ping; 0 before the first. */
  ping: number;
  /** Letters in the outbox, in their order; the first 10,000. */
  queued: number[];
}
