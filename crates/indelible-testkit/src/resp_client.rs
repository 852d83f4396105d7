use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for a reply: a test that hangs should fail by itself.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// A reply as RESP2 spells it, nothing interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`
    Simple(String),
    /// `-ERR …`, without the sign
    Error(String),
    /// `:1`
    Integer(i64),
    /// `$3 abc`
    Bulk(Vec<u8>),
    /// `$-1` or `*-1`
    Nil,
    /// `*2 …`
    Array(Vec<Reply>),
}

/// A blocking RESP2 client without opinions, for looking at a server from a test.
#[derive(Debug)]
pub struct RespClient<S = TcpStream> {
    stream: BufReader<S>,
}

impl RespClient {
    /// Connects to `address` in plain text.
    ///
    /// # Errors
    ///
    /// What connecting fails with.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, REPLY_LIMIT)?;
        stream.set_read_timeout(Some(REPLY_LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: Read + Write> RespClient<S> {
    /// Speaks over `stream`, for example one that is encrypted.
    #[must_use]
    pub fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// Sends one command and reads its reply. An error reply is a [`Reply::Error`].
    ///
    /// # Errors
    ///
    /// What the connection fails with, a reply that takes longer than 5 seconds or one that is not RESP2.
    pub fn command<A: AsRef<[u8]>>(&mut self, args: &[A]) -> io::Result<Reply> {
        self.send(args)?;
        self.read_reply()
    }

    fn send<A: AsRef<[u8]>>(&mut self, args: &[A]) -> io::Result<()> {
        let mut request = format!("*{}\r\n", args.len()).into_bytes();
        for arg in args.iter().map(AsRef::as_ref) {
            write!(request, "${}\r\n", arg.len())?;
            request.extend_from_slice(arg);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&request)?;
        self.stream.get_mut().flush()
    }

    pub(crate) fn read_reply(&mut self) -> io::Result<Reply> {
        let line = self.read_line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| malformed("an empty line"))?;
        match kind {
            "+" => Ok(Reply::Simple(rest.to_owned())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => rest.parse().map(Reply::Integer).map_err(|_| malformed("an integer that is none")),
            "$" => match length(rest)? {
                Some(bytes) => self.read_bulk(bytes).map(Reply::Bulk),
                None => Ok(Reply::Nil),
            },
            "*" => match length(rest)? {
                Some(items) => (0..items).map(|_| self.read_reply()).collect::<io::Result<_>>().map(Reply::Array),
                None => Ok(Reply::Nil),
            },
            _ => Err(malformed("a reply of unknown type")),
        }
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(malformed("a line without an end")),
        }
    }

    fn read_bulk(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut bulk = vec![0; bytes];
        self.stream.read_exact(&mut bulk)?;
        let mut end = [0; 2];
        self.stream.read_exact(&mut end)?;
        if end == *b"\r\n" { Ok(bulk) } else { Err(malformed("a bulk string without an end")) }
    }
}

/// `None` for -1, which RESP2 uses for nil.
fn length(text: &str) -> io::Result<Option<usize>> {
    match text {
        "-1" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| malformed("a length that is none")),
    }
}

pub(crate) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that says `reply` and swallows what it is told.
    struct Scripted(&'static [u8]);

    impl Read for Scripted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reply(wire: &'static [u8]) -> io::Result<Reply> {
        RespClient::over(Scripted(wire)).command(&["PING"])
    }

    #[test]
    fn reads_every_type_of_reply() {
        let wire = b"*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$4\r\na\r\nb\r\n$-1\r\n*0\r\n";
        let expected = vec![
            Reply::Simple("OK".into()),
            Reply::Error("ERR no".into()),
            Reply::Integer(-7),
            Reply::Bulk(b"a\r\nb".into()),
            Reply::Nil,
            Reply::Array(vec![]),
        ];
        assert_eq!(reply(wire).unwrap(), Reply::Array(expected));
    }

    #[test]
    fn refuses_what_is_not_resp2() {
        for wire in [&b"\r\n"[..], b"?1\r\n", b":x\r\n", b"$x\r\n", b"$1\r\nab\r\n", b"+OK"] {
            assert_eq!(reply(wire).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        for wire in [&b""[..], b"$4\r\nab", b"*2\r\n+OK\r\n"] {
            assert_eq!(reply(wire).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
