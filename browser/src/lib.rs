//! Tests of the engine's time and tasks where there is no runtime but that of JavaScript.
#![cfg(target_family = "wasm")]

#[path = "../../crates/mnm-engine/src/task/browser.rs"]
mod task;
#[path = "../../crates/mnm-engine/src/time/browser.rs"]
mod time;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(20);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn log(text: &str);
}

/// Runs all tests; fails with the first that does.
#[wasm_bindgen]
pub async fn run() -> Result<(), JsError> {
    tell("sleep lasts as long as asked", sleep_lasts_as_long_as_asked().await)?;
    tell("timeout ends what is late", timeout_ends_what_is_late().await)?;
    tell("sleep longer than a timer may be", long_sleep_is_not_over_at_once().await)?;
    tell("task gives its result", task_gives_its_result().await)?;
    tell("task goes on without its handle", task_goes_on_without_its_handle().await)?;
    tell("abort drops a task", abort_drops_a_task().await)?;
    tell("yield lets timers in", yield_lets_timers_in().await)?;
    tell("tasks talk over a channel", tasks_talk_over_a_channel().await)
}

fn tell(test: &str, holds: bool) -> Result<(), JsError> {
    log(&format!("{} {test}", if holds { "ok" } else { "FAILED" }));
    if holds { Ok(()) } else { Err(JsError::new(test)) }
}

async fn sleep_lasts_as_long_as_asked() -> bool {
    let start = time::now();
    time::sleep(SHORT).await;
    let slept = time::now() - start;
    time::sleep_until(start).await;
    (SHORT..PATIENCE).contains(&slept) && time::now() - start < PATIENCE
}

async fn timeout_ends_what_is_late() -> bool {
    let late = time::timeout(SHORT, pending::<()>()).await.is_err()
        && time::timeout_at(time::now() + SHORT, pending::<()>()).await.is_err();
    let early = time::timeout(PATIENCE, async { time::sleep(SHORT).await }).await.is_ok();
    // What is ready is given, however late it is.
    late && early && time::timeout_at(time::now(), async {}).await.is_ok()
}

async fn long_sleep_is_not_over_at_once() -> bool {
    let forty_days = time::sleep(Duration::from_secs(40 * 24 * 60 * 60));
    let is_waiting = time::timeout(SHORT, forty_days).await.is_err();
    is_waiting && time::timeout(SHORT, time::sleep(Duration::MAX)).await.is_err()
}

async fn task_gives_its_result() -> bool {
    let task = task::spawn(async {
        time::sleep(SHORT).await;
        "done"
    });
    task.await == Ok("done") && task::compute(|| 1).await == Some(1)
}

async fn task_goes_on_without_its_handle() -> bool {
    let (give, mut take) = mpsc::channel(1);
    drop(task::spawn(async move {
        time::sleep(SHORT).await;
        give.send(()).await
    }));
    let (give_other, mut take_other) = mpsc::channel(1);
    task::spawn_if_running(async move { give_other.send(()).await.unwrap_or_default() });
    take.recv().await.is_some() && take_other.recv().await.is_some()
}

async fn abort_drops_a_task() -> bool {
    let (held, mut dropped) = mpsc::channel::<()>(1);
    let mut task = task::spawn(async move {
        pending::<()>().await;
        drop(held);
    });
    let is_waiting = time::timeout(SHORT, &mut task).await.is_err();
    task.abort();
    is_waiting && task.await.is_err() && dropped.recv().await.is_none()
}

async fn yield_lets_timers_in() -> bool {
    let over = Rc::new(Cell::new(false));
    let seen = Rc::clone(&over);
    let busy = task::spawn(async move {
        for _ in 0..100_000 {
            if seen.get() {
                return true;
            }
            task::yield_now().await;
        }
        false
    });
    time::sleep(SHORT).await;
    over.set(true);
    busy.await == Ok(true)
}

async fn tasks_talk_over_a_channel() -> bool {
    let (give, mut take) = mpsc::channel(4);
    for number in 0..100_u32 {
        let give = give.clone();
        task::spawn(async move {
            time::sleep(Duration::from_millis(u64::from(number % 10))).await;
            give.send(number).await
        });
    }
    drop(give);
    let mut sum = 0;
    while let Some(number) = take.recv().await {
        sum += number;
    }
    sum == (0..100).sum()
}
