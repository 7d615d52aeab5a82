//! Story of the home that is kept, by subject; each step is there for the rows that it leaves.

use mnm_engine::command::{MessageMark, ThreadFilter, ThreadMark};
use mnm_engine::markdown::ELEMENTS_MAX;
use mnm_engine::vault::{
    Cc, DraftContent, Erased, ForwardedLetter, IncomingAttachment, IncomingForward, IncomingNote,
    MemberAct, NewAccount, OutboxAction, PingQuery, Received, StagedBlob, Upon, UserNotice,
};
use mnm_engine::view::{Form, NoticeChange, NoticeLevel, QuietHours};
use tempfile::TempDir;
use tmtp::letter::Attach;
use zeroize::Zeroizing;

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, alice, cc, join_gardeners, member, note};

const DORA: &str = "DRR66666666666666666666666666666";

/// Plays it all; the home, closed as by a crash: nothing is tidied up, nothing more is sent.
pub(crate) fn play(mut app: App) -> TempDir {
    settings(&mut app);
    people(&mut app);
    groups(&mut app);
    letters(&mut app);
    put_away(&mut app);
    threads_of_others(&mut app);
    forwards(&mut app);
    outbox(&mut app);
    drafts(&mut app);
    early_letters(&mut app);
    notices(&mut app);
    let App { vault, home, .. } = app;
    drop(vault);
    home
}

/// Accounts, devices, browsers, and what the member has chosen.
fn settings(app: &mut App) {
    let account = app.account;
    let _ = app.vault.recognise("a mark of the key's file").unwrap();
    let _ = app.vault.set_greeting(account, "Test Service", true).unwrap();
    let _ = app.vault.set_greeting(account, "Test Service, renamed", true).unwrap();
    let _ = app.vault.set_linked(account, 5).unwrap();
    let _ = app.vault.add_own_alias(account, "Alice of the Garden").unwrap();
    app.vault.add_browser("Firefox", &Zeroizing::new([7; 32]), 3).unwrap();
    app.vault.keep_page_port(20_317).unwrap();
    // Proved by the public roots, and being removed when the app was killed.
    let other = NewAccount {
        address: "+post.example:5050".into(),
        fingerprint: None,
        service: String::new(),
        uid: DORA.into(),
        ..alice()
    };
    let other = app.vault.add_account(other, 2).unwrap().value.id;
    let _ = app.vault.begin_removal(other).unwrap();
}

/// What was chosen for notices.
fn notices(app: &mut App) {
    let account = app.account;
    let inbox = ThreadFilter::default();
    let rows = app.vault.threads_in(Some(account), &inbox, None, None).unwrap();
    let thread =
        |at: usize, level| NoticeChange::Thread { thread: rows[at].id, level: Some(level) };
    let hours = Some(QuietHours { from_minute: 1320, until_minute: 420 });
    for change in [
        NoticeChange::Quiet { hours },
        NoticeChange::Content { shown: true },
        NoticeChange::Sound { on: false },
        NoticeChange::Account { account, level: NoticeLevel::Mentions },
        thread(0, NoticeLevel::All),
        thread(1, NoticeLevel::None),
    ] {
        app.vault.set_notices(&change).unwrap();
    }
}

/// Contacts, those who were contacts, and pings in every state.
fn people(app: &mut App) {
    let account = app.account;
    app.befriend(BOB, "Bob Jones");
    app.befriend(CAROL, "Carol Brown");
    app.befriend(DORA, "Dora Dorn");
    let ping = app.ping_from(MALLORY, "Mallory X");
    let _ = app.vault.receive_ping(account, &ping).unwrap();
    let ping = app.ping_from("GNRD7777777777777777777777777777", "Ignored Person");
    let ignored = app.vault.receive_ping(account, &ping).unwrap().value;
    let Received::New(Some(ignored)) = ignored else { panic!("{ignored:?}") };
    let _ = app.vault.ignore_ping(ignored).unwrap();
    let now = app.now();
    let _ = app.vault.queue_ping(account, "Nobody Here", "Hello?", now).unwrap();
    let refused = app.vault.next_outbox(account, 0).unwrap().unwrap();
    let _ = app.vault.outbox_failed(refused.id, "Nobody is called so.").unwrap();
    let now = app.now();
    let _ = app.vault.remove_contact(account, &DORA.into(), now).unwrap();
    // Known by what a letter claims.
    let letter = app.letter("STRNGR88888888888888888888888888", "Stranger", "from a stranger");
    app.receive(&letter);
}

