//! Notice settings: kept on this device, for accounts and threads.

use mnm_engine::error::VaultError;
use mnm_engine::view::{ChosenLevel, NoticeChange, NoticeLevel, NoticeSettings, QuietHours};

use crate::cast::{App, BOB};

#[test]
fn chosen_settings_are_kept() {
    let mut app = App::with_bob();
    let unasked = NoticeSettings { quiet: None, content: false, sound: true, levels: Vec::new() };
    assert_eq!(app.vault.notice_settings().unwrap(), unasked);
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let (account, thread) = (app.account, app.receive(&letter).thread);
    let hours = Some(QuietHours { from_minute: 1320, until_minute: 420 });
    for change in [
        NoticeChange::Quiet { hours },
        NoticeChange::Content { shown: true },
        NoticeChange::Sound { on: false },
        NoticeChange::Account { account, level: NoticeLevel::None },
        NoticeChange::Account { account, level: NoticeLevel::Mentions },
        NoticeChange::Thread { thread, level: Some(NoticeLevel::All) },
    ] {
        app.vault.set_notices(&change).unwrap();
    }
    let mut app = app.restart();
    let of_thread = ChosenLevel { account, thread: Some(thread), level: NoticeLevel::All };
    let of_account = ChosenLevel { account, thread: None, level: NoticeLevel::Mentions };
    let levels = vec![of_thread, of_account.clone()];
    let chosen = NoticeSettings { quiet: hours, content: true, sound: false, levels };
    assert_eq!(app.vault.notice_settings().unwrap(), chosen);
    let as_others = NoticeChange::Thread { thread, level: None };
    assert_eq!(app.vault.set_notices(&as_others).unwrap().levels, [of_account]);
}

#[test]
fn hours_that_are_none_and_what_is_not_here_are_refused() {
    let mut app = App::new();
    for (from_minute, until_minute) in [(60, 60), (0, 1440), (1440, 0)] {
        let hours = Some(QuietHours { from_minute, until_minute });
        let refused = app.vault.set_notices(&NoticeChange::Quiet { hours });
        assert!(matches!(refused, Err(VaultError::Invalid(_))), "{refused:?}");
    }
    for change in [
        NoticeChange::Account { account: 99, level: NoticeLevel::None },
        NoticeChange::Thread { thread: 99, level: None },
    ] {
        let refused = app.vault.set_notices(&change);
        assert!(matches!(refused, Err(VaultError::NotFound { .. })), "{refused:?}");
    }
}
