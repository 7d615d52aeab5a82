//! The story that plays by itself: letters, replies, a group, a device without power, a service
//! killed in the middle of a big transfer, and the reckoning at the end. On the way some of them may
//! be upgraded.
//!
//! Every message is noted in `letters` before it is given to an app. At the end every device has to
//! show exactly these, and the service nothing of them.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::app::App;
use super::cast::{Cast, accept};
use super::check::{self, Standing};
use super::letter::{self, Letter};
use super::member::Member;
use super::poll::until;
use super::residue::{self, Passages};
use super::workdir::{self, Workdir};
use crate::step::Steps;

const GROUP: &str = "Thursday Crew";

/// A letter between running apps takes milliseconds; a busy machine takes longer.
const SOON: Duration = Duration::from_secs(60);
/// After the crash everybody reconnects, and 64 MiB are sent again and to three devices.
const LATER: Duration = Duration::from_secs(240);
/// "Within seconds of the last acknowledgement", of which some may be on their way.
const ERASED: Duration = Duration::from_secs(30);
/// So much of the big attachment has to be on the service's disk before it is killed.
const MIDDLE: u64 = 4 * 1024 * 1024;

/// Plays it from an empty directory to the end. With `upgrade`, the folder of another version's
/// programs, that version takes over in the middle, at the service and with two of the three members.
pub(crate) fn play(steps: &mut Steps, workdir: &Workdir, upgrade: Option<&Path>) -> Result<()> {
    let cast = Cast::assemble(steps, workdir)?;
    cast.introduce(steps)?;
    let mut story = Story {
        cast,
        workdir,
        mark: format!("demo-attachment-{}-", std::process::id()),
        letters: Vec::new(),
        senders: Vec::new(),
    };
    steps.take("a letter with an attachment, and two replies", || story.first_letter())?;
    steps.take("Ada's phone loses its power", || story.cast.phone.kill())?;
    steps.tell("this repository's documents go out as letters", || story.documents())?;
    steps.take("the service holds them for the phone, and only so", || story.held())?;
    steps.take("a group: invited, joined, written to, answered", || story.group())?;
    if let Some(programs) = upgrade {
        steps.take("all but Carmen are upgraded: one stopped, the others killed", || {
            story.upgrade(programs)
        })?;
    }
    steps.tell("the service is killed amid an attachment", || story.crash())?;
    steps.take("letters written meanwhile wait in their apps", || story.meanwhile())?;
    steps.take("the service and the phone are back", || story.recover())?;
    steps.tell("every device has every message once, byte for byte", || story.settle())?;
    steps.tell("every attachment is the same on every device", || story.files())?;
    steps.tell("the service's files hold nothing of it", || story.erased())?;
    steps.take("nor after it was stopped; nothing comes twice", || story.reopened())?;
    steps.take("everything stops in order", || story.cast.stop())
}

struct Story<'a> {
    cast: Cast,
    workdir: &'a Workdir,
    /// Stands at the head of every block of the big attachment.
    mark: String,
    /// All that was written.
    letters: Vec<Letter>,
    /// Commands that wait for the service to acknowledge a letter.
    senders: Vec<Child>,
}

