//! A sentinel that says what it is told to say.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Answers every question with one address, on a thread of its own, until the test's process ends.
#[derive(Debug)]
pub(crate) struct ScriptedSentinel {
    address: SocketAddr,
}

impl ScriptedSentinel {
    /// One that always names `primary`.
    pub(crate) fn naming(primary: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer(&stream, primary));
            }
        });
        Self { address }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }
}

/// Looks only for the words that matter in what it is sent.
fn answer(stream: &TcpStream, primary: SocketAddr) {
    let (host, port) = (primary.ip().to_string(), primary.port().to_string());
    let named = format!("*2\r\n${}\r\n{host}\r\n${}\r\n{port}\r\n", host.len(), port.len());
    for line in BufReader::new(stream).lines() {
        let reply = match line.as_deref() {
            Ok("GET-MASTER-ADDR-BY-NAME") => named.as_str(),
            Ok("SUBSCRIBE") => "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n",
            Ok(_) => continue,
            Err(_) => return,
        };
        let mut stream = stream;
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}
