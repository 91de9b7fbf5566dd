//! Does the language of trouble say what it means, print what it reads, and explain what it refuses?

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ringback_mocks::delivery::{Delivery, Signer};
use ringback_mocks::delivery_faults::{DeliveryFault, DeliveryFaults, Event, Item, MOST, WORDS};
use ringback_mocks::dispatcher::DeliveryScheduler;
use ringback_mocks::rules::Rule;
use ringback_mocks::signature::{SignatureError, verify_standard_webhooks, verify_vidu};
use ringback_mocks::vendor::Vendor;
use ringback_mocks::wire::{Request, Secret};
use rstest::rstest;

fn read(line: &str) -> DeliveryFaults {
    line.parse().unwrap_or_else(|error| panic!("`{line}`: {error}"))
}

#[rstest]
#[case::empty("", "none")]
#[case::none(" none ", "none")]
#[case::everything(
    "delay=3s duplicate=2 reorder burst drop ack-lost cut slow=100 truncate=10 corrupt stale=10m future=10m nonce=reuse forged unsigned foreign query=x=1",
    "delay=3s duplicate=2 reorder burst drop ack-lost cut slow=100 truncate=10 corrupt stale=10m future=10m nonce=reuse forged unsigned foreign query=x=1"
)]
#[case::values("burst=5 cut=20 delay=250ms", "burst=5 cut=20 delay=250ms")]
#[case::a_long_time("stale=1h30m5s", "stale=1h30m5s")]
#[case::events(
    "drop@first drop@1 drop@2 drop@terminal drop@processing",
    "drop@first drop@first drop@2 drop@terminal drop@processing"
)]
#[case::attempts("drop#1 forged@terminal#2", "drop#1 forged@terminal#2")]
#[case::spaces("  drop \t cut ", "drop cut")]
#[case::a_query("query=a=%2F&b=%40", "query=a=%2F&b=%40")]
fn a_line_is_read_and_printed(#[case] line: &str, #[case] printed: &str) {
    let trouble = read(line);
    assert_eq!(trouble.to_string(), printed);
    assert_eq!(read(printed), trouble);
}

#[rstest]
#[case::swapped("dealy=3s", "`dealy` is not a delivery fault; did you mean `delay`?")]
#[case::one_letter("duplicat=2", "did you mean `duplicate`?")]
#[case::underscore("ack_lost", "did you mean `ack-lost`?")]
#[case::shortened("trunc=10", "did you mean `truncate`?")]
#[case::nothing_like_it("explode", "there are delay, duplicate, reorder")]
#[case::no_value("delay", "`delay` is written delay=3s")]
#[case::no_time("delay=soon", "`delay=soon` cannot be read; `delay` is written delay=3s")]
#[case::negative("stale=-3s", "`stale` is written stale=10m")]
#[case::a_value_too_many("drop=1", "`drop` is written drop")]
#[case::no_copies("duplicate=0", "`duplicate` is written duplicate=2")]
#[case::too_many("duplicate=1001", "`duplicate` is written duplicate=2")]
#[case::no_speed("slow=0", "`slow` is written slow=100")]
#[case::a_nonce("nonce=abc", "`nonce` is written nonce=reuse")]
#[case::an_empty_query("query=", "`query` is written query=x=1")]
#[case::a_rules_end("query=a;b", "`query` is written query=x=1")]
#[case::beyond_ascii("query=é", "`query` is written query=x=1")]
#[case::an_empty_event("drop@", "`@` names no event")]
#[case::a_strange_event("drop@a.b", "`@a.b` names no event")]
#[case::event_zero("drop@0", "`@0` names no event")]
#[case::attempt_zero("drop#0", "`#0` is not an attempt")]
#[case::attempt_before_event("drop#1@first", "`#1@first` is not an attempt")]
#[case::an_attempt_of_an_event("duplicate=2#1", "`duplicate` is about a whole event")]
fn what_cannot_be_read_is_explained_in_one_sentence(#[case] line: &str, #[case] part: &str) {
    let said = line.parse::<DeliveryFaults>().expect_err("it is refused").to_string();
    assert!(said.contains(part), "{said}");
    assert!(!said.contains('\n') && !said.contains(". "), "{said}");
}

