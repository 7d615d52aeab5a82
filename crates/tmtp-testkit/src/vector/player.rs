//! Playing the steps of a file.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::script::{Action, LinkAction, Message, Script};
use super::template::{self, Bindings};
use crate::peer::RawPeer;
use crate::process::ServiceProcess;
use crate::wire::Frame;

struct Player {
    service: ServiceProcess,
    /// In the order of their first naming; none for one that has ended.
    links: Vec<(String, Option<RawPeer>)>,
    known: Bindings,
}

/// Plays a whole file with a fresh service.
pub(super) async fn play(script: Script) -> Result<()> {
    let config = match script.limits.as_str() {
        "" => String::new(),
        limits => format!("[limits]\n{limits}"),
    };
    let service = ServiceProcess::start_with(&config, &[])?;
    let mut player = Player { service, links: Vec::new(), known: Bindings::new() };
    for step in script.steps {
        player.act(step.action).await.with_context(|| format!("line {}", step.line))?;
    }
    player.finish().await.context("at the end")
}

impl Player {
    async fn act(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Restart => {
                self.service.kill9()?;
                self.service.restart()
            }
            Action::Check(less, more) => {
                let less = template::fill(&less, &self.known)?;
                let more = template::fill(&more, &self.known)?;
                ensure!(less < more, "{less} is not less than {more}");
                Ok(())
            }
            Action::Link(name, LinkAction::Close) => {
                // Dropping the stream closes it.
                *self.slot(&name) = None;
                Ok(())
            }
            Action::Link(name, action) => {
                let mut peer = match self.slot(&name).take() {
                    Some(peer) => peer,
                    None => RawPeer::connect(self.service.address()).await?,
                };
                if self.act_on(&name, &mut peer, action).await? {
                    *self.slot(&name) = Some(peer);
                }
                Ok(())
            }
        }
    }

    fn slot(&mut self, name: &str) -> &mut Option<RawPeer> {
        let at = self.links.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.links.push((name.to_owned(), None));
            self.links.len() - 1
        });
        &mut self.links[at].1
    }

    /// Does it; false when the link has ended with it.
    async fn act_on(&mut self, name: &str, peer: &mut RawPeer, action: LinkAction) -> Result<bool> {
        match action {
            LinkAction::Register(alias) => {
                peer.greet().await?;
                let (uid, node) = peer.register(&alias).await?;
                self.known.insert(format!("uid.{name}"), uid);
                self.known.insert(format!("node.{name}"), node);
            }
            LinkAction::Enter(uid, node) => {
                let uid = template::fill(&uid, &self.known)?;
                let node = template::fill(&node, &self.known)?;
                peer.greet().await?;
                peer.request(json!({"op": 2, "uid": uid, "node": node})).await?;
                let info = peer.next().await?;
                ensure!(info.op() == "info", "no info but {}", info.raw_head);
            }
            LinkAction::Send { split, message } => {
                peer.set_split(split);
                let head = template::fill(&message.head, &self.known)?;
                peer.send(&head, &message.data).await?;
                peer.set_split(None);
            }
            LinkAction::SendRaw(bytes) => peer.send_raw(&bytes).await?,
            LinkAction::Close => return Ok(false),
            LinkAction::Expect { ack, messages } => self.expect(peer, ack, messages).await?,
            LinkAction::ExpectClosed => {
                peer.expect_closed().await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads as many messages as are wanted; each must match one that no other did.
    async fn expect(
        &mut self,
        peer: &mut RawPeer,
        ack: bool,
        mut wanted: Vec<Message>,
    ) -> Result<()> {
        while !wanted.is_empty() {
            let heads: Vec<_> = wanted.iter().map(|wanted| wanted.head.as_str()).collect();
            let still = format!("still wanted: {}", heads.join("\n    "));
            let frame = peer.next().await.context(still)?;
            let at = self.find(&frame, &wanted)?;
            wanted.remove(at);
            if ack {
                peer.ack(frame.id()).await?;
            }
        }
        Ok(())
    }

    /// Which of the wanted messages this is; takes its placeholders.
    fn find(&mut self, frame: &Frame, wanted: &[Message]) -> Result<usize> {
        let mut why = String::new();
        for (at, message) in wanted.iter().enumerate() {
            let matched = template::matches(&message.head, &frame.raw_head, &self.known)
                .and_then(|new| same_data(&message.data, &frame.data).map(|()| new));
            match matched {
                Ok(new) => {
                    self.known.extend(new);
                    return Ok(at);
                }
                Err(error) => why.push_str(&format!("\n  want {}\n       {error:#}", message.head)),
            }
        }
        bail!("\n  came {}{why}", frame.raw_head)
    }

    /// Nothing was left over on any link.
    async fn finish(self) -> Result<()> {
        for (name, peer) in self.links {
            let Some(mut peer) = peer else { continue };
            peer.request(json!({"op": 12})).await?;
            match peer.next_or_closed().await? {
                Some(frame) if frame.op() != "quit" => {
                    bail!("{name} got something nobody wanted: {}", frame.raw_head)
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn same_data(want: &[u8], came: &[u8]) -> Result<()> {
    let show = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned();
        format!("{} bytes {text:?}", bytes.len())
    };
    ensure!(want == came, "data: want {}, came {}", show(want), show(came));
    Ok(())
}