/// Groups that the member is in, has left, was removed from, is invited to; and one that is empty.
fn groups(app: &mut App) {
    let account = app.account;
    join_gardeners(app);
    for (uid, alias, act) in [
        (BOB, "Bob Jones", MemberAct::Join),
        (CAROL, "Carol Brown", MemberAct::Invite),
        (MALLORY, "Mallory X", MemberAct::Join),
        (MALLORY, "Mallory X", MemberAct::Drop),
    ] {
        let notice = member(app, uid, alias, act);
        let _ = app.vault.receive_member(account, &notice).unwrap();
    }
    for (gid, acts) in [
        ("Left Behind", [MemberAct::Join, MemberAct::Drop]),
        ("Removed From", [MemberAct::Join, MemberAct::Drop]),
    ] {
        for act in acts {
            let is_removal = gid == "Removed From" && act == MemberAct::Drop;
            let by = if is_removal { BOB } else { ALICE };
            let mut notice = member(app, by, "Alice Smith", act);
            notice.gid = gid.into();
            notice.uid = is_removal.then(|| ALICE.into());
            let _ = app.vault.receive_member(account, &notice).unwrap();
        }
    }
    for gid in ["Choir", "Orchestra"] {
        let mut invitation = app.ping_from(BOB, "Bob Jones");
        invitation.gid = Some(gid.into());
        let _ = app.vault.receive_ping(account, &invitation).unwrap();
    }
    let mut notice = member(app, ALICE, "Alice Smith", MemberAct::Join);
    notice.gid = "Alone In".into();
    let _ = app.vault.receive_member(account, &notice).unwrap();
    let to_nobody = app.queue(&["Alone In"], "is anybody here?");
    let (item, _) = app.next_post();
    let alone = ["Alone In".into()];
    let _ = app.vault.outbox_alone(item.id, &alone, "Nobody else is in Alone In.").unwrap();
    assert_eq!(app.message(to_nobody.id).msgid, None);
}

fn stage(app: &mut App, bytes: &[u8]) -> StagedBlob {
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, bytes).unwrap();
    app.vault.finish_blob(writer).unwrap()
}

/// A picture of one point.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;";

/// Letters with all that they can have.
fn letters(app: &mut App) {
    let mut letter = app.letter(BOB, "Bob Jones", "the oars, with forms and files");
    let forms = [None, Some(false), Some(true)]
        .map(|filled| filled.map(|filled| Form { filled, name: "registration".into() }));
    for (form, name) in forms.into_iter().zip(["picture.gif", "blank/form.txt", "filled.txt"]) {
        let blob = stage(app, if form.is_none() { PICTURE } else { b"name:" });
        letter.attachments.push(IncomingAttachment { name: name.into(), form, blob });
    }
    let thread = app.receive(&letter).thread;
    let _ = app.vault.mark_read(thread, None).unwrap();
    app.queue_reply(thread, "They are *dry*.").unwrap();
    app.send_next();
    // More than is rendered.
    let mut long = app.letter(CAROL, "Carol Brown", "a long letter");
    long.text = "so\n".repeat(ELEMENTS_MAX + 1);
    app.receive(&long);
    // To two, of whom the service reaches one.
    app.queue(&["Bob Jones", "Carol Brown"], "to both");
    let (item, _) = app.next_post();
    let now = app.now();
    let unreached = [CAROL.into()];
    let _ = app
        .vault
        .outbox_left_out(item.id, &unreached, "Their queue is full.", "Nobody was reached.", now)
        .unwrap();
    app.send_next();
    // Struck, and added again.
    let (thread, _) = app.of_three();
    let now = app.now();
    let _ = app.vault.strike(thread, &CAROL.into(), true, now).unwrap();
}

/// Threads of groups, letters that stand apart, and threads of which the first letter is not here.
fn threads_of_others(app: &mut App) {
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    app.receive(&letter);
    // A reply of somebody who is not in the thread.
    let mut outsider = app.reply(letter.msgid, MALLORY, "Mallory X");
    outsider.groups = vec!["Left Behind".into()];
    app.receive(&outsider);
    // One that the member takes in.
    let outsider = app.reply(letter.msgid, DORA, "Dora Dorn");
    let (apart, now) = (app.receive(&outsider).thread, app.now());
    let _ = app.vault.take_in(apart, now).unwrap();
    // A thread that another device has told of.
    let told = notice(
        r#""threads":[{"id":"0000000000000003","subject":"Foretold",
        "readers":[{"uid":"BBB22222222222222222222222222222","alias":"Bob Jones","at_ms":4}]}]"#,
    );
    app.hears(&[told]);
    // One of which it told, and of which a later letter is here.
    let told = notice(
        r#""threads":[{"id":"0000000000000004","subject":"Begun elsewhere",
        "readers":[{"uid":"BBB22222222222222222222222222222","alias":"Bob Jones","at_ms":4}]}]"#,
    );
    app.hears(&[told]);
    let reply = app.reply("0000000000000004", BOB, "Bob Jones");
    app.receive(&reply);
    // Contacts of whom another device has told, one of them under a name that somebody has here.
    let told = notice(
        r#""contacts":[{"uid":"RN999999999999999999999999999999","alias":"Erna Ernst",
        "since_ms":7,"presence":{"shown":true,"at_ms":8}},
        {"uid":"THRBB888888888888888888888888888","alias":"Bob Jones","since_ms":7},
        {"uid":"GHST8888888888888888888888888888","alias":"Gone Friend","since_ms":7}]"#,
    );
    app.hears(&[told]);
}

