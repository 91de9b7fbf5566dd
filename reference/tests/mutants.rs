//! Do the deviations of the reference gateway go together as they say? Names are unique, any two mutants that do not exclude
//! each other can be on at once, in either order, and a gateway with two still answers.

use std::collections::BTreeSet;
use std::io;

use ringback_mocks::http::LOOPBACK;
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Response, Secret};
use ringback_mocks::world::{Placement, World};
use ringback_reference::deviation::Mutant;
use ringback_reference::gateway::{Gateway, GatewayPipeline, GatewaySetup, Upstream, mutants, variants};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const KEY: &str = "sk-client";
/// Pairs that are asked at once; some mutants take their time.
const AT_ONCE: usize = 64;
/// Of so many pairs one is asked with a vendor: all of them would use up the ports of this machine.
const SAMPLE: usize = 37;

/// Every two mutants, in both orders.
fn pairs() -> impl Iterator<Item = [Mutant<Gateway>; 2]> {
    mutants::ALL.iter().flat_map(|one| {
        mutants::ALL.iter().filter(move |other| one != *other).map(move |other| [*one, *other])
    })
}

fn exclude_each_other([one, other]: &[Mutant<Gateway>; 2]) -> bool {
    one.excludes.contains(&other.name) || other.excludes.contains(&one.name)
}

fn gateway(mutants: &[Mutant<Gateway>], upstreams: Vec<Upstream>) -> io::Result<GatewayPipeline> {
    let clients = vec![Secret::new(KEY), Secret::new("sk-other")];
    GatewayPipeline::new(GatewaySetup { clients, upstreams, mutants: mutants.to_vec(), variants: Vec::new() })
}

fn kling(root: String) -> Vec<Upstream> {
    let vendor = Vendor::named("kling").expect("it is registered");
    vec![Upstream { vendor, root, key: Secret::new("vendor-key") }]
}

fn submit(model: &str) -> Request {
    let metadata = json!({"callback_url": "https://hooks.example.com/c?b=1&a=2#x"});
    let input = json!({"prompt": "one two", "duration": 5, "metadata": metadata});
    let body = json!({"model": model, "input": input});
    Request::post("/api/generate/submit", &body).header("authorization", format!("Bearer {KEY}"))
}

fn status(submitted: &Response) -> Request {
    let body = submitted.value().unwrap_or(Value::Null);
    let id = body["data"]["task_id"].as_str().unwrap_or("none");
    Request::get(format!("/api/generate/status/{id}")).header("authorization", format!("Bearer {KEY}"))
}

/// Starts a job and asks for it, twice.
async fn live(gateway: &GatewayPipeline, model: &str) {
    let submitted = gateway.answer(submit(model)).await;
    assert!(submitted.status >= 200, "{submitted:?}");
    for _ in 0..2 {
        let told = gateway.answer(status(&submitted)).await;
        assert!(told.status >= 200, "{told:?}");
    }
}

/// Lets gateways with these mutants live, some at a time.
async fn live_with(pairs: impl Iterator<Item = [Mutant<Gateway>; 2]>, root: &str) -> usize {
    let (mut lives, mut count) = (JoinSet::new(), 0);
    for pair in pairs.filter(|pair| !exclude_each_other(pair)) {
        if lives.len() >= AT_ONCE {
            lives.join_next().await.expect("some live").expect("a gateway answers to the end");
        }
        let gateway = gateway(&pair, kling(root.to_owned())).expect("the two go together");
        lives.spawn(async move {
            live(&gateway, "kling-v1").await;
            live(&gateway, "sora-2").await;
        });
        count += 1;
    }
    while let Some(ended) = lives.join_next().await {
        ended.expect("a gateway answers to the end");
    }
    count
}

#[test]
fn names_are_unique() {
    let of_mutants = mutants::ALL.iter().map(|mutant| mutant.name);
    let names: Vec<&str> = of_mutants.chain(variants::ALL.iter().map(|variant| variant.name)).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len());
}

#[test]
fn who_is_excluded_exists() {
    let of_mutants = mutants::ALL.iter().map(|mutant| (mutant.name, mutant.excludes));
    let all: Vec<_> =
        of_mutants.chain(variants::ALL.iter().map(|variant| (variant.name, variant.excludes))).collect();
    for (name, excludes) in &all {
        for other in *excludes {
            assert!(all.iter().any(|(one, _)| one == other), "{name} excludes {other}, which is not there");
        }
    }
}

/// Said by one of two, an exclusion holds for both, and nothing else keeps two apart.
#[test]
fn exclusions_hold_in_both_orders() {
    for pair in pairs() {
        let refused = gateway(&pair, Vec::new()).is_err();
        assert_eq!(refused, exclude_each_other(&pair), "{pair:?}");
    }
}

/// The vendor cannot be reached, so that what goes wrong with creates goes wrong.
#[tokio::test(flavor = "multi_thread")]
async fn any_two_go_together_without_a_vendor() {
    let count = live_with(pairs(), "http://127.0.0.1:1").await;
    assert!(count > 38_000, "{count} pairs");
}

#[tokio::test(flavor = "multi_thread")]
async fn some_pairs_go_together_with_a_vendor() {
    let vendor = Vendor::named("kling").expect("it is registered");
    let world = World::start(&[Placement { vendor, address: LOOPBACK, key: None }], 7).await;
    let world = world.expect("the world starts");
    let root = world.mock(vendor).expect("it is placed").url();
    let count = live_with(pairs().step_by(SAMPLE), &root).await;
    assert!(count > 1_000, "{count} pairs");
}
