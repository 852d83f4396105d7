//! Every fault does what it says, to open connections and to new ones, and ends when it is taken back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use indelible_testkit::{Direction, Fault, FaultProxy, Traffic};

/// A server that sends back what it gets.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // A client that is cut off is what these tests are about: the copy just ends.
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn proxy() -> FaultProxy {
    FaultProxy::start(echo_server()).unwrap()
}

struct Client(TcpStream);

impl Client {
    fn connect(proxy: &FaultProxy) -> Self {
        Self(TcpStream::connect(proxy.address()).unwrap())
    }

    fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    fn receive(&mut self, bytes: usize) -> io::Result<String> {
        self.0.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut buffer = vec![0; bytes];
        self.0.read_exact(&mut buffer)?;
        Ok(String::from_utf8(buffer).unwrap())
    }

    fn echo(&mut self, text: &str) -> io::Result<String> {
        self.send(text);
        self.receive(text.len())
    }

    fn is_silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        matches!(self.0.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    fn end(&mut self) -> io::Result<usize> {
        self.0.set_read_timeout(Some(Duration::from_secs(5)))?;
        self.0.read(&mut [0])
    }
}

#[tokio::test]
async fn passes_everything_on_and_counts_it() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    assert_eq!(client.echo("hello").unwrap(), "hello");
    let through = Traffic { connections: 1, open: 1, from_client: 5, to_server: 5, from_server: 5, to_client: 5 };
    assert_eq!(proxy.until(|traffic| traffic.to_client == 5).await.unwrap(), through);

    drop(client);
    let ended = proxy.until(|traffic| traffic.open == 0).await.unwrap();
    assert_eq!(ended, Traffic { open: 0, ..through });
}

#[tokio::test]
async fn a_black_hole_for_requests_holds_them_back() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.echo("before").unwrap();
    proxy.set(Fault::BlackHole(Direction::ToServer)).unwrap();
    client.send("lost");
    let traffic = proxy.until(|traffic| traffic.from_client == 10).await.unwrap();
    assert_eq!(traffic.to_server, 6);
    assert!(client.is_silent());

    proxy.set(Fault::None).unwrap();
    assert_eq!(client.receive(4).unwrap(), "lost");
}

#[tokio::test]
async fn a_black_hole_for_replies_lets_the_request_happen() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.echo("before").unwrap();
    proxy.set(Fault::BlackHole(Direction::ToClient)).unwrap();
    client.send("done");
    let traffic = proxy.until(|traffic| traffic.from_server == 10).await.unwrap();
    assert_eq!((traffic.to_server, traffic.to_client), (10, 6));
    assert!(client.is_silent());

    proxy.set(Fault::None).unwrap();
    assert_eq!(client.receive(4).unwrap(), "done");
}

#[test]
fn a_delay_holds_back_for_a_while_each_way() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    let delay = Duration::from_millis(60);
    proxy.set(Fault::Delay(delay)).unwrap();
    let start = Instant::now();
    assert_eq!(client.echo("slow").unwrap(), "slow");
    assert!(start.elapsed() >= 2 * delay);
}

#[tokio::test]
async fn cuts_a_request_after_so_many_bytes() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.echo("before").unwrap();
    proxy.set(Fault::CutAfter { direction: Direction::ToServer, bytes: 3 }).unwrap();
    client.send("hello");
    let traffic = proxy.until(|traffic| traffic.open == 0).await.unwrap();
    assert_eq!(traffic.to_server, 6 + 3);
}

#[test]
fn cuts_a_reply_after_so_many_bytes_on_each_connection() {
    let proxy = proxy();
    proxy.set(Fault::CutAfter { direction: Direction::ToClient, bytes: 3 }).unwrap();
    for _ in 0..2 {
        let mut client = Client::connect(&proxy);
        client.send("hello");
        assert_eq!(client.receive(3).unwrap(), "hel");
        assert_eq!(client.end().unwrap(), 0);
    }
}

#[test]
fn counts_a_cut_from_when_it_was_set() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    let cut = Fault::CutAfter { direction: Direction::ToClient, bytes: 8 };
    proxy.set(cut).unwrap();
    assert_eq!(client.echo("12345").unwrap(), "12345");
    proxy.set(cut).unwrap();
    assert_eq!(client.echo("12345").unwrap(), "12345");
    client.send("12345");
    assert_eq!(client.receive(3).unwrap(), "123");
    assert_eq!(client.end().unwrap(), 0);
}

#[test]
fn resets_open_and_new_connections() {
    let proxy = proxy();
    let mut open = Client::connect(&proxy);
    open.echo("before").unwrap();
    proxy.set(Fault::Reset).unwrap();
    assert_eq!(open.end().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(Client::connect(&proxy).end().unwrap_err().kind(), ErrorKind::ConnectionReset);

    proxy.set(Fault::None).unwrap();
    assert_eq!(Client::connect(&proxy).echo("after").unwrap(), "after");
}

#[test]
fn refuses_new_connections_and_ends_open_ones() {
    let proxy = proxy();
    let mut open = Client::connect(&proxy);
    open.echo("before").unwrap();
    for _ in 0..3 {
        proxy.set(Fault::Refuse).unwrap();
        assert_eq!(TcpStream::connect(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        proxy.set(Fault::None).unwrap();
        assert_eq!(Client::connect(&proxy).echo("after").unwrap(), "after");
    }
    assert_eq!(open.end().unwrap(), 0);
}

#[tokio::test]
async fn hangs_open_and_new_connections_until_it_ends() {
    let proxy = proxy();
    let mut open = Client::connect(&proxy);
    open.echo("before").unwrap();
    proxy.set(Fault::Hang).unwrap();
    open.send("open");
    let mut new = Client::connect(&proxy);
    new.send("new");
    let traffic = proxy.until(|traffic| traffic.connections == 2 && traffic.from_client == 10).await.unwrap();
    assert_eq!((traffic.open, traffic.to_server), (2, 6));
    assert!(open.is_silent() && new.is_silent());

    proxy.set(Fault::None).unwrap();
    assert_eq!(open.receive(4).unwrap(), "open");
    assert_eq!(new.receive(3).unwrap(), "new");
}

#[test]
fn ends_with_its_connections_when_dropped() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.echo("before").unwrap();
    let address = proxy.address();
    drop(proxy);
    assert_eq!(client.end().unwrap(), 0);
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}
