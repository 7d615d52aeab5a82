//! Commands about services, accounts and devices.

use std::io::Read as _;
use std::time::Duration;

use mnm_engine::secret::SecretCode;
use mnm_engine::{
    command::{Command as EngineCommand, Reply},
    view::{Account, BrowserId, Link},
};
use serde_json::json;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    print::{Answer, Look, Table, block, inline, plural, size, warn},
    session::{Session, ask, unexpected},
};

/// Longest device code read from standard input, bytes.
const CODE_MAX: u64 = 16 * 1024;
/// Silence after which the user is told what is awaited.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn join(
    context: &Context,
    session: &Session,
    address: String,
    alias: String,
    device: Option<String>,
    another: bool,
) -> Result<Answer, Failure> {
    let proven = address.contains('#');
    let waits = format!("Waiting for {} to answer.", inline(&address));
    let join = EngineCommand::Join { address, alias, device, another };
    let account = patiently(waits, async { Ok(ask!(session, join, Account)) }).await?;
    Ok(joined(context, &account, proven))
}

pub(super) async fn join_device(
    context: &Context,
    session: &Session,
    code: String,
) -> Result<Answer, Failure> {
    let code = SecretCode::from(if code == "-" { read_code()? } else { code });
    let waits = "Waiting for the service to answer.".to_owned();
    let join = async { Ok(ask!(session, EngineCommand::JoinDevice { code }, Account)) };
    let account = patiently(waits, join).await?;
    Ok(joined(context, &account, true))
}

/// Prints what is awaited, if it takes longer.
async fn patiently<T>(
    waits: String,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut answer = std::pin::pin!(answer);
    match tokio::time::timeout(PATIENCE, &mut answer).await {
        Ok(answer) => answer,
        Err(_) => {
            warn(&waits);
            answer.await
        }
    }
}

fn read_code() -> Result<String, Failure> {
    let mut code = String::new();
    std::io::stdin()
        .lock()
        .take(CODE_MAX)
        .read_to_string(&mut code)
        .map_err(|error| Failure::io("Can't read the code from standard input", &error))?;
    Ok(code.trim().to_owned())
}

/// `proven` if the address or code held the certificate's fingerprint, so that no other service can
/// have answered.
fn joined(context: &Context, account: &Account, proven: bool) -> Answer {
    let service = context.look.bold(inline(&account.service));
    let mut text = if account.alias.is_empty() {
        format!("Joined {service} as account {}, without an alias so far.\n", account.id)
    } else {
        format!("Joined {service} as {}, account {}.\n", inline(&account.alias), account.id)
    };
    if let Some(fingerprint) = account.fingerprint.as_ref().filter(|_| !proven) {
        text.push_str(&format!(
            "Its certificate is remembered from now on. Whoever runs the service can tell you \
             whether it is the right one:\n  sha256 {}\n",
            inline(&in_pairs(fingerprint))
        ));
    }
    Answer::new(account, text)
}

/// A fingerprint in the form that services print: `BA:2B:…`.
fn in_pairs(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.to_uppercase().chars().collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    pairs.join(":")
}

/// `mnm account`: the address and certificate of the service.
pub(super) async fn show(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    let service = context.look.bold(inline(&account.service));
    let mut text = format!(
        "Account {}: {service}\nAlias    {}\nAddress  {}\n",
        account.id,
        inline(&account.alias),
        inline(&whole_address(&account)),
    );
    match (&account.fingerprint, seen(&account)) {
        (Some(known), Some(seen)) => text.push_str(&format!(
            "Known certificate  {}\nShown certificate  {}\nIf whoever runs the service \
             confirms the second, all of it:\n  mnm account --account {} --trust {seen}\n",
            in_pairs(known),
            in_pairs(seen),
            account.id,
        )),
        (Some(known), None) => {
            text.push_str(&format!("Certificate  sha256 {}\n", inline(&in_pairs(known))));
        }
        (None, _) => text.push_str("Certificate  vouched for by public authorities\n"),
    }
    text.push_str(&renamed(&account).map(|line| format!("Name     {line}\n")).unwrap_or_default());
    let presence = match account.presence {
        Some(true) if !account.presence_chosen => {
            "your address book sees that you are online, as before version 0.2.0, until you choose (mnm presence on, or off)"
        }
        Some(true) => "your address book sees that you are online (mnm presence off)",
        Some(false) | None => {
            "nobody sees that you are online, but whom you chose (mnm presence on)"
        }
    };
    text.push_str(&format!("Presence {presence}\n"));
    text.push_str(&format!("Link     {}", link(&context.look, session, &account.link)));
    Ok(Answer::new(&account, text))
}