fn notice(entries: &str) -> String {
    format!(r#"{{"mnm":1,{entries}}}"#)
}

/// Threads that were forwarded to the member and by the member, and one whose author confirms it.
fn forwards(app: &mut App) {
    let account = app.account;
    let forwarded = |id: &str, uid: &str, text: &str| ForwardedLetter {
        id: id.into(),
        author_uid: uid.into(),
        alias: "Somebody".into(),
        posted_ms: Some(3),
        subject: "Forwarded".into(),
        text: text.into(),
        files: vec![Attach { name: "u:plan.txt".into(), size: 12, ffn: "f".into() }],
    };
    let forward = IncomingForward {
        msgid: app.next_msgid(),
        from_uid: BOB.into(),
        posted_ms: app.now(),
        thread_id: "0000000000000005".into(),
        cc: vec![cc("Bob Jones", BOB), cc("Carol Brown", CAROL)],
        letters: vec![
            forwarded("0000000000000005", BOB, "the first"),
            forwarded("0000000000000006", CAROL, "the second"),
        ],
    };
    let _ = app.vault.receive_forward(account, &forward, 0).unwrap();
    // Bob adds somebody whom the service does not reach: they are asked about again later.
    let letter = app.letter(BOB, "Bob Jones", "to be forwarded");
    let thread = app.receive(&letter).thread;
    app.queue_reply(thread, "my own").unwrap();
    app.send_next();
    adds(app, &letter.msgid.to_string(), cc("Dora Dorn", DORA));
    let confirm = app.vault.next_outbox(account, 0).unwrap().unwrap();
    assert!(matches!(confirm.action, OutboxAction::Confirm(_)));
    let (unreached, now) = ([DORA.into()], app.now());
    let _ = app
        .vault
        .outbox_left_out(confirm.id, &unreached, "They are away.", "Nobody was reached.", now)
        .unwrap();
}

/// Bob forwards a thread to somebody, as the service says.
fn adds(app: &mut App, thread_id: &str, to: Cc) {
    let (msgid, copied) = (app.next_msgid(), Some(vec![to.who_uid.clone()]));
    let word = IncomingNote { posted_ms: app.now(), copied, ..note(msgid, BOB, thread_id, to) };
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
}

/// One item of each kind, in the order in which they are sent. Nothing is sent from here on.
fn outbox(app: &mut App) {
    let account = app.account;
    // Another device, which is told of all that follows.
    app.add_device();
    let now = app.now();
    let _ = app.vault.queue_address_book(account, now).unwrap();
    let now = app.now();
    let _ = app.vault.set_presence(account, false, now).unwrap();
    let now = app.now();
    let _ = app.vault.set_contact_presence(account, &BOB.into(), Some(false), now).unwrap();
    let (msgid, now) = (app.next_msgid(), app.now());
    let alias = UserNotice::Alias("Alice the Third".into());
    let _ = app.vault.receive_user(account, msgid, now, &alias).unwrap();
    let letter = app.letter(BOB, "Bob Jones", "news");
    let thread = app.receive(&letter).thread;
    let _ = app.vault.mark_read(thread, None).unwrap();
    app.queue_reply(thread, "sent before the device was there, as far as it knows").unwrap();
    // The first of them was on its way when the link broke.
    let head = app.vault.next_outbox(account, 0).unwrap().unwrap();
    let _ = app.vault.outbox_interrupted(head.id).unwrap();
    let now = app.now();
    let _ = app.vault.queue_ping(account, "Frida Frost", "Shall we write?", now).unwrap();
    let now = app.now();
    let _ =
        app.vault.queue_invite(account, &"Gardeners".into(), "Frida Frost", "Come", now).unwrap();
    let invitations = app.vault.pings(&PingQuery::default()).unwrap();
    let choir = invitations
        .iter()
        .find(|ping| ping.group.as_ref().is_some_and(|gid| *gid == "Choir"))
        .unwrap();
    let now = app.now();
    let _ = app.vault.queue_accept(choir.id, None, now).unwrap();
    app.queue(&["Gardeners"], "to the group");
    app.forward(thread, &["Carol Brown".into()]).unwrap();
    let of_bob = app.vault.threads(Some(account), None, None).unwrap();
    let of_bob = of_bob.iter().find(|row| row.subject == "About to be forwarded").unwrap().id;
    let first = app.vault.thread(of_bob).unwrap().messages[0].msgid.clone().unwrap();
    adds(app, &first, cc("Carol Brown", CAROL));
    let typed = DraftContent { text: "think again".into(), ..DraftContent::default() };
    let now = app.now();
    let draft = app
        .vault
        .save_draft(Upon::Anything, None, account, Some(of_bob), &typed, now)
        .unwrap()
        .value;
    let now = app.now();
    let _ = app.vault.queue_draft(draft.id, None, now, 60_000).unwrap();
    let now = app.now();
    let _ =
        app.vault.remove_contact(account, &"GHST8888888888888888888888888888".into(), now).unwrap();
}

/// Drafts of a new letter and of a reply, with a file; and a file that was being taken.
fn drafts(app: &mut App) {
    let account = app.account;
    let to = vec!["Bob Jones".to_owned(), "Not Yet Known".to_owned()];
    let typed = DraftContent { to, subject: "Half".into(), text: "half a letter".into() };
    let now = app.now();
    let draft =
        app.vault.save_draft(Upon::Anything, None, account, None, &typed, now).unwrap().value.id;
    let blob = stage(app, b"a file of a draft");
    let now = app.now();
    let _ = app.vault.attach(draft, "notes.txt", blob, now).unwrap();
    let now = app.now();
    let _ = app.vault.save_draft(Upon::Anything, Some(draft), account, None, &typed, now).unwrap();
    let mut cut = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut cut, b"an upload that was cut").unwrap();
}