#[test]
fn every_word_is_written_as_its_usage_says() {
    for word in WORDS {
        for usage in word.usage.split(" or ") {
            assert!(usage.starts_with(word.name));
            assert_eq!(read(usage).to_string(), usage, "{}", word.about);
        }
    }
}

#[rstest]
#[case::some("any: succeeded after 2s; trouble duplicate=2 delay=3s@terminal")]
#[case::none("prompt=storm: stay; silent; trouble none")]
fn a_rule_carries_trouble(#[case] line: &str) {
    let rule: Rule = line.parse().expect("a rule");
    assert_eq!(rule.to_string(), line);
    assert!(rule.delivery_faults.is_some());
}

#[test]
fn a_seed_is_one_line_that_replays() {
    let mut lines = std::collections::BTreeSet::new();
    for seed in 0..2000 {
        let trouble = DeliveryFaults::random(seed);
        let line = trouble.to_string();
        assert_eq!(DeliveryFaults::random(seed), trouble);
        assert_eq!(read(&line), trouble, "{line}");
        assert!(!trouble.is_none() && !line.contains(['\n', ';']), "{line}");
        lines.insert(line);
    }
    for word in WORDS {
        assert!(lines.iter().any(|line| line.contains(word.name)), "{} is never drawn", word.name);
    }
    assert!(lines.len() > 1000, "seeds hardly differ: {}", lines.len());
}

/// The first attempts of the only event of a task with some trouble, each a second after the other.
fn attempts(vendor: &str, signer: Signer, trouble: &str) -> Vec<Request> {
    let mut schedule = DeliveryScheduler::seeded(7);
    let mut now = Timestamp::from_second(SENT).expect("in range");
    schedule.add(
        Delivery {
            id: "8674665223082153551".to_owned(),
            vendor: Vendor::named(vendor).expect("the registry has it"),
            task: "task-1".to_owned(),
            state: "success",
            terminal: true,
            url: "https://hooks.example.com:8443/c?a=%2F".to_owned(),
            content_type: "application/json",
            body: Bytes::from_static(BODY.as_bytes()),
            signer,
            timeout: Duration::from_secs(5),
            retries: vec![Duration::from_secs(1)],
            delivery_faults: Some(Arc::new(read(trouble))),
        },
        now,
    );
    let mut sent = Vec::new();
    while let Some(attempt) = schedule.take(now) {
        sent.push(attempt.outgoing().request);
        schedule.report(attempt.id, None, now);
        now = now.checked_add(SignedDuration::from_secs(1)).expect("in range");
    }
    sent
}

const SENT: i64 = 1_781_080_794;
const BODY: &str = r#"{"id":"812841849562607619","state":"success"}"#;
const SECRETS: [&str; 2] = ["whsec_b2xk", "whsec_bmV3"];
const KEY: &str = "vda_key";

fn kling() -> Signer {
    Signer::StandardWebhooks(SECRETS.map(Secret::new).to_vec())
}

fn kling_says(request: &Request, secret: &str) -> Result<(), SignatureError> {
    let now = Timestamp::from_second(SENT).expect("in range");
    verify_standard_webhooks(&[Secret::new(secret)], &request.headers, &request.body, now)
}

fn vidu_says(request: &Request, key: &str) -> Result<(), SignatureError> {
    verify_vidu(&Secret::new(key), &request.method, &request.target, &request.headers)
}