impl Story<'_> {
    fn first_letter(&mut self) -> Result<()> {
        let letter = letter::welcome(self.workdir)?;
        let subject = letter.subject.clone();
        self.send(letter)?;
        self.reply(Member::Bjorn, &subject, "Bread **and** cheese from me.\n")?;
        self.reply(Member::Carmen, &subject, "The spare oar, and 🧀 if Björn forgets.\n")?;
        self.wait_for_all(&[
            &self.cast.ada,
            &self.cast.phone,
            &self.cast.bjorn,
            &self.cast.carmen,
        ])?;
        let hits = self.cast.phone.list(["search", "spare oar"])?;
        ensure!(!hits.is_empty(), "the search for two of its words finds nothing");
        Ok(())
    }

    fn documents(&mut self) -> Result<String> {
        let documents = letter::documents()?;
        let bytes: usize = documents.iter().map(|letter| letter.text.len()).sum();
        let told = format!("{} letters, {} KiB", documents.len(), bytes / 1024);
        for letter in documents {
            self.send(letter)?;
        }
        self.wait_for_all(&[&self.cast.ada, &self.cast.bjorn, &self.cast.carmen])?;
        Ok(told)
    }

    /// Shows that [`Story::erased`] would find something if something were there.
    fn held(&self) -> Result<()> {
        let found = self.passages()?.found_in(self.cast.service.data())?;
        ensure!(!found.is_empty(), "no letter that waits for the phone is in the service's files");
        Ok(())
    }

    fn group(&mut self) -> Result<()> {
        for invited in [Member::Bjorn, Member::Carmen] {
            let text = "Thursdays at six, boathouse two.";
            self.cast.ada.ask(["invite", GROUP, invited.alias(), text])?;
        }
        for app in [&self.cast.bjorn, &self.cast.carmen] {
            accept(app, 1)?;
            until("the invitation is accepted", SOON, || {
                let pings = app.list(["pings"])?;
                let open = pings.iter().any(|ping| ping["state"]["state"] != "accepted");
                Ok((!open).then_some(()))
            })?;
        }
        self.send(Letter {
            from: Member::Ada,
            to: vec![GROUP],
            readers: vec![Member::Bjorn, Member::Carmen],
            subject: "Thursday: eights or fours?".to_owned(),
            text: "We are *nine* this week.\n\n- an eight and a sculler\n- two fours, one rests\n"
                .to_owned(),
            files: Vec::new(),
        })?;
        self.reply(Member::Bjorn, "Thursday: eights or fours?", "Two fours. I rest.\n")?;
        self.wait_for_all(&[&self.cast.ada, &self.cast.bjorn, &self.cast.carmen])
    }

    /// Ada's phone has no power and starts with the new program later on.
    fn upgrade(&mut self, programs: &Path) -> Result<()> {
        let Cast { ada, phone, bjorn, service, .. } = &mut self.cast;
        ada.stop()?;
        bjorn.kill()?;
        service.kill()?;
        service.replace(workdir::program(programs, "tmtpd")?);
        service.restart()?;
        for app in [&mut *ada, &mut *bjorn, &mut *phone] {
            app.replace(workdir::program(programs, "mnm")?);
        }
        ada.restart()?;
        bjorn.restart()
    }

    /// Kills the service when a part of the attachment, but not all, is on its disk.
    fn crash(&mut self) -> Result<String> {
        let big = self.workdir.folder("files")?.join("regatta-film.bin");
        letter::write_big(&big, &self.mark)?;
        let letter = Letter {
            from: Member::Bjorn,
            to: vec![Member::Ada.alias(), Member::Carmen.alias()],
            readers: vec![Member::Ada, Member::Carmen],
            subject: "The film of the regatta".to_owned(),
            text: "All sixty-four mebibytes of it. Turn the sound up for the finish!\n".to_owned(),
            files: vec![big],
        };
        let data = self.cast.service.data().to_path_buf();
        let before = residue::size(&data);
        self.begin_to_send(letter)?;
        let deadline = Instant::now() + SOON;
        while residue::size(&data) < before + MIDDLE {
            ensure!(Instant::now() < deadline, "nothing of the attachment reached the service");
            // As tight as can be: all of it takes less than a second.
            std::thread::sleep(Duration::from_micros(200));
        }
        self.cast.service.kill()?;
        let arrived = residue::size(&data).saturating_sub(before);
        ensure!(arrived < letter::BIG, "all {arrived} bytes had arrived before the service died");
        Ok(format!("{} of {} MiB were on its disk", arrived >> 20, letter::BIG >> 20))
    }

    fn meanwhile(&mut self) -> Result<()> {
        for (from, reader) in [(Member::Carmen, Member::Ada), (Member::Ada, Member::Bjorn)] {
            let letter = Letter {
                from,
                to: vec![reader.alias()],
                readers: vec![reader],
                subject: format!("Is the service away, {}?", reader.alias()),
                text: format!("I, {}, write on regardless: it will go out.\n", from.alias()),
                files: Vec::new(),
            };
            self.begin_to_send(letter)?;
        }
        for member in Member::ALL {
            let app = self.app(member);
            until(&format!("a letter is queued at {}", app.label), SOON, || {
                let status = app.ask(["status"])?;
                let queued = status["accounts"][0]["queued"].as_u64().context("no count")?;
                Ok((queued > 0).then_some(()))
            })?;
        }
        Ok(())
    }

    fn recover(&mut self) -> Result<()> {
        self.cast.service.restart()?;
        self.cast.phone.restart()
    }

    fn settle(&mut self) -> Result<String> {
        self.wait_for(&self.cast.all(), LATER)?;
        for sender in self.senders.drain(..) {
            App::finish_sending(sender)?;
        }
        let messages = self
            .cast
            .all()
            .map(|app| self.letters.iter().filter(|letter| letter.concerns(app.member)).count());
        Ok(format!("{} on 4 devices", messages.iter().sum::<usize>()))
    }

    fn files(&self) -> Result<String> {
        let mut all = 0;
        for app in self.cast.all() {
            let bytes = check::compare_files(app, &self.letters, self.workdir)?;
            ensure!(bytes > letter::BIG, "{} compared only {bytes} bytes", app.label);
            all += bytes;
        }
        Ok(format!("{} MiB compared", all >> 20))
    }

    fn erased(&self) -> Result<String> {
        let passages = self.passages()?;
        let mut last = Vec::new();
        let gone = until("the service erases what was delivered", ERASED, || {
            last = passages.found_in(self.cast.service.data())?;
            Ok(last.is_empty().then_some(()))
        });
        gone.with_context(|| format!("still in {}", paths(&last)))?;
        Ok(format!("{} passages looked for", passages.len()))
    }

    fn reopened(&mut self) -> Result<()> {
        self.cast.service.stop()?;
        let found = self.passages()?.found_in(self.cast.service.data())?;
        ensure!(found.is_empty(), "messages are still in {}", paths(&found));
        self.cast.service.restart()?;
        for app in self.cast.all() {
            until(&format!("{} is online again", app.label), LATER, || {
                let status = app.ask(["status"])?;
                Ok(status.to_string().contains(r#""state":"online""#).then_some(()))
            })?;
        }
        self.wait_for_all(&self.cast.all())
    }

    /// Has a letter sent by a command that is waited for at the end only.
    fn begin_to_send(&mut self, letter: Letter) -> Result<()> {
        let sender = self.app(letter.from).begin_to_send(&letter)?;
        self.senders.push(sender);
        self.letters.push(letter);
        Ok(())
    }

    fn send(&mut self, letter: Letter) -> Result<()> {
        self.app(letter.from).send(&letter)?;
        self.letters.push(letter);
        Ok(())
    }

    /// Answers in the thread with that subject, as soon as it is there.
    fn reply(&mut self, from: Member, subject: &str, text: &str) -> Result<()> {
        let app = self.app(from);
        let thread =
            until(&format!("{} gets {subject:?}", app.label), SOON, || app.thread(subject))?;
        app.reply(thread, text)?;
        self.letters.push(Letter {
            from,
            to: Vec::new(),
            readers: Member::ALL.into_iter().filter(|member| *member != from).collect(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            files: Vec::new(),
        });
        Ok(())
    }

    fn wait_for_all(&self, apps: &[&App]) -> Result<()> {
        self.wait_for(apps, SOON)
    }

    fn wait_for(&self, apps: &[&App], limit: Duration) -> Result<()> {
        for app in apps {
            let mut lacking = 0;
            let complete = until(&format!("{} has everything", app.label), limit, || {
                Ok(match check::compare(app, &self.letters)? {
                    Standing::Complete => Some(()),
                    Standing::Lacks(count) => {
                        lacking = count;
                        None
                    }
                })
            });
            complete.with_context(|| {
                format!("of {} messages {lacking} were missing at last", self.letters.len())
            })?;
        }
        Ok(())
    }

    fn passages(&self) -> Result<Passages> {
        Passages::of(&self.letters, &[&self.mark])
    }

    fn app(&self, member: Member) -> &App {
        match member {
            Member::Ada => &self.cast.ada,
            Member::Bjorn => &self.cast.bjorn,
            Member::Carmen => &self.cast.carmen,
        }
    }
}

fn paths(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    files.join(", ")
}
