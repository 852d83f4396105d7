//! Reply frames: records of little-endian 32-bit words, read by `src/frames/reply-reader.ts`.
//!
//! | record | words |
//! |---|---|
//! | label set | 1, number, count, then each label as a text |
//! | loaded | 2, token, number of the label set |
//! | done | 3, token |
//! | failed | 4, token, error as a JSON text |
//! | event | 5, event as a JSON text |
//! | value | 7, token, text |
//! | nothing | 8, token |
//! | forget | 6: the label sets told so far will not be named again, and numbers start anew |
//!
//! Label sets are numbered from 0 in the order in which they are told.
//!
//! A text is its length in bytes, then its UTF-8 bytes padded with zeros to whole words.

use hashbrown::HashMap;
use indelible_core::StoreError;
use indelible_valkey::{Answer, Event, InternedSet, Outcome};
use serde_json::json;

const LABEL_SET: u32 = 1;
const LOADED: u32 = 2;
const DONE: u32 = 3;
const FAILED: u32 = 4;
const EVENT: u32 = 5;
const FORGET: u32 = 6;
const VALUE: u32 = 7;
const NOTHING: u32 = 8;

/// Label sets that the other side keeps at the most.
const MAX_TOLD: usize = 65_536;
/// Bytes that they take there, roughly.
const MAX_TOLD_BYTES: usize = 16 * 1024 * 1024;

/// Writes reply frames and knows which label sets the other side has been told.
#[derive(Debug, Default)]
pub(crate) struct ReplyFrameWriter {
    /// The numbers of label sets, by their ids.
    told: HashMap<u32, u32>,
    /// What they take on the other side.
    told_bytes: usize,
}

impl ReplyFrameWriter {
    pub(crate) fn outcome(&mut self, frame: &mut Vec<u8>, outcome: Outcome) {
        match outcome.result {
            Ok(Answer::Loaded(set)) => {
                let number = match self.told.get(&set.id()) {
                    Some(number) => *number,
                    None => self.tell(frame, &set),
                };
                push_words(frame, &[LOADED, outcome.token, number]);
            }
            Ok(Answer::Appended | Answer::Done) => push_words(frame, &[DONE, outcome.token]),
            Ok(Answer::Value(value)) => {
                push_words(frame, &[VALUE, outcome.token]);
                push_text(frame, &value);
            }
            Ok(Answer::Nothing) => push_words(frame, &[NOTHING, outcome.token]),
            Err(error) => {
                push_words(frame, &[FAILED, outcome.token]);
                push_text(frame, &error_json(&error));
            }
        }
    }

    pub(crate) fn event(&mut self, frame: &mut Vec<u8>, event: &Event) {
        push_words(frame, &[EVENT]);
        push_text(frame, &event.to_json().to_string());
    }

    fn tell(&mut self, frame: &mut Vec<u8>, set: &InternedSet) -> u32 {
        let bytes = set.footprint();
        if self.told.len() >= MAX_TOLD || self.told_bytes + bytes > MAX_TOLD_BYTES {
            self.told.clear();
            self.told_bytes = 0;
            push_words(frame, &[FORGET]);
        }
        self.told_bytes += bytes;
        let number = self.told.len() as u32;
        self.told.insert(set.id(), number);
        push_words(frame, &[LABEL_SET, number, set.len() as u32]);
        for label in set.iter() {
            push_text(frame, label);
        }
        number
    }
}

fn error_json(error: &StoreError) -> String {
    let mut record = json!({
        "code": error.code(),
        "reason": error.reason(),
        "operation": error.operation().as_str(),
        "indeterminate": error.indeterminate(),
        "serverCode": error.server_code(),
        "attempts": error.attempts(),
        "elapsedMs": error.elapsed().as_secs_f64() * 1000.0,
        "detail": error.detail(),
    });
    // What is not known is left out: to JavaScript, null is something else.
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    record.to_string()
}

fn push_words(frame: &mut Vec<u8>, words: &[u32]) {
    frame.reserve(words.len() * 4);
    for word in words {
        frame.extend_from_slice(&word.to_le_bytes());
    }
}

fn push_text(frame: &mut Vec<u8>, text: &str) {
    push_words(frame, &[text.len() as u32]);
    frame.extend_from_slice(text.as_bytes());
    frame.resize(frame.len().next_multiple_of(4), 0);
}