/// Note that a service has changed its name since it was joined.
fn renamed(account: &Account) -> Option<String> {
    let before = inline(account.joined_as.as_ref()?);
    Some(format!(
        "it calls itself {} now, and was {before} when it was joined",
        inline(&account.name)
    ))
}

/// `=host:port#fingerprint`, as members share it.
fn whole_address(account: &Account) -> String {
    match &account.fingerprint {
        Some(fingerprint) => format!("{}#{fingerprint}", account.address),
        None => account.address.clone(),
    }
}

/// The certificate that was seen instead of the known one.
fn seen(account: &Account) -> Option<&String> {
    match &account.link {
        Link::Refused { seen, .. } => seen.as_ref(),
        Link::Online { .. } | Link::Connecting | Link::Offline { .. } => None,
    }
}

/// `mnm account --address NEW --trust FINGERPRINT`.
pub(super) async fn set_service(
    context: &Context,
    session: &Session,
    address: Option<String>,
    trust: Option<String>,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let again = address.as_ref().map(|address| format!(" --address {}", inline(address)));
    let moved = address.is_some();
    let changed = session.command(EngineCommand::SetService { account, address, trust }).await;
    let account = match changed {
        Ok(Reply::Account(account)) => account,
        Ok(other) => return Err(unexpected(&other)),
        Err(failure) if failure.code == "untrusted" => {
            let hint = format!(
                "{}\nTo trust it: mnm account --account {account}{} --trust FINGERPRINT",
                failure.message,
                again.unwrap_or_default()
            );
            return Err(Failure { message: hint, ..failure });
        }
        Err(failure) => return Err(failure),
    };
    let service = context.look.bold(inline(&account.service));
    let text = match &account.fingerprint {
        _ if moved => format!("{service} is at {} from now on.", inline(&whole_address(&account))),
        Some(fingerprint) => format!(
            "The certificate of {service} is trusted from now on:\n  sha256 {}",
            in_pairs(fingerprint)
        ),
        None => format!("{service} shows this certificate, and public authorities vouch for it."),
    };
    Ok(Answer::new(&account, text))
}

/// `mnm account --remove`: nothing is erased without `--yes`.
pub(super) async fn remove(
    context: &Context,
    session: &Session,
    yes: bool,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    let losses = ask!(session, EngineCommand::Losses { account: account.id }, Losses);
    let (service, alias) = (inline(&account.service), inline(&account.alias));
    if yes {
        session.done(EngineCommand::RemoveAccount { account: account.id }).await?;
        let text =
            format!("Account {} ({service}, {alias}) was removed from this device.", account.id);
        return Ok(Answer::new(&json!({ "removed": account.id, "lost": losses }), text));
    }
    let others = match losses.other_devices {
        0 => {
            "No other device of it is known here: without one nobody can log in to it again.".into()
        }
        n => format!("Other devices keep what they have ({n} known here)."),
    };
    Err(Failure::new(
        Exit::Usage,
        "unconfirmed",
        format!(
            "Nothing was removed. This would erase account {} ({service}, {alias}) from this device \
             for good: {}, {} of them not sent yet, {}, {} of the address book, and this device's \
             key. At the service the account stays. {others}\n\
             To do it: mnm account --account {} --remove --yes",
            account.id,
            plural(losses.letters, "letter"),
            losses.queued,
            plural(losses.drafts, "draft"),
            plural(losses.contacts, "contact"),
            account.id
        ),
    ))
}

pub(super) async fn status(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let state = ask!(session, EngineCommand::State, State);
    let look = &context.look;
    let mut table =
        Table::new(look, ["ACCOUNT", "SERVICE", "ALIAS", "UNREAD", "PINGS", "QUEUED", "LINK"]);
    for account in &state.accounts {
        table.row([
            account.id.to_string(),
            inline(&account.service),
            inline(&account.alias),
            count(look, account.unread),
            count(look, account.pings),
            count(look, account.queued),
            link(look, session, &account.link),
        ]);
    }
    let app = match session {
        Session::Remote(_) => "The app is running.",
        Session::Local(_) => "The app is not running; `mnm` starts it.",
    };
    let none = match state.damaged {
        true => "No account can be read.",
        false => "No account yet. Join a service: mnm join ADDRESS --alias NAME",
    };
    let mut held: String = state.accounts.iter().filter_map(held).collect();
    for account in &state.accounts {
        if let Some(line) = renamed(account) {
            held.push_str(&format!("Account {}: {line}.\n", account.id));
        }
    }
    if state.damaged {
        held.push_str(DAMAGED);
    }
    if state.copied {
        held.push_str(COPIED);
    }
    let table = table.text(none);
    let text = format!("{}\n{held}{app} Version {}.", table.trim_end(), inline(&state.version));
    Ok(Answer::new(&state, text))
}

