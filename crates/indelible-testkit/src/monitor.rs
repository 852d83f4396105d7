use std::io;
use std::net::SocketAddr;

use crate::resp_client::{Reply, RespClient, malformed};

/// One command that the server executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorLine {
    /// Address of the client that sent it.
    pub client: String,
    /// The command's name as sent and its arguments, byte for byte.
    pub args: Vec<Vec<u8>>,
}

impl MonitorLine {
    /// The command with its arguments as text, for assertions on commands that are text.
    #[must_use]
    pub fn text(&self) -> String {
        self.args.iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ")
    }
}

/// Records every command that a server executes (`MONITOR`), from [`Monitor::start`] to [`Monitor::finish`].
#[derive(Debug)]
pub struct Monitor {
    address: SocketAddr,
    feed: RespClient,
}

impl Monitor {
    /// Starts to record at the server at `address`. What is sent after this returned is recorded.
    ///
    /// # Errors
    ///
    /// What the connection fails with, or the server's refusal.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let mut feed = RespClient::connect(address)?;
        let reply = feed.command(&["MONITOR"])?;
        if reply != Reply::Simple("OK".to_owned()) {
            return Err(io::Error::other(format!("MONITOR was answered with {reply:?}")));
        }
        Ok(Self { address, feed })
    }

    /// What was executed until now, in order. Nothing is missing: the recording is read up to a marker that is sent
    /// here, by a client of its own.
    ///
    /// # Errors
    ///
    /// What either connection fails with, or a line that cannot be read.
    pub fn finish(mut self) -> io::Result<Vec<MonitorLine>> {
        let marker = format!("monitor-end-{:016x}", fastrand::u64(..));
        RespClient::connect(self.address)?.command(&["ECHO", &marker])?;
        let mut lines = Vec::new();
        loop {
            let Reply::Simple(text) = self.feed.read_reply()? else {
                return Err(malformed("something else than a MONITOR line"));
            };
            let line = parse(&text).ok_or_else(|| malformed("a MONITOR line of unknown shape"))?;
            if line.args.last().is_some_and(|arg| arg == marker.as_bytes()) {
                return Ok(lines);
            }
            lines.push(line);
        }
    }
}

/// Reads `1700000000.123456 [0 127.0.0.1:4711] "SADD" "key" "a\nb"`.
fn parse(text: &str) -> Option<MonitorLine> {
    let (_time, rest) = text.split_once(" [")?;
    let (origin, mut quoted) = rest.split_once("] ")?;
    let (_database, client) = origin.split_once(' ')?;
    let mut args = Vec::new();
    while !quoted.is_empty() {
        let (arg, rest) = unquote(quoted.strip_prefix('"')?)?;
        args.push(arg);
        quoted = rest.trim_start_matches(' ');
    }
    Some(MonitorLine { client: client.to_owned(), args })
}

/// Undoes the server's `sdscatrepr`: the bytes up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut rest = text.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            '"' => return Some((bytes, text.get(at + 1..)?)),
            '\\' => bytes.push(match rest.next()?.1 {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'a' => 0x07,
                'b' => 0x08,
                'x' => hex_digit(rest.next()?.1)? * 16 + hex_digit(rest.next()?.1)?,
                literal => u8::try_from(literal).ok()?,
            }),
            plain => bytes.push(u8::try_from(plain).ok()?),
        }
    }
    None
}

fn hex_digit(character: char) -> Option<u8> {
    character.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_byte_for_byte() {
        let line = parse(r#"1700000000.123456 [0 127.0.0.1:4711] "SADD" "k:]x" "a\nb" "\xc3\xbc \"q\" \\" """#);
        let args: [&[u8]; 5] = [b"SADD", b"k:]x", b"a\nb", "ü \"q\" \\".as_bytes(), b""];
        assert_eq!(line, Some(MonitorLine { client: "127.0.0.1:4711".into(), args: args.map(Vec::from).into() }));
    }

    #[test]
    fn refuses_a_line_that_is_cut() {
        for cut in
            ["", "1700000000.1 [0 x:1]", r#"1700000000.1 [0 x:1] "GET"#, r#"1.1 [0 x:1] "\x4"#, "1.1 [0 x:1] GET"]
        {
            assert_eq!(parse(cut), None, "{cut}");
        }
    }
}
