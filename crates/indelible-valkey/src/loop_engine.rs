//! An engine that answers every frame at once from memory, with no server and no thread: what is left is what a host
//! pays for the crossing. The bench measures it as the *loop* ceiling; no published build has it.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use indelible_core::{Failure, LabelSet, StoreError};

use crate::config::{Config, ConfigError};
use crate::frame::{Frame, Opcode, Request};
use crate::label_sets::{InternedSet, LabelSets};
use crate::outcome::{Answer, Outcome, Outcomes};

/// Stands in for [`Engine`](crate::Engine): the same frames in, the same outcomes out. Keeps labels, session records and
/// counters for as long as it lives, and knows no policies.
#[derive(Debug)]
pub struct LoopEngine {
    outcomes: Arc<dyn Outcomes>,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    sets: LabelSets,
    sessions: HashMap<Box<[u8]>, Arc<InternedSet>>,
    /// Session records, as they are answered.
    records: HashMap<Box<[u8]>, Box<str>>,
    counters: HashMap<Box<[u8]>, i64>,
    /// Kept for the next frame.
    answers: Vec<Outcome>,
}

impl LoopEngine {
    /// Starts nothing: there is nothing to dial.
    ///
    /// # Errors
    ///
    /// None; the signature is that of the engine it stands in for.
    pub fn start(_config: &Config, outcomes: Arc<dyn Outcomes>) -> Result<Self, ConfigError> {
        let held = Held {
            sets: LabelSets::new(0),
            sessions: HashMap::new(),
            records: HashMap::new(),
            counters: HashMap::new(),
            answers: Vec::new(),
        };
        Ok(Self { outcomes, held: Mutex::new(held) })
    }

    /// Always connected.
    #[must_use]
    pub fn health(&self) -> serde_json::Value {
        serde_json::json!({ "state": "connected" })
    }

    /// Answers every operation of a frame before it returns.
    pub fn submit(&self, frame: Vec<u8>) -> bool {
        let frame = Frame::new(frame);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut offset = 0;
        while let Some(request) = frame.request_at(offset) {
            let result = held.answer(&request);
            held.answers.push(Outcome { token: request.token, result });
            offset += request.length;
        }
        self.outcomes.settle(&mut held.answers);
        true
    }
}

impl Held {
    fn answer(&mut self, request: &Request<'_>) -> Result<Answer, Box<StoreError>> {
        match request.opcode {
            Opcode::Load => Ok(Answer::Loaded(self.load(request))),
            Opcode::Append => {
                self.append(request);
                Ok(Answer::Appended)
            }
            Opcode::SaveSession => {
                let [agent_id, started_at] = texts(request);
                self.records.insert(id(request).into(), format!("{agent_id} {started_at}").into());
                Ok(Answer::Done)
            }
            Opcode::LoadSession => Ok(self.records.get(id(request)).cloned().map_or(Answer::Nothing, Answer::Value)),
            Opcode::DeleteSession => {
                self.records.remove(id(request));
                Ok(Answer::Done)
            }
            Opcode::Increment => Ok(Answer::Value(self.increment(request))),
            Opcode::Current => {
                let total = self.counters.get(id(request)).copied().unwrap_or(0);
                Ok(Answer::Value(total.to_string().into()))
            }
            Opcode::Reset => {
                self.counters.remove(id(request));
                Ok(Answer::Done)
            }
            Opcode::GetPolicy | Opcode::CachePolicy | Opcode::InvalidatePolicy => {
                Err(Box::new(StoreError::new(Failure::Internal, request.opcode.operation())))
            }
        }
    }

    /// The total, and a window that never ends.
    fn increment(&mut self, request: &Request<'_>) -> Box<str> {
        let [amount, window] = texts(request).map(|text| text.parse::<i64>().unwrap_or(0));
        let total = self.counters.entry(id(request).into()).or_insert(0);
        *total = total.saturating_add(amount);
        format!("{total} {}", window.saturating_mul(1_000)).into()
    }

    fn load(&mut self, request: &Request<'_>) -> Arc<InternedSet> {
        let known = request.ids().filter_map(|id| self.sessions.get(id));
        let union = known.cloned().reduce(|left, right| self.sets.union(&left, &right));
        union.unwrap_or_else(|| self.sets.intern(LabelSet::empty()))
    }