#[rstest]
#[case::none("none", Ok(()), Ok(()))]
#[case::truncated("truncate=10", Ok(()), Ok(()))]
#[case::corrupted("corrupt", Err(SignatureError::Mismatch), Ok(()))]
#[case::a_little_late("stale=299s", Ok(()), Ok(()))]
#[case::stale("stale=10m", Err(SignatureError::Stale), Ok(()))]
#[case::future("future=10m", Err(SignatureError::Stale), Ok(()))]
#[case::an_age_ago("stale=1000000h", Err(SignatureError::Stale), Ok(()))]
#[case::beyond_time("stale=100000000h", Err(SignatureError::Stale), Ok(()))]
#[case::forged("forged", Err(SignatureError::Mismatch), Err(SignatureError::Mismatch))]
#[case::unsigned("unsigned", Err(SignatureError::Missing), Err(SignatureError::Missing))]
#[case::foreign("foreign", Err(SignatureError::Missing), Err(SignatureError::Missing))]
#[case::query("query=x=1", Ok(()), Err(SignatureError::Mismatch))]
#[case::both_attempts_but_the_second("forged#2", Ok(()), Ok(()))]
#[case::another_event("forged@processing unsigned@2", Ok(()), Ok(()))]
#[case::this_event("forged@success", Err(SignatureError::Mismatch), Err(SignatureError::Mismatch))]
fn a_verifier_notices_what_its_scheme_covers(
    #[case] trouble: &str,
    #[case] kling_expected: Result<(), SignatureError>,
    #[case] vidu_expected: Result<(), SignatureError>,
) {
    for secret in SECRETS {
        assert_eq!(kling_says(&attempts("kling", kling(), trouble)[0], secret), kling_expected);
    }
    let vidu = attempts("vidu", Signer::ViduHmac(Secret::new(KEY)), trouble);
    assert_eq!(vidu_says(&vidu[0], KEY), vidu_expected);
}

#[rstest]
#[case::none("none", BODY, "/c?a=%2F")]
#[case::truncated("truncate=10", r#"{"id":"812"#, "/c?a=%2F")]
#[case::nothing_left("truncate=0", "", "/c?a=%2F")]
#[case::truncated_beyond("truncate=1000", BODY, "/c?a=%2F")]
#[case::corrupted("corrupt", r#"{"id":"812841849562607618","state":"success"}"#, "/c?a=%2F")]
#[case::query("query=x=1", BODY, "/c?a=%2F&x=1")]
fn only_what_was_asked_for_changes(#[case] trouble: &str, #[case] body: &str, #[case] target: &str) {
    for (vendor, signer) in [("kling", kling()), ("vidu", Signer::ViduHmac(Secret::new(KEY)))] {
        let sent = &attempts(vendor, signer, trouble)[0];
        assert_eq!((&sent.body[..], sent.target.as_str()), (body.as_bytes(), target));
        assert_eq!(sent.headers.get("host"), Some("hooks.example.com:8443"));
        assert_eq!(sent.headers.get("content-type"), Some("application/json"));
    }
}

#[test]
fn a_foreign_signature_is_right_in_its_own_scheme() {
    let kling = attempts("kling", kling(), "foreign");
    assert_eq!(vidu_says(&kling[0], SECRETS[1]), Ok(()));
    let vidu = attempts("vidu", Signer::ViduHmac(Secret::new("key")), "foreign");
    assert_eq!(kling_says(&vidu[0], "whsec_a2V5"), Ok(()), "the key, in base64");
    let doubao = attempts("doubao", Signer::Unsigned, "foreign");
    assert!(doubao[0].headers.get("webhook-signature").is_some());
    assert_eq!(
        kling_says(&attempts("kling", self::kling(), "foreign forged")[0], SECRETS[0]),
        Err(SignatureError::Missing)
    );
}

