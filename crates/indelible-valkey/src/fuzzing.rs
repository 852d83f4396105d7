//! What `fuzz/` drives: bytes that a server may answer, read by a pipeline as a lane would read them, and judged by a
//! reader that shares no code with ours. Only under the cargo feature `fuzzing`.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a violation is told by a panic: that is what a fuzzer finds"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::batch::{Batch, Origin, slots_of};
use crate::config::{Config, GenerationMode};
use crate::frame::{Frame, FrameWriter, Opcode};
use crate::generation::{Generation, GenerationPin};
use crate::label_commands::LabelCommands;
use crate::label_sets::LabelSets;
use crate::lanes::Lanes;
use crate::memory::Memory;
use crate::node_plan::NodePlan;
use crate::operation::Ending;
use crate::outcome::Answer;
use crate::pipeline::Pipeline;
use crate::ratchet::Ratchet;
use crate::resp::ReplyReader;
use crate::session_life::SessionLife;
use crate::waiting::Waiting;

const TTL_SECONDS: u32 = 600;
const LABELS: [&str; 2] = ["PII", "SECRET"];

/// How one pipeline is made: read from the first bytes of an input.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// With a sliding TTL.
    pub ttl: bool,
    /// With a generation; else the proof is another.
    pub generation: bool,
    /// One bit an operation, from the lowest: set for an append.
    pub appends: u8,
    /// Operations, 1 to 4.
    pub operations: usize,
    /// Bytes that arrive at a time, 1 to 256.
    pub chunk: usize,
}

impl Shape {
    /// The shape that two bytes stand for.
    #[must_use]
    pub fn from_bytes(shape: u8, chunk: u8) -> Self {
        Self {
            ttl: shape & 1 != 0,
            generation: shape & 2 != 0,
            appends: shape >> 4,
            operations: usize::from(shape >> 2 & 3) + 1,
            chunk: usize::from(chunk) + 1,
        }
    }

    fn is_append(self, operation: usize) -> bool {
        self.appends >> operation & 1 != 0
    }
}

/// How one operation ended: its labels in order, `Some(None)` for an append, `None` for a failure.
type Ended = Option<Option<Vec<String>>>;

/// Has a pipeline of that shape read `replies`.
///
/// # Panics
///
/// When an answer says less than the server did, or says ok where it did not; when it depends on how the bytes arrived.
pub fn check(shape: Shape, replies: &[u8]) {
    let ended = read(shape, replies, shape.chunk);
    assert_eq!(ended, read(shape, replies, replies.len().max(1)), "the answer depends on how the bytes arrived");
    let Some(ended) = ended else { return };
    let mut oracle = Oracle(replies);
    let (appends, loads): (Vec<usize>, Vec<usize>) =
        (0..shape.operations).partition(|operation| shape.is_append(*operation));
    if !appends.is_empty() {
        let sound = oracle.transaction(appends.len(), if shape.ttl { 3 } else { 1 });
        for (place, operation) in appends.iter().enumerate() {
            let ended = &ended[*operation];
            assert!(sound.contains(&place) || ended.is_none(), "operation {operation} said ok to {replies:?}");
        }
    }
    for operation in &loads {
        let ended = &ended[*operation];
        let members = oracle.members();
        let renewed = !shape.ttl || oracle.refresh();
        if let Some(labels) = ended {
            let Some(members) = members else { panic!("operation {operation} made labels of {replies:?}") };
            let told: BTreeSet<String> = labels.iter().flatten().cloned().collect();
            assert_eq!(told, members, "operation {operation}");
            // Without a generation each load is proven by its own refresh, where it has one.
            assert!(renewed || shape.generation, "operation {operation} was believed without a proof: {replies:?}");
        }
    }
    let proven = match (shape.generation, shape.ttl) {
        (true, _) => oracle.generation(),
        (false, false) => loads.is_empty() || oracle.refresh(),
        (false, true) => true,
    };
    let all_loads_failed = loads.iter().all(|operation| ended[*operation].is_none());
    assert!(proven || all_loads_failed, "a load was believed without a proof: {replies:?}");
}

/// The ends of all operations, or `None` when the pipeline did not complete.
fn read(shape: Shape, replies: &[u8], chunk: usize) -> Option<Vec<Ended>> {
    let mode = if shape.generation { GenerationMode::Require } else { GenerationMode::Off };
    let ttl_seconds = shape.ttl.then_some(TTL_SECONDS);
    let life = ttl_seconds.map(SessionLife::new);
    let commands = LabelCommands::new("taint:v1", life, mode);
    let generation = GenerationPin::new(mode, ttl_seconds);
    let ratchet = Ratchet::new(100, life, Duration::from_millis(500));
    let mut memory = Memory { sets: LabelSets::new(0), ratchet };

    let ids: Vec<String> = (0..shape.operations).map(|operation| format!("session-{operation}")).collect();
    let mut frame = FrameWriter::default();
    for (operation, id) in ids.iter().enumerate() {
        let opcode = if shape.is_append(operation) { Opcode::Append } else { Opcode::Load };
        let labels: &[&str] = if opcode == Opcode::Append { &LABELS } else { &[] };
        frame.push(operation as u32, opcode, [id.as_str()].into_iter(), labels.iter().copied());
    }
    let frame = Frame::new(frame.finish());
    let slots = slots_of(&frame, Origin::Caller);
    let batch = Arc::new(Batch::new(Arc::new(frame), slots, nowhere()));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut pipeline = Pipeline::write(batch, &commands, &memory, deadline, &mut Vec::new(), 0);

    let mut reader = ReplyReader::new();
    for mut arrived in replies.chunks(chunk) {
        while !arrived.is_empty() {
            let space = reader.space();
            let count = arrived.len().min(space.len());
            space[..count].copy_from_slice(&arrived[..count]);
            reader.advance(count);
            arrived = &arrived[count..];
            while let Some(reply) = reader.next_reply().ok()? {
                let complete = pipeline.accept(&reply, &mut memory, &generation).ok()?;
                reader.consume();
                if complete {
                    let mut ended = pipeline.finish(&mut memory, life).ended;
                    ended.sort_by_key(|(slot, _)| slot.token);
                    return Some(ended.into_iter().map(|(_, ending)| told(ending)).collect());
                }
            }
        }
    }
    None
}

