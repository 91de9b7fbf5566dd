//! The load: keep-alive connections with ready-made requests, and a sink that counts callbacks.
//!
//! Raw sockets and as little parsing as possible, because the generator shares the cores with what
//! it measures. Two threads, each with its half of the connections and a sink of its own.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

const THREADS: usize = 2;
/// A callback that takes longer counts as lost.
const LOST: Duration = Duration::from_secs(20);
/// How long doubles may still turn up.
const AFTERMATH: Duration = Duration::from_millis(300);
const DIGITS: usize = 10;
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const REFUSED: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}";

/// A create request.
#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) path: &'static str,
    pub(crate) authorization: &'static str,
    pub(crate) model: (&'static str, &'static str),
}

/// How long to go on.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// What happens in `window` after `warm_up` counts.
    Time { warm_up: Duration, window: Duration },
    /// So many creates.
    Count(usize),
}

/// Which callbacks follow a create.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callbacks {
    /// None are waited for.
    None,
    /// So many that do not say which create they are for.
    Constant(u32),
    /// One at work and one at the end, in this order, each exactly once.
    Told,
    /// One at work and one at the end, both refused by the sink.
    Refused,
}

/// How many answers came.
#[derive(Clone, Copy, Default)]
pub(crate) struct Answers(pub(crate) usize);

impl Answers {
    pub(crate) fn number(self) -> f64 {
        f64::from(u32::try_from(self.0).unwrap_or(u32::MAX))
    }
}

/// What was counted.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) answers: Answers,
    pub(crate) callbacks: Answers,
    /// The same, without regard to when.
    pub(crate) answers_ever: Answers,
    pub(crate) callbacks_ever: Answers,
    latencies: Vec<Duration>,
}

impl Outcome {
    /// A percentile of the time from answer to last callback.
    pub(crate) fn milliseconds(&self, share: usize) -> f64 {
        let at = (self.latencies.len() * share / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |time| 1_000.0 * time.as_secs_f64())
    }

    fn add(&mut self, other: Self) {
        self.answers.0 += other.answers.0;
        self.callbacks.0 += other.callbacks.0;
        self.answers_ever.0 += other.answers_ever.0;
        self.callbacks_ever.0 += other.callbacks_ever.0;
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
    }
}

/// Where callbacks arrive, one for each thread.
pub(crate) struct Sinks {
    listeners: Vec<std::net::TcpListener>,
    answer: &'static [u8],
}

impl Sinks {
    pub(crate) fn open() -> Self {
        let bind = || std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self { listeners: (0..THREADS).map(|_| bind()).collect(), answer: TAKEN }
    }

    pub(crate) fn refusing() -> Self {
        Self { answer: REFUSED, ..Self::open() }
    }

    pub(crate) fn addresses(&self) -> String {
        let addresses: Vec<String> = self.listeners.iter().map(|one| address(one).to_string()).collect();
        addresses.join(",")
    }
}

/// Sends creates on `connections` at once, each waiting for the callbacks of one before the next.
pub(crate) fn run(
    sinks: Sinks,
    server: SocketAddr,
    create: &Create,
    connections: usize,
    until: Until,
    callbacks: Callbacks,
) -> Outcome {
    let untold = Arc::new(Semaphore::new(0));
    let threads = THREADS.min(connections);
    let began = Instant::now();
    let mut outcome = Outcome::default();
    std::thread::scope(|scope| {
        let running: Vec<_> = sinks
            .listeners
            .into_iter()
            .take(threads)
            .map(|listener| {
                let desk = Desk {
                    server,
                    until,
                    callbacks,
                    began,
                    slots: connections / threads,
                    creates: if let Until::Count(count) = until { count / threads } else { usize::MAX },
                    untold: Arc::clone(&untold),
                    refusal: sinks.answer,
                };
                scope.spawn(move || desk.run(listener, create))
            })
            .collect();
        for thread in running {
            outcome.add(thread.join().expect("the load thread met no surprise"));
        }
    });
    outcome
}

/// One thread's share of the work.
struct Desk {
    server: SocketAddr,
    until: Until,
    callbacks: Callbacks,
    began: Instant,
    slots: usize,
    creates: usize,
    /// Callbacks that do not say whose they are; shared by the threads.
    untold: Arc<Semaphore>,
    refusal: &'static [u8],
}

/// What the slots and the sink of a thread share.
struct Ledger {
    started: usize,
    /// By serial number of the create: how often each of its two callbacks came.
    came: Vec<[u8; 2]>,
    arrived: Vec<Instant>,
    outcome: Outcome,
}

type Shared = Rc<(RefCell<Ledger>, Vec<Semaphore>)>;

