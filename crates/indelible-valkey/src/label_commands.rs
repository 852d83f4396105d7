//! The commands of the label store with everything but the digest and the labels encoded in advance.

use crate::config::{Config, GenerationMode, TopologyConfig};
use crate::resp::{push_array_header, push_bulk, push_command, push_decimal};
use crate::session_life::SessionLife;
use crate::switches::{Mechanism, is_off};

/// A command whose only variable part is the hex digest inside its key.
#[derive(Debug)]
struct KeyedCommand {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl KeyedCommand {
    fn new(prefix: &str, name: &str, arguments: &[&str]) -> Self {
        let mut head = Vec::new();
        push_array_header(&mut head, 2 + arguments.len());
        push_bulk(&mut head, name.as_bytes());
        push_key_head(&mut head, prefix);
        let mut tail = b"\r\n".to_vec();
        for argument in arguments {
            push_bulk(&mut tail, argument.as_bytes());
        }
        Self { head, tail }
    }

    fn write(&self, out: &mut Vec<u8>, hex: &[u8; 64]) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(hex);
        out.extend_from_slice(&self.tail);
    }
}

/// The start of a bulk string that holds a key, up to the digest.
fn push_key_head(out: &mut Vec<u8>, prefix: &str) {
    out.push(b'$');
    push_decimal(out, (prefix.len() + 1 + 64) as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(prefix.as_bytes());
    out.push(b':');
}

/// The encoded commands of one store.
#[derive(Debug)]
pub(crate) struct LabelCommands {
    members: KeyedCommand,
    /// `EXPIRE key ttl GT`: never shortens a life that another node set.
    refresh: Option<KeyedCommand>,
    /// `EXPIRE key ttl NX`: gives a new set its life; `GT` alone never does.
    arm: Option<KeyedCommand>,
    /// The bulk string of the key inside `SADD`, whose length is not known in advance.
    key_head: Vec<u8>,
    proof: ProofCommand,
}

/// How a pipeline proves that it was answered by a primary that accepts writes, after its loads.
#[derive(Debug)]
enum ProofCommand {
    /// `GETEX <prefix>:generation PERSIST`: proof and generation in one.
    Generation(Vec<u8>),
    /// The refresh that follows every load is itself a write.
    Refresh,
    /// `EXPIRE key 1 GT` on the last key loaded: a write that changes nothing that matters.
    Touch(KeyedCommand),
}

impl ProofCommand {
    fn touch(prefix: &str) -> Self {
        Self::Touch(KeyedCommand::new(prefix, "EXPIRE", &["1", "GT"]))
    }
}

/// Which proof was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProofKind {
    /// The read of the generation key.
    Generation,
    /// The touch of a key that was read.
    Touch,
}

impl LabelCommands {
    pub(crate) fn new(prefix: &str, life: Option<SessionLife>, generation: GenerationMode) -> Self {
        let expire = |flag: &str| {
            life.map(|life| KeyedCommand::new(prefix, "EXPIRE", &[&life.given_seconds().to_string(), flag]))
        };
        let mut key_head = Vec::new();
        push_key_head(&mut key_head, prefix);
        let proof = match (generation, life) {
            (GenerationMode::Observe | GenerationMode::Require, _) => {
                let mut command = Vec::new();
                push_command(&mut command, &[b"GETEX", generation_key(prefix).as_bytes(), b"PERSIST"]);
                ProofCommand::Generation(command)
            }
            (GenerationMode::Off, Some(_)) => ProofCommand::Refresh,
            (GenerationMode::Off, None) => ProofCommand::touch(prefix),
        };
        Self {
            members: KeyedCommand::new(prefix, "SMEMBERS", &[]),
            refresh: expire("GT"),
            arm: expire("NX"),
            key_head,
            proof,
        }
    }