/// Lanes that nothing is ever sent over: a batch belongs to some.
fn nowhere() -> Arc<Lanes> {
    static NOWHERE: OnceLock<Arc<Lanes>> = OnceLock::new();
    let build = || {
        let config = Config::from_json(r#"{ "kind": "valkey", "endpoint": "redis://127.0.0.1:1" }"#).ok()?;
        let pin = Arc::new(GenerationPin::new(config.generation, config.ttl_seconds));
        NodePlan::new(&config, pin, Arc::new(Waiting::new(drop)), Arc::default())
            .lanes(config.topology.single().ok()?.clone())
            .ok()
    };
    Arc::clone(NOWHERE.get_or_init(|| match build() {
        Some(lanes) => Arc::new(lanes),
        None => panic!("lanes could not be built"),
    }))
}

fn told(ending: Ending) -> Ended {
    match ending {
        Ending::Answered(Answer::Loaded(set)) => Some(Some(set.iter().map(str::to_owned).collect())),
        Ending::Answered(_) => Some(None),
        Ending::Failed(_) | Ending::Regressed(_) => None,
    }
}

/// A second reader of the same replies, as plain as can be: it takes one value after the other and knows only what each
/// command may answer.
struct Oracle<'a>(&'a [u8]);

/// One value.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Status(&'a [u8]),
    Error,
    Integer(i64),
    Bulk(&'a [u8]),
    Array(Vec<Self>),
    Nil,
}

impl<'a> Oracle<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.0.windows(2).position(|pair| pair == b"\r\n")?;
        let (line, rest) = self.0.split_at(end);
        self.0 = &rest[2..];
        Some(line)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let (kind, rest) = self.line()?.split_first()?;
        let number = || std::str::from_utf8(rest).ok()?.parse::<i64>().ok();
        Some(match kind {
            b'+' => Value::Status(rest),
            b'-' => Value::Error,
            b':' => Value::Integer(number()?),
            b'$' if number()? < 0 => Value::Nil,
            b'$' => {
                let length = usize::try_from(number()?).ok()?;
                let (text, rest) = self.0.split_at_checked(length)?;
                self.0 = rest.strip_prefix(b"\r\n")?;
                Value::Bulk(text)
            }
            b'*' if number()? < 0 => Value::Nil,
            b'*' => Value::Array((0..number()?).map(|_| self.value()).collect::<Option<_>>()?),
            _ => return None,
        })
    }

    fn members(&mut self) -> Option<BTreeSet<String>> {
        let Value::Array(members) = self.value()? else { return None };
        let text = |member| match member {
            Value::Bulk(text) => std::str::from_utf8(text).ok().map(str::to_owned),
            _ => None,
        };
        members.into_iter().map(text).collect()
    }

    fn refresh(&mut self) -> bool {
        matches!(self.value(), Some(Value::Integer(0 | 1)))
    }

    fn generation(&mut self) -> bool {
        matches!(self.value(), Some(Value::Bulk(text)) if Generation::parse(text).is_some())
    }

    /// The places of the operations, of `commands` commands each, that a transaction has carried out.
    fn transaction(&mut self, operations: usize, commands: usize) -> Vec<usize> {
        let begun = self.value() == Some(Value::Status(b"OK"));
        let all = operations * commands;
        let queued = (0..all).filter(|_| self.value() == Some(Value::Status(b"QUEUED"))).count() == all;
        let Some(Value::Array(results)) = self.value() else { return Vec::new() };
        if !begun || !queued || results.len() != all {
            return Vec::new();
        }
        let good = |own: &[Value<'_>]| own.iter().all(|result| matches!(result, Value::Integer(0..)));
        results.chunks(commands).enumerate().filter(|(_, own)| good(own)).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATION: &str = "$46\r\nv1 000102030405060708090a0b0c0d0e0f sha256 600\r\n";

    #[test]
    fn what_a_sound_server_answers_is_read() {
        let shape = Shape { ttl: true, generation: true, appends: 0b10, operations: 2, chunk: 3 };
        let replies = format!(
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n:1\r\n:0\r\n*1\r\n$3\r\nPII\r\n:1\r\n{GENERATION}"
        );
        let ended = read(shape, replies.as_bytes(), 3).unwrap();
        assert_eq!(ended, [Some(Some(vec!["PII".to_owned()])), Some(None)]);
        check(shape, replies.as_bytes());
    }

    #[test]
    fn every_byte_of_it_may_be_another() {
        let shape = Shape { ttl: true, generation: true, appends: 0b10, operations: 2, chunk: 7 };
        let replies = format!(
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n:1\r\n:0\r\n*1\r\n$3\r\nPII\r\n:1\r\n{GENERATION}"
        );
        for place in 0..replies.len() {
            for byte in [0, b'\r', b'\n', b'*', b'$', b':', b'-', b'+', b'0', b'9', 0xff] {
                let mut changed = replies.clone().into_bytes();
                changed[place] = byte;
                check(shape, &changed);
                changed.truncate(place);
                check(shape, &changed);
            }
        }
    }
}
