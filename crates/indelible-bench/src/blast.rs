//! Sends recorded operations as fast as they are answered.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::latencies::Latencies;
use crate::recording::{Part, Recording};
use crate::replies::ReplyCounter;

/// How much is under way at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Operations.
    pub(crate) outstanding: usize,
    /// Batches that these are cut into, each written at once: 1 for callers that all wait for the same answer.
    pub(crate) batches: usize,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Load before the window.
    pub(crate) warm_up: Duration,
    /// The window.
    pub(crate) window: Duration,
}

/// What a window came to.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) operations: u64,
    pub(crate) elapsed: Duration,
    pub(crate) round_trips: Latencies,
    /// CPU time of this process within the window; zero where the system does not tell.
    pub(crate) cpu: Duration,
}

const READ_BYTES: usize = 64 * 1024;
/// Distinct batches made beforehand: enough to visit every recorded session.
const MIN_BATCHES: u64 = 64;

/// A batch of operations, ready to be written.
struct Batch {
    bytes: Vec<u8>,
    replies: u64,
    operations: u64,
}

impl Batch {
    fn of<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Self {
        let mut batch = Self { bytes: Vec::new(), replies: 0, operations: 0 };
        parts.into_iter().for_each(|part| batch.add(part));
        batch
    }

    fn add(&mut self, part: &Part) {
        self.bytes.extend_from_slice(&part.bytes);
        self.replies += u64::from(part.replies);
        self.operations += u64::from(part.operations);
    }

    /// Batches of at least `size` operations each, made of the parts of the mix again and again.
    fn of_mix(mix: &[Part], size: u64) -> Vec<Self> {
        let recorded: u64 = mix.iter().map(|part| u64::from(part.operations)).sum();
        let enough = recorded.max(size * MIN_BATCHES);
        let mut parts = mix.iter().cycle();
        let mut batches = Vec::new();
        let mut made = 0;
        while made < enough && recorded > 0 {
            let mut batch = Self::of([]);
            while batch.operations < size
                && let Some(part) = parts.next()
            {
                batch.add(part);
            }
            made += batch.operations;
            batches.push(batch);
        }
        batches
    }
}

/// A connection and the replies that it still owes.
struct Wire {
    socket: TcpStream,
    counter: ReplyCounter,
    /// Replies that have arrived and are not yet taken.
    arrived: u64,
    buffer: Vec<u8>,
}

impl Wire {
    /// Takes replies none of which may be an error: what fails is not fast.
    fn take(&mut self, replies: u64) -> io::Result<()> {
        self.skip(replies)?;
        self.counter.take_refusal().map_or(Ok(()), |refusal| Err(io::Error::other(refusal)))
    }

    fn skip(&mut self, replies: u64) -> io::Result<()> {
        while self.arrived < replies {
            let length = self.socket.read(&mut self.buffer)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let chunk = self.buffer.get(..length).unwrap_or_default();
            self.arrived += self.counter.feed(chunk).map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
        self.arrived -= replies;
        Ok(())
    }

    /// Errors are fine: an older server does not know every command of the handshake, and our store does not mind.
    fn shake_hands(&mut self, handshake: &Batch) -> io::Result<()> {
        self.socket.write_all(&handshake.bytes)?;
        self.skip(handshake.replies)?;
        self.counter.take_refusal();
        Ok(())
    }

    fn exchange(&mut self, batch: &Batch) -> io::Result<()> {
        self.socket.write_all(&batch.bytes)?;
        self.take(batch.replies)
    }
}

/// Fills the server at `address` and measures one window.
pub(crate) fn run(address: &str, recording: &Recording, load: Load, pace: Pace) -> io::Result<Measured> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let mut wire = Wire { socket, counter: ReplyCounter::default(), arrived: 0, buffer: vec![0; READ_BYTES] };
    wire.shake_hands(&Batch::of(&recording.handshake))?;
    for seeds in recording.seed.chunks(100) {
        wire.exchange(&Batch::of(seeds))?;
    }
    let size = (load.outstanding / load.batches.max(1)).max(1) as u64;
    let batches = Batch::of_mix(&recording.mix, size);
    blast(&mut wire, &batches, load, pace)
}

fn blast(wire: &mut Wire, batches: &[Batch], load: Load, pace: Pace) -> io::Result<Measured> {
    let mut next = batches.iter().cycle();
    let mut under_way = VecDeque::with_capacity(load.batches);
    for batch in next.by_ref().take(load.batches) {
        wire.socket.write_all(&batch.bytes)?;
        under_way.push_back((batch, Instant::now()));
    }
    let mut began = None;
    let mut cpu_began = None;
    let start = Instant::now();
    let mut operations = 0;
    let mut round_trips = Latencies::default();
    while let Some((batch, sent)) = under_way.pop_front() {
        wire.take(batch.replies)?;
        let now = Instant::now();
        operations += batch.operations;
        round_trips.record(now - sent);
        match began {
            None if now - start >= pace.warm_up => {
                began = Some(now);
                cpu_began = cpu_time();
                operations = 0;
                round_trips.reset();
            }
            Some(began) if now - began >= pace.window => {
                let cpu = cpu_time().zip(cpu_began).map_or(Duration::ZERO, |(now, before)| now - before);
                return Ok(Measured { operations, elapsed: now - began, round_trips, cpu });
            }
            None | Some(_) => {}
        }
        if let Some(batch) = next.next() {
            wire.socket.write_all(&batch.bytes)?;
            under_way.push_back((batch, Instant::now()));
        }
    }
    Err(io::Error::other("nothing was under way"))
}

/// CPU time of this thread, the only one.
fn cpu_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