#[rstest]
#[case::fresh("", false)]
#[case::reused("nonce=reuse", true)]
fn every_attempt_is_signed_anew(#[case] trouble: &str, #[case] same: bool) {
    let sent = attempts("vidu", Signer::ViduHmac(Secret::new(KEY)), &format!("{trouble} duplicate=1"));
    assert_eq!(sent.len(), 3);
    let nonce = |request: &Request| request.headers.get("x-request-nonce").map(str::to_owned);
    for later in &sent[1..] {
        assert_eq!(nonce(later) == nonce(&sent[0]), same);
        assert_ne!(later.headers.get("date"), sent[0].headers.get("date"));
        assert_eq!(vidu_says(later, KEY), Ok(()));
    }
}

#[test]
fn a_genuine_copy_can_follow_a_forged_one() {
    let sent = attempts("kling", kling(), "duplicate=1 forged#1");
    assert_eq!(kling_says(&sent[0], SECRETS[0]), Err(SignatureError::Mismatch));
    assert_eq!(kling_says(&sent[1], SECRETS[0]), Ok(()));
    assert_eq!(sent[0].headers.get("webhook-id"), sent[1].headers.get("webhook-id"));
    assert_eq!(sent[0].body, sent[1].body);
}

fn times() -> impl Strategy<Value = Duration> {
    (0..4_000_000_000_u64, 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn changes() -> impl Strategy<Value = DeliveryFault> {
    prop_oneof![
        times().prop_map(DeliveryFault::Delay),
        (1..=MOST).prop_map(DeliveryFault::Duplicate),
        Just(DeliveryFault::Reorder),
        prop::option::of(1..=MOST).prop_map(DeliveryFault::Burst),
        Just(DeliveryFault::Drop),
        Just(DeliveryFault::AckLost),
        any::<Option<u32>>().prop_map(DeliveryFault::Cut),
        (1..=u32::MAX).prop_map(DeliveryFault::Slow),
        any::<u32>().prop_map(DeliveryFault::Truncate),
        Just(DeliveryFault::Corrupt),
        times().prop_map(DeliveryFault::Stale),
        times().prop_map(DeliveryFault::Future),
        Just(DeliveryFault::ReuseNonce),
        Just(DeliveryFault::Forged),
        Just(DeliveryFault::Unsigned),
        Just(DeliveryFault::Foreign),
        "[a-z]{1,3}(=[a-zA-Z0-9%&=?/]{0,8})?".prop_map(DeliveryFault::Query),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Terminal),
        (1..=u32::MAX).prop_map(Event::Number),
        "[a-zA-Z_-]{1,12}"
            .prop_filter("they mean another event", |word| word != "first" && word != "terminal")
            .prop_map(Event::State),
    ]
}

fn items() -> impl Strategy<Value = Item> {
    (changes(), prop::option::of(events()), prop::option::of(1..=u32::MAX)).prop_map(
        |(change, event, attempt)| {
            let whole = matches!(change, DeliveryFault::Duplicate(_) | DeliveryFault::Burst(_));
            Item { change, event, attempt: attempt.filter(|_| !whole) }
        },
    )
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(items in prop::collection::vec(items(), 0..6)) {
        let trouble = DeliveryFaults { items };
        let line = trouble.to_string();
        prop_assert!(!line.contains([';', '\n']), "{}", line);
        prop_assert_eq!(line.parse::<DeliveryFaults>(), Ok(trouble), "{}", line);
    }

    #[test]
    fn no_text_breaks_the_reading(line in "[a-z=@#0-9 ]{0,40}|.{0,40}") {
        if let Ok(trouble) = line.parse::<DeliveryFaults>() {
            prop_assert_eq!(trouble.to_string().parse::<DeliveryFaults>(), Ok(trouble));
        }
    }

    #[test]
    fn no_change_of_a_word_breaks_the_reading(word in 0..WORDS.len(), at in any::<prop::sample::Index>(), letter in any::<char>()) {
        let mut letters: Vec<char> = WORDS[word].usage.chars().collect();
        let at = at.index(letters.len());
        letters[at] = letter;
        let line: String = letters.into_iter().collect();
        if let Err(error) = line.parse::<DeliveryFaults>() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