impl Desk {
    fn run(self, listener: std::net::TcpListener, create: &Create) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let desk = Rc::new(self);
            let ledger = Ledger {
                started: 0,
                came: Vec::new(),
                arrived: vec![desk.began; desk.slots],
                outcome: Outcome::default(),
            };
            let shared: Shared =
                Rc::new((RefCell::new(ledger), (0..desk.slots).map(|_| Semaphore::new(0)).collect()));
            let request = desk.request(create, address(&listener));
            listener.set_nonblocking(true).expect("it can be waited for");
            let listener = TcpListener::from_std(listener).expect("it is a socket");
            tokio::task::spawn_local(sink(Rc::clone(&desk), Rc::clone(&shared), listener));
            let slots: Vec<_> = (0..desk.slots)
                .map(|slot| {
                    let (desk, shared, request) = (Rc::clone(&desk), Rc::clone(&shared), request.clone());
                    tokio::task::spawn_local(async move { desk.slot(&shared, slot, request).await })
                })
                .collect();
            for slot in slots {
                slot.await.expect("every create is answered and called back");
            }
            if desk.callbacks != Callbacks::None {
                tokio::time::sleep(AFTERMATH).await;
            }
            let mut ledger = shared.0.borrow_mut();
            if matches!(desk.callbacks, Callbacks::Told | Callbacks::Refused) {
                let wrong = ledger.came.iter().filter(|came| **came != [1, 1] && **came != [0, 0]).count();
                assert_eq!(wrong, 0, "callbacks were lost or doubled");
                let whole = ledger.came.iter().filter(|came| **came == [1, 1]).count();
                assert_eq!(whole, ledger.started, "callbacks were lost");
            }
            std::mem::take(&mut ledger.outcome)
        })
    }

    /// The bytes of a create; its callback URL ends in digits that each slot overwrites.
    fn request(&self, create: &Create, sink: SocketAddr) -> Vec<u8> {
        let (field, model) = create.model;
        let zeros = "0".repeat(DIGITS);
        let body = format!(
            r#"{{"{field}":"{model}","prompt":"A paper boat drifts down a rain gutter at dusk","callback_url":"http://{sink}/c/{zeros}"}}"#
        );
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            create.path,
            self.server,
            create.authorization,
            body.len()
        )
        .into_bytes()
    }

    async fn slot(&self, shared: &Shared, slot: usize, mut request: Vec<u8>) {
        let mut stream = TcpStream::connect(self.server).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        let mut buffer = vec![0; 8 * 1024];
        let tail = request.len() - 2 - DIGITS..request.len() - 2;
        let mut serial = slot;
        while self.go_on(shared) {
            request[tail.clone()].copy_from_slice(format!("{serial:0DIGITS$}").as_bytes());
            stream.write_all(&request).await.expect("the server reads");
            read_answer(&mut stream, &mut buffer).await;
            let answered = Instant::now();
            {
                let outcome = &mut shared.0.borrow_mut().outcome;
                outcome.answers_ever.0 += 1;
                outcome.answers.0 += usize::from(self.counts(answered));
            }
            match self.callbacks {
                Callbacks::None => {}
                Callbacks::Constant(count) => wait(&self.untold, count).await,
                Callbacks::Told | Callbacks::Refused => {
                    wait(&shared.1[slot], 2).await;
                    let mut ledger = shared.0.borrow_mut();
                    let late = ledger.arrived[slot].saturating_duration_since(answered);
                    if self.counts(answered) {
                        ledger.outcome.latencies.push(late);
                    }
                }
            }
            serial += self.slots;
        }
    }

    fn go_on(&self, shared: &Shared) -> bool {
        let mut ledger = shared.0.borrow_mut();
        let more = match self.until {
            Until::Time { warm_up, window } => self.began.elapsed() < warm_up + window,
            Until::Count(_) => ledger.started < self.creates,
        };
        ledger.started += usize::from(more);
        more
    }

    fn counts(&self, at: Instant) -> bool {
        match self.until {
            Until::Time { warm_up, window } => {
                let since = at.duration_since(self.began);
                since >= warm_up && since < warm_up + window
            }
            Until::Count(_) => true,
        }
    }

    fn arrive(&self, shared: &Shared, head: &[u8], body: &[u8]) {
        let now = Instant::now();
        let mut ledger = shared.0.borrow_mut();
        ledger.outcome.callbacks_ever.0 += 1;
        ledger.outcome.callbacks.0 += usize::from(self.counts(now));
        let serial = head
            .strip_prefix(b"POST /c/".as_slice())
            .and_then(|rest| std::str::from_utf8(&rest[..DIGITS]).ok()?.parse::<usize>().ok());
        let Some(serial) = serial else {
            self.untold.add_permits(1);
            return;
        };
        if ledger.came.len() <= serial {
            ledger.came.resize(serial + 1, [0; 2]);
        }
        let ended = !contains(body, b"\"processing\"");
        let came = &mut ledger.came[serial];
        assert!(!ended || came[0] == 1, "the end was called back before the work");
        came[usize::from(ended)] += 1;
        let slot = serial % self.slots;
        ledger.arrived[slot] = now;
        shared.1[slot].add_permits(1);
    }
}

async fn sink(desk: Rc<Desk>, shared: Shared, listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("connections can be accepted");
        let (desk, shared) = (Rc::clone(&desk), Rc::clone(&shared));
        tokio::task::spawn_local(async move {
            let _ = stream.set_nodelay(true);
            let mut buffer = vec![0; 8 * 1024];
            let mut filled = 0;
            loop {
                match stream.read(&mut buffer[filled..]).await {
                    Ok(read) if read > 0 => filled += read,
                    _ => return,
                }
                while let Some((head, whole)) = message(&buffer[..filled]) {
                    desk.arrive(&shared, &buffer[..head], &buffer[head..whole]);
                    buffer.copy_within(whole..filled, 0);
                    filled -= whole;
                    if stream.write_all(desk.refusal).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

async fn wait(permits: &Semaphore, count: u32) {
    let permits = tokio::time::timeout(LOST, permits.acquire_many(count)).await;
    permits.expect("no callback is lost").expect("it is never closed").forget();
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection");
        filled += read;
        if let Some((_, whole)) = message(&buffer[..filled]) {
            assert_eq!(whole, filled, "one answer to one request");
            assert!(buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer[..filled]));
            return;
        }
    }
}

/// Where head and body of the first message end, if it is all there.
fn message(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let field = b"content-length: ";
    let at = bytes[..head].windows(field.len()).position(|name| name.eq_ignore_ascii_case(field))?;
    let digits = bytes[at + field.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    (bytes.len() >= head + length).then_some((head, head + length))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn address(listener: &std::net::TcpListener) -> SocketAddr {
    listener.local_addr().expect("it is bound")
}