    fn append(&mut self, request: &Request<'_>) {
        let labels = || request.arguments().filter_map(|label| std::str::from_utf8(label).ok());
        for id in request.ids() {
            match self.sessions.get_mut(id) {
                Some(known) if labels().all(|label| known.contains(label)) => {}
                Some(known) => {
                    let added = self.sets.intern(LabelSet::from_members(labels()));
                    *known = self.sets.union(known, &added);
                }
                None => {
                    self.sessions.insert(id.into(), self.sets.intern(LabelSet::from_members(labels())));
                }
            }
        }
    }
}

fn id<'a>(request: &Request<'a>) -> &'a [u8] {
    request.ids().next().unwrap_or_default()
}

/// The two arguments of an operation that has two.
fn texts<'a>(request: &Request<'a>) -> [&'a str; 2] {
    let mut arguments = request.arguments().map(|text| std::str::from_utf8(text).unwrap_or_default());
    [arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::frame::FrameWriter;

    #[derive(Debug, Default)]
    struct Answers(Mutex<Vec<Outcome>>);

    impl Outcomes for Answers {
        fn settle(&self, outcomes: &mut Vec<Outcome>) {
            self.0.lock().unwrap().append(outcomes);
        }

        fn event(&self, _: Event) {}
    }

    /// Hands over a frame, and returns what was answered by then.
    fn answered(frame: FrameWriter) -> Vec<(u32, Result<Answer, Box<StoreError>>)> {
        let answers = Arc::new(Answers::default());
        let config = Config::from_json(r#"{ "kind": "valkey", "endpoint": "redis://127.0.0.1:1" }"#).unwrap();
        let engine = LoopEngine::start(&config, Arc::clone(&answers) as Arc<dyn Outcomes>).unwrap();
        assert!(engine.submit(frame.finish()));
        answers.0.lock().unwrap().drain(..).map(|Outcome { token, result }| (token, result)).collect()
    }

    #[test]
    fn every_operation_is_answered_before_submit_returns() {
        let mut frame = FrameWriter::default();
        frame.push(1, Opcode::Append, ["s"].into_iter(), ["a", "b"].into_iter());
        frame.push(2, Opcode::Append, ["s", "t"].into_iter(), ["c"].into_iter());
        for (token, ids) in [(3, vec!["s"]), (4, vec!["t"]), (5, vec!["none"]), (6, vec!["s", "t", "none"])] {
            frame.push(token, Opcode::Load, ids.into_iter(), [].into_iter());
        }
        frame.push(7, Opcode::GetPolicy, ["a"].into_iter(), [].into_iter());

        let told = answered(frame);
        assert_eq!(told.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        let loaded = |index: usize| match &told[index].1 {
            Ok(Answer::Loaded(set)) => set.iter().collect::<Vec<_>>().join(""),
            other => panic!("{other:?}"),
        };
        assert_eq!([2, 3, 4, 5].map(loaded), ["abc", "c", "", "abc"]);
        assert!(told[6].1.is_err());
    }

    #[test]
    fn records_and_counters_are_kept_until_they_are_taken_back() {
        let mut frame = FrameWriter::default();
        for (token, opcode, arguments) in [
            (1, Opcode::LoadSession, &[][..]),
            (2, Opcode::SaveSession, &["ab", "17"]),
            (3, Opcode::LoadSession, &[]),
            (4, Opcode::DeleteSession, &[]),
            (5, Opcode::LoadSession, &[]),
            (6, Opcode::Increment, &["2", "60"]),
            (7, Opcode::Increment, &["3", "60"]),
            (8, Opcode::Current, &[]),
            (9, Opcode::Reset, &[]),
            (10, Opcode::Current, &[]),
        ] {
            frame.push(token, opcode, ["k"].into_iter(), arguments.iter().copied());
        }
        let told: Vec<_> = answered(frame)
            .into_iter()
            .map(|(_, result)| match result.unwrap() {
                Answer::Value(text) => text.into_string(),
                Answer::Nothing => "nothing".to_owned(),
                Answer::Done => "done".to_owned(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["nothing", "done", "ab 17", "done", "nothing", "2 60000", "5 60000", "5", "done", "0"]);
    }
}
