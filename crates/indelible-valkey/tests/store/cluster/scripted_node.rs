//! A node that says what a test wants it to say.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Answers on a free port of loopback: `INFO` and the like as a primary would, `CLUSTER SLOTS` and everything on a key
/// as told.
pub(crate) struct ScriptedNode {
    listener: TcpListener,
    port: u16,
}

/// What a node says.
#[derive(Clone)]
pub(crate) struct Script {
    /// The reply to `CLUSTER SLOTS`, as on the wire.
    pub(crate) slots: String,
    /// The reply to every command on a key.
    pub(crate) keyed: String,
}

impl ScriptedNode {
    pub(crate) fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Answers until the test's process ends; what it was asked about keys is added to the list.
    pub(crate) fn run(self, script: Script) -> Arc<Mutex<Vec<String>>> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in self.listener.incoming().map_while(Result::ok) {
                let (script, seen) = (script.clone(), Arc::clone(&seen));
                thread::spawn(move || serve(stream, &script, &seen));
            }
        });
        asked
    }
}

/// `CLUSTER SLOTS` of one node that has all of them.
pub(crate) fn all_slots_at(port: u16, id: &str) -> String {
    let id = format!("${}\r\n{id}\r\n", id.len());
    format!("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n{id}")
}

fn serve(mut stream: TcpStream, script: &Script, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut in_transaction = false;
    while let Some(command) = read_command(&mut reader) {
        let words: Vec<&str> = command.split(' ').collect();
        let info = "role:master\r\nmaxmemory_policy:noeviction\r\nredis_version:7.0.15\r\nrun_id:x\r\n";
        let reply = match words.as_slice() {
            ["INFO"] => format!("${}\r\n{info}\r\n", info.len()),
            ["CONFIG", ..] => "*0\r\n".to_owned(),
            ["CLUSTER", "SLOTS"] => script.slots.clone(),
            ["MULTI"] => "+OK\r\n".to_owned(),
            ["EXEC"] if in_transaction => {
                in_transaction = false;
                "-EXECABORT Transaction discarded because of previous errors.\r\n".to_owned()
            }
            ["EXEC"] => "*0\r\n".to_owned(),
            ["SMEMBERS" | "SADD" | "EXPIRE", ..] => {
                in_transaction = words[0] == "SADD";
                seen.lock().unwrap().push(words[0].to_owned());
                script.keyed.clone()
            }
            _ => "+OK\r\n".to_owned(),
        };
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_command(reader: &mut impl BufRead) -> Option<String> {
    let parts = read_number(reader)?;
    let words = (0..parts).map(|_| {
        let mut word = vec![0; read_number(reader)? + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(word.len() - 2);
        String::from_utf8(word).ok()
    });
    Some(words.collect::<Option<Vec<_>>>()?.join(" "))
}

fn read_number(reader: &mut impl BufRead) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.get(1..)?.trim_end().parse().ok()
}
