use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::{Direction, Fault, Traffic};

const CHUNK_BYTES: usize = 64 * 1024;

/// Carries one connection to its end, through whatever faults come.
pub(super) async fn relay(
    mut client: TcpStream,
    upstream: SocketAddr,
    mut faults: watch::Receiver<Fault>,
    traffic: watch::Sender<Traffic>,
) {
    let _open = Open::count(&traffic);
    let exchanging = faults.clone();
    let reset = tokio::select! {
        biased; // the fault first: nothing more gets through once it is set
        end = faults.wait_for(|fault| matches!(fault, Fault::Reset | Fault::Refuse)) => {
            end.is_ok_and(|fault| *fault == Fault::Reset)
        }
        // An error is a peer that went away, or a cut: both sides see the connection end, which is what tests look at.
        _ = exchange(&mut client, upstream, exchanging, &traffic) => false,
    };
    if reset {
        // Should it fail, the connection ends with FIN, and the test that waits for a reset says so.
        let _ = client.set_zero_linger();
    }
}

async fn exchange(
    client: &mut TcpStream,
    upstream: SocketAddr,
    mut faults: watch::Receiver<Fault>,
    traffic: &watch::Sender<Traffic>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    faults.wait_for(|fault| *fault != Fault::Hang).await.map_err(gone)?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let requests = Pump { direction: Direction::ToServer, passed: 0, faults: faults.clone(), traffic };
    let replies = Pump { direction: Direction::ToClient, passed: 0, faults, traffic };
    tokio::try_join!(requests.run(from_client, to_server), replies.run(from_server, to_client))?;
    Ok(())
}

fn gone<E>(_: E) -> io::Error {
    io::Error::other("the fault proxy has ended")
}

/// Moves the bytes of one direction.
struct Pump<'a> {
    direction: Direction,
    /// Bytes passed on since the fault was last set.
    passed: u64,
    faults: watch::Receiver<Fault>,
    traffic: &'a watch::Sender<Traffic>,
}

impl Pump<'_> {
    /// Until the sender's end, which is passed on, or a cut, which is an error.
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let received = from.read(&mut buffer).await?;
            self.count_received(received);
            let fault = self.next_fault().await?;
            if received == 0 {
                return to.shutdown().await;
            }
            let chunk = buffer.get(..received).unwrap_or_default();
            match fault {
                Fault::CutAfter { direction, bytes } if direction == self.direction => {
                    let room = usize::try_from(bytes.saturating_sub(self.passed)).unwrap_or(usize::MAX);
                    self.pass(chunk.get(..room).unwrap_or(chunk), &mut to).await?;
                    if room <= received {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
                Fault::Delay(delay) => {
                    tokio::time::sleep(delay).await;
                    self.pass(chunk, &mut to).await?;
                }
                Fault::None | Fault::BlackHole(_) | Fault::CutAfter { .. } => self.pass(chunk, &mut to).await?,
                // `relay` is about to end the connection, and `next_fault` does not return `Hang`.
                Fault::Reset | Fault::Refuse | Fault::Hang => return std::future::pending().await,
            }
        }
    }

    /// The fault that what has just arrived meets, once nothing holds it back any more.
    async fn next_fault(&mut self) -> io::Result<Fault> {
        if self.faults.has_changed().map_err(gone)? {
            self.passed = 0;
        }
        let direction = self.direction;
        let holds = |fault: &Fault| *fault == Fault::Hang || *fault == Fault::BlackHole(direction);
        if holds(&self.faults.borrow_and_update()) {
            self.passed = 0;
        }
        self.faults.wait_for(|fault| !holds(fault)).await.map(|fault| *fault).map_err(gone)
    }

    async fn pass(&mut self, chunk: &[u8], to: &mut WriteHalf<'_>) -> io::Result<()> {
        to.write_all(chunk).await?;
        let bytes = as_count(chunk.len());
        self.passed += bytes;
        self.traffic.send_modify(|traffic| match self.direction {
            Direction::ToServer => traffic.to_server += bytes,
            Direction::ToClient => traffic.to_client += bytes,
        });
        Ok(())
    }

    fn count_received(&self, bytes: usize) {
        let bytes = as_count(bytes);
        self.traffic.send_modify(|traffic| match self.direction {
            Direction::ToServer => traffic.from_client += bytes,
            Direction::ToClient => traffic.from_server += bytes,
        });
    }
}

fn as_count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Counts a connection as open for as long as it lives.
struct Open<'a>(&'a watch::Sender<Traffic>);

impl<'a> Open<'a> {
    fn count(traffic: &'a watch::Sender<Traffic>) -> Self {
        traffic.send_modify(|traffic| {
            traffic.connections += 1;
            traffic.open += 1;
        });
        Self(traffic)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|traffic| traffic.open -= 1);
    }
}