/// Note that something unreadable was skipped.
pub(super) const DAMAGED: &str = "A part of what is stored here is damaged and was passed over. End \
     the app and run `mnm check`: it says what is damaged, and saves what is whole.\n";

/// Note about a copied home.
pub(super) const COPIED: &str = "This home was copied or restored from a backup. Letters that came in after the \
     copy was made are not here. What was waiting to be sent is marked in its thread: it may have been \
     sent already, so it leaves only when you send it again. Use only one of the copies.\n";

/// Note about messages waiting at the service for disk space.
pub(super) fn held(account: &Account) -> Option<String> {
    let held = account.held?;
    Some(format!(
        "Account {}: the disk here is nearly full, so {} ({}) must wait at the service. Nothing is lost; \
         it comes when there is {} more room.\n",
        account.id,
        plural(held.messages, "message"),
        size(held.bytes),
        size(held.missing)
    ))
}

fn count(look: &Look, count: u64) -> String {
    if count == 0 { "-".to_owned() } else { look.bold(count.to_string()) }
}

fn link(look: &Look, session: &Session, link: &Link) -> String {
    match link {
        Link::Online { since_ms } => format!("online since {}", look.time(*since_ms)),
        Link::Connecting => "connecting".to_owned(),
        Link::Offline { error, retry_at_ms } => {
            // Only a running app retries by itself.
            let retry = match session {
                Session::Remote(_) => {
                    format!(" Next attempt: {}.", look.time_to_come(*retry_at_ms))
                }
                Session::Local(_) => String::new(),
            };
            format!("offline. {}{retry}", inline(error)).trim_end().to_owned()
        }
        Link::Refused { error, seen: None, .. } => format!("refused. {}", inline(error)),
        Link::Refused { error, seen: Some(_), .. } => {
            format!("refused. {} Both fingerprints: mnm account", inline(error))
        }
    }
}

pub(super) async fn devices(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let devices = ask!(session, EngineCommand::Devices { account }, Devices);
    let mut table = Table::new(&context.look, ["ACCOUNT", "DEVICE", "", "KNOWN SINCE"]);
    for device in &devices {
        table.row([
            device.account.to_string(),
            inline(&device.label),
            if device.this { "this one".to_owned() } else { String::new() },
            context.look.time(device.since_ms),
        ]);
    }
    Ok(Answer::new(&devices, table.text("No devices are known here.")))
}

pub(super) async fn add_device(
    context: &Context,
    session: &Session,
    label: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let code = ask!(session, EngineCommand::AddDevice { account, label }, Code);
    let text = format!(
        "{}\n\nThis code is a secret: whoever has it becomes a device of your account. On the other \
         device, run\n  mnm join --device-code -\nand enter it there.",
        block(code.expose(), "")
    );
    Ok(Answer::new(&json!({ "code": code }), text))
}

/// `mnm browsers`: the paired browsers; `revoke` removes one.
pub(super) async fn browsers(
    context: &Context,
    session: &Session,
    revoke: Option<BrowserId>,
) -> Result<Answer, Failure> {
    if let Some(browser) = revoke {
        session.command(EngineCommand::RevokeBrowser { browser }).await?;
        let text = format!("Browser {browser} is shut out. `mnm url` lets it in again.");
        return Ok(Answer::new(&json!({ "revoked": browser }), text));
    }
    let browsers = ask!(session, EngineCommand::Browsers, Browsers);
    let mut table = Table::new(&context.look, ["NUMBER", "BROWSER", "LET IN", "LAST USED"]);
    for browser in &browsers {
        table.row([
            browser.id.to_string(),
            inline(&browser.label),
            context.look.time(browser.since_ms),
            context.look.time(browser.used_ms),
        ]);
    }
    Ok(Answer::new(&browsers, table.text("No browser was let in so far.")))
}