    /// The commands of a configuration. In a cluster, where no key is every node's, the proof is a touch.
    pub(crate) fn of(config: &Config, life: Option<SessionLife>) -> Self {
        let commands = Self::new(&config.key_prefix, life, config.generation);
        match &config.topology {
            TopologyConfig::Cluster(_) | TopologyConfig::Member(_) => {
                Self { proof: ProofCommand::touch(&config.key_prefix), ..commands }
            }
            TopologyConfig::Standalone(_) | TopologyConfig::Sentinel(_) => commands,
        }
    }

    /// Whether the refresh of each load is its proof (`generation: off` with a TTL).
    pub(crate) fn refresh_is_proof(&self) -> bool {
        matches!(self.proof, ProofCommand::Refresh)
    }

    /// Writes the read of one key, and the renewal of its life unless that `is_fresh`; whether it was written.
    pub(crate) fn write_load(&self, out: &mut Vec<u8>, hex: &[u8; 64], is_fresh: bool) -> bool {
        self.members.write(out, hex);
        match &self.refresh {
            Some(refresh) if !is_fresh || self.refresh_is_proof() => {
                refresh.write(out, hex);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Writes the read of one key and a write on it that proves this read alone; whether there is such a write. If the
    /// slot of the key is on its way to the node, each needs an `ASKING` of its own.
    pub(crate) fn write_load_alone(&self, out: &mut Vec<u8>, hex: &[u8; 64], asking: bool) -> bool {
        let touch = if let ProofCommand::Touch(touch) = &self.proof { Some(touch) } else { None };
        let proof = self.refresh.as_ref().or(touch);
        for command in [Some(&self.members), proof].into_iter().flatten() {
            if asking {
                push_command(out, &[b"ASKING"]);
            }
            command.write(out, hex);
        }
        proof.is_some()
    }

    /// Writes the part of one key inside a transaction; returns how many results it has. A life that `is_fresh` needs
    /// no renewal, but the key may be a new one all the same, so it is given its life in any case.
    pub(crate) fn write_append<'a>(
        &self,
        out: &mut Vec<u8>,
        hex: &[u8; 64],
        is_fresh: bool,
        label_count: usize,
        labels: impl Iterator<Item = &'a [u8]>,
    ) -> usize {
        push_array_header(out, 2 + label_count);
        push_bulk(out, b"SADD");
        out.extend_from_slice(&self.key_head);
        out.extend_from_slice(hex);
        out.extend_from_slice(b"\r\n");
        for label in labels {
            push_bulk(out, label);
        }
        let mut results = 1;
        let refresh = self.refresh.as_ref().filter(|_| !is_fresh);
        for command in self.arm.as_ref().into_iter().chain(refresh) {
            command.write(out, hex);
            results += 1;
        }
        results
    }

    /// Writes the proof that ends a pipeline; returns which, if one was needed. `last_loaded` is the digest of the
    /// last key read, if any was.
    pub(crate) fn write_proof(&self, out: &mut Vec<u8>, last_loaded: Option<&[u8; 64]>) -> Option<ProofKind> {
        if is_off(Mechanism::Proof) {
            return None;
        }
        match (&self.proof, last_loaded) {
            (ProofCommand::Generation(command), _) => {
                out.extend_from_slice(command);
                Some(ProofKind::Generation)
            }
            (ProofCommand::Touch(command), Some(hex)) => {
                command.write(out, hex);
                Some(ProofKind::Touch)
            }
            (ProofCommand::Touch(_), None) | (ProofCommand::Refresh, _) => None,
        }
    }

    /// Writes a change that always changes something, in the slot of the key with this digest: `SET … PX` on a key
    /// beside it, which is gone a second later.
    pub(crate) fn write_sync(&self, out: &mut Vec<u8>, hex: &[u8; 64]) {
        let key = self.key(hex);
        // In a cluster the slot is that of what stands in the first braces, if anything does.
        let sync = if key.contains(&b'{') { [&key, &b":sync"[..]].concat() } else { [b"{", &*key, b"}:sync"].concat() };
        push_command(out, &[b"SET", &sync, b"1", b"PX", b"1000"]);
    }

    /// Writes what takes back a life that an append's `EXPIRE` gave to a key that is no set: `PERSIST` where the ACL
    /// allows it, else `GETEX … PERSIST`, which works on strings, else the longest life there is, which `GT` gives to
    /// no key that has none.
    pub(crate) fn write_disarm(&self, out: &mut Vec<u8>, hex: &[u8; 64]) -> usize {
        let key = self.key(hex);
        push_command(out, &[b"PERSIST", &key]);
        push_command(out, &[b"GETEX", &key, b"PERSIST"]);
        push_command(out, &[b"EXPIRE", &key, b"2147483648", b"GT"]);
        3
    }

    fn key(&self, hex: &[u8; 64]) -> Vec<u8> {
        let head = self.key_head.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
        [head, hex].concat()
    }
}

/// The key that holds the generation of a keyspace.
#[must_use]
pub fn generation_key(prefix: &str) -> String {
    format!("{prefix}:generation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SessionDigest;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_encoded_commands_are_the_documented_ones() {
        let hex = SessionDigest::of(b"sess-1").hex();
        let key = crate::label_key("taint:v1", "sess-1");
        let commands = LabelCommands::new("taint:v1", Some(SessionLife::new(3600)), GenerationMode::Observe);
        let packed =
            |parts: &[&str]| String::from_utf8(redis::cmd(parts[0]).arg(&parts[1..]).get_packed_command()).unwrap();
        assert_eq!(
            written(|out| assert!(commands.write_load(out, &hex, false))),
            packed(&["SMEMBERS", &key]) + &packed(&["EXPIRE", &key, "3660", "GT"])
        );
        assert_eq!(written(|out| assert!(!commands.write_load(out, &hex, true))), packed(&["SMEMBERS", &key]));
        let labels = [&b"PII"[..], b"x y"];
        assert_eq!(
            written(|out| assert_eq!(commands.write_append(out, &hex, false, 2, labels.into_iter()), 3)),
            packed(&["SADD", &key, "PII", "x y"])
                + &packed(&["EXPIRE", &key, "3660", "NX"])
                + &packed(&["EXPIRE", &key, "3660", "GT"])
        );
        assert_eq!(
            written(|out| assert_eq!(commands.write_append(out, &hex, true, 1, labels.into_iter().take(1)), 2)),
            packed(&["SADD", &key, "PII"]) + &packed(&["EXPIRE", &key, "3660", "NX"])
        );
        assert_eq!(
            written(|out| assert_eq!(commands.write_proof(out, None), Some(ProofKind::Generation))),
            packed(&["GETEX", "taint:v1:generation", "PERSIST"])
        );
        let sync = format!("{{{key}}}:sync");
        assert_eq!(written(|out| commands.write_sync(out, &hex)), packed(&["SET", &sync, "1", "PX", "1000"]));
        assert_eq!(
            written(|out| assert_eq!(commands.write_disarm(out, &hex), 3)),
            packed(&["PERSIST", &key])
                + &packed(&["GETEX", &key, "PERSIST"])
                + &packed(&["EXPIRE", &key, "2147483648", "GT"])
        );
    }

    #[test]
    fn without_a_generation_the_proof_is_a_write_on_the_key_that_was_read() {
        let hex = SessionDigest::of(b"s").hex();
        let key = crate::label_key("p", "s");
        let plain = LabelCommands::new("p", None, GenerationMode::Off);
        assert_eq!(
            written(|out| assert_eq!(plain.write_proof(out, Some(&hex)), Some(ProofKind::Touch))),
            String::from_utf8(redis::cmd("EXPIRE").arg(&key).arg("1").arg("GT").get_packed_command()).unwrap()
        );
        assert_eq!(written(|out| assert_eq!(plain.write_proof(out, None), None)), "");
        let sliding = LabelCommands::new("p", Some(SessionLife::new(600)), GenerationMode::Off);
        assert!(sliding.refresh_is_proof());
        assert!(
            written(|out| assert!(sliding.write_load(out, &hex, true))).contains("610"),
            "the proof is never left out"
        );
        assert_eq!(written(|out| assert_eq!(sliding.write_proof(out, Some(&hex)), None)), "");
    }
}
