//! Delivery faults drawn from a seed, for searching: the same seed is the same line.

use std::time::Duration;

use super::{DeliveryFault, DeliveryFaults, Event, Item};

/// Most items in one line: more hide one another.
const ITEMS: usize = 4;

impl DeliveryFaults {
    /// Some faults; the same for the same seed. Times are short, so that a run with it ends soon.
    pub fn random(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut items: Vec<Item> = Vec::new();
        for _ in 0..rng.usize(1..=ITEMS) {
            let change = change(&mut rng);
            // A second item of the kind would mostly never count.
            let kind = std::mem::discriminant(&change);
            if items.iter().any(|item| std::mem::discriminant(&item.change) == kind) {
                continue;
            }
            let attempt = (rng.u8(0..3) == 0 && !change.is_about_the_event()).then(|| rng.u32(1..=3));
            items.push(Item { change, event: event(&mut rng), attempt });
        }
        Self { items }
    }
}

fn change(rng: &mut fastrand::Rng) -> DeliveryFault {
    match rng.u8(0..17) {
        0 => DeliveryFault::Delay(Duration::from_millis(rng.u64(1..=2000))),
        1 => DeliveryFault::Duplicate(rng.u16(1..=5)),
        2 => DeliveryFault::Reorder,
        3 => DeliveryFault::Burst(rng.bool().then(|| rng.u16(2..=4))),
        4 => DeliveryFault::Drop,
        5 => DeliveryFault::AckLost,
        6 => DeliveryFault::Cut(rng.bool().then(|| rng.u32(0..=100))),
        7 => DeliveryFault::Slow(rng.u32(200..=2000)),
        8 => DeliveryFault::Truncate(rng.u32(0..=100)),
        9 => DeliveryFault::Corrupt,
        // Around the five minutes that receivers allow.
        10 => DeliveryFault::Stale(Duration::from_secs(rng.u64(1..=900))),
        11 => DeliveryFault::Future(Duration::from_secs(rng.u64(1..=900))),
        12 => DeliveryFault::ReuseNonce,
        13 => DeliveryFault::Forged,
        14 => DeliveryFault::Unsigned,
        15 => DeliveryFault::Foreign,
        _ => DeliveryFault::Query(format!("extra={}", rng.u16(..))),
    }
}

fn event(rng: &mut fastrand::Rng) -> Option<Event> {
    match rng.u8(0..6) {
        0 => Some(Event::Terminal),
        1 => Some(Event::Number(rng.u32(1..=3))),
        _ => None,
    }
}