/// Threads with every mark, in the trash, about to be erased, and erased in part.
fn put_away(app: &mut App) {
    let begin = |app: &mut App, text: &str| {
        let letter = app.letter(BOB, "Bob Jones", text);
        app.receive(&letter).thread
    };
    for mark in [
        ThreadMark::Archived,
        ThreadMark::Trashed,
        ThreadMark::Muted,
        ThreadMark::Pinned,
        ThreadMark::Starred,
    ] {
        let thread = begin(app, &format!("to be {mark:?}"));
        let now = app.now();
        let _ = app.vault.mark_threads(&[thread], mark, true, now).unwrap();
    }
    let account = app.account;
    let tag = app.vault.save_tag(account, None, "Garden", 3).unwrap().value.tags[0].id;
    let tagged = begin(app, "tagged");
    let _ = app.vault.tag_threads(&[tagged], tag, true).unwrap();
    let _ = app.vault.save_search(account, "Oars", "oars has:file").unwrap();
    for mark in [MessageMark::Starred, MessageMark::Trashed] {
        let letter = app.letter(BOB, "Bob Jones", &format!("alone to be {mark:?}"));
        let (message, now) = (app.receive(&letter).id, app.now());
        let _ = app.vault.mark_messages(&[message], mark, true, now).unwrap();
    }
    while app.vault.tidy().value {}
    let erased = ["erased in part", "about to be erased"].map(|text| begin(app, text));
    for thread in erased {
        let now = app.now();
        let _ = app.vault.mark_threads(&[thread], ThreadMark::Trashed, true, now).unwrap();
        let _ = app.vault.empty_trash(&Erased::Of(None, vec![thread])).unwrap();
        if thread == erased[0] {
            let _ = app.vault.tidy();
        }
    }
}

/// Letters that came before it was known where they belong, more than one transaction brings there.
fn early_letters(app: &mut App) {
    let early = |app: &mut App, thread_id: &str, letters: usize| {
        for number in 0..letters {
            let mut letter = app.reply(thread_id, CAROL, "Carol Brown");
            letter.readers = vec![cc("Carol Brown", CAROL), cc("Alice Smith", ALICE)];
            letter.text = format!("early {number}");
            app.receive(&letter);
        }
    };
    let [many, few] = ["0000000000000007", "0000000000000008"];
    early(app, many, EARLY);
    early(app, few, 2);
    let readers = format!(
        r#"[{{"uid":"{BOB}","alias":"Bob Jones","at_ms":4}},{{"uid":"{CAROL}","alias":"Carol Brown","at_ms":4}}]"#
    );
    let told = [many, few].map(|id| format!(r#"{{"id":"{id}","readers":{readers}}}"#));
    app.hears(&[notice(&format!(r#""threads":[{}]"#, told.join(",")))]);
}

/// More letters than are looked at in one transaction.
const EARLY: usize = 82;
