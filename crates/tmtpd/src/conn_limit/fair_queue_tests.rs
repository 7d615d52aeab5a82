//! Tests of the fair queue: who is next, whose slot is taken back, and when.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::Network;
use super::fair_queue::{FairQueue, Slot};

fn network(last: u8) -> Network {
    Network::of(IpAddr::from([192, 0, 2, last]))
}

async fn taken(queue: &Arc<FairQueue>, last: u8, count: usize) -> Vec<Slot> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(queue.demand(network(last)).await.unwrap());
    }
    taken
}

fn lost(queue: &mut [Slot]) -> usize {
    let mut context = Context::from_waker(std::task::Waker::noop());
    queue
        .iter_mut()
        .filter_map(|slot| slot.poll_taken_back(&mut context).is_ready().then_some(()))
        .count()
}

/// How long it takes until `last` has a slot.
async fn waits(queue: &Arc<FairQueue>, last: u8) -> (Duration, Slot) {
    let began = Instant::now();
    let slot = queue.demand(network(last)).await.unwrap();
    (began.elapsed(), slot)
}

#[tokio::test(start_paused = true)]
async fn network_with_most_slots_yields_to_one_with_fewer() {
    let queue = FairQueue::new(4);
    let mut many = taken(&queue, 1, 3).await;
    let _one = taken(&queue, 2, 1).await;
    let (waited, _slot) = waits(&queue, 3).await;
    assert!(waited < Duration::from_millis(150), "{waited:?}");
    assert_eq!(lost(&mut many), 1);
}

#[tokio::test(start_paused = true)]
async fn served_slot_is_not_taken_back() {
    let queue = FairQueue::new(3);
    let mut many = taken(&queue, 1, 3).await;
    let served: Vec<_> = many.iter().map(Slot::served).collect();
    let waiting = tokio::spawn(waits_of(Arc::clone(&queue), 2));
    tokio::task::yield_now().await;
    advance(Duration::from_secs(30)).await;
    assert_eq!(lost(&mut many), 0);
    drop(served);
    // From now on the service waits for the peers.
    let (waited, _slot) = waiting.await.unwrap();
    assert!(waited >= Duration::from_millis(30_250), "{waited:?}");
    assert_eq!(lost(&mut many), 1);
}

async fn waits_of(queue: Arc<FairQueue>, last: u8) -> (Duration, Slot) {
    waits(&queue, last).await
}

#[tokio::test(start_paused = true)]
async fn silent_holders_lose_slots_before_those_with_a_hello() {
    let queue = FairQueue::new(3);
    let mut many = taken(&queue, 1, 3).await;
    // The first two have sent something.
    many.iter().take(2).for_each(|slot| drop(slot.served()));
    advance(Duration::from_secs(1)).await;
    let _slot = queue.demand(network(2)).await.unwrap();
    assert_eq!(lost(&mut many[2..]), 1, "the silent one");
    assert_eq!(lost(&mut many[..2]), 0, "the others");
}

#[tokio::test(start_paused = true)]
async fn network_reclaims_its_own_silent_slots_at_last() {
    let queue = FairQueue::new(2);
    let mut silent = taken(&queue, 1, 2).await;
    let (waited, _slot) = waits(&queue, 1).await;
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(2), "{waited:?}");
    assert_eq!(lost(&mut silent), 1);
}

#[tokio::test(start_paused = true)]
async fn slot_is_kept_while_nobody_waits() {
    let queue = FairQueue::new(3);
    let mut many = taken(&queue, 1, 3).await;
    advance(Duration::from_secs(60)).await;
    assert_eq!(lost(&mut many), 0);
}

#[tokio::test(start_paused = true)]
async fn free_slots_rotate_between_waiting_networks() {
    let queue = FairQueue::new(1);
    let first = queue.wait(network(1)).await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    // Three of one network wait before one of another comes.
    for last in [1, 1, 1, 2] {
        let (queue, tell) = (Arc::clone(&queue), tell.clone());
        tokio::spawn(async move {
            let slot = queue.wait(network(last)).await;
            tell.send(last).unwrap();
            drop(slot);
        });
        tokio::task::yield_now().await;
    }
    drop(first);
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(told.recv().await.unwrap());
    }
    assert_eq!(order, [2, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn cancelled_wait_leaves_no_state() {
    let queue = FairQueue::new(1);
    let held = queue.wait(network(1)).await.unwrap();
    for last in 2..100 {
        let waiting = tokio::spawn(waits_of(Arc::clone(&queue), last));
        tokio::task::yield_now().await;
        waiting.abort();
        let _ = waiting.await;
    }
    drop(held);
    let _next = queue.wait(network(100)).await.unwrap();
    assert!(!queue.make_room(network(1)), "there is nobody to end");
}

#[tokio::test(start_paused = true)]
async fn largest_network_makes_room() {
    let queue = FairQueue::new(1);
    let _held = queue.wait(network(1)).await.unwrap();
    let mut crowd = Vec::new();
    for _ in 0..3 {
        let queue = Arc::clone(&queue);
        crowd.push(tokio::spawn(async move { queue.wait(network(1)).await.is_some() }));
        tokio::task::yield_now().await;
    }
    assert!(queue.make_room(network(2)));
    // The newest.
    assert!(!crowd.pop().unwrap().await.unwrap());
    assert!(!queue.make_room(network(1)), "not for one of its own");
}
