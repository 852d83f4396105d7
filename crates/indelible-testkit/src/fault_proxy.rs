mod relay;

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc as async_mpsc, watch};
use tokio::task::JoinSet;

use self::relay::relay;
use crate::background::Background;

/// Which way bytes flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Replies.
    ToClient,
}

/// What the proxy does to its connections, open and new ones alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Passes everything on.
    None,
    /// Holds back what flows this way, the end of the connection too; it is delivered when the fault ends, as by a
    /// network that heals.
    BlackHole(Direction),
    /// Passes every chunk on after a while.
    Delay(Duration),
    /// Passes exactly so many bytes this way on each connection, counted from here, then closes it; with 0, when the
    /// first byte arrives.
    CutAfter {
        /// Which way is counted.
        direction: Direction,
        /// How many bytes still pass.
        bytes: u64,
    },
    /// Resets every connection towards the client (RST), new ones as soon as they are accepted.
    Reset,
    /// Closes every connection and refuses new ones; the port stays ours.
    Refuse,
    /// Accepts new connections and passes nothing on in either direction until the fault ends.
    Hang,
}

/// What went through the proxy since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections accepted.
    pub connections: u64,
    /// Of these, open now.
    pub open: u64,
    /// Bytes that came from clients.
    pub from_client: u64,
    /// Of these, bytes passed on to the server.
    pub to_server: u64,
    /// Bytes that came from the server.
    pub from_server: u64,
    /// Of these, bytes passed on to clients.
    pub to_client: u64,
}

/// A TCP proxy on a loopback port that breaks connections on demand. It runs on a thread of its own.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    commands: async_mpsc::UnboundedSender<Command>,
    traffic: watch::Receiver<Traffic>,
    _accepting: Background,
}

#[derive(Debug)]
struct Command {
    fault: Fault,
    applied: mpsc::Sender<io::Result<()>>,
}

impl FaultProxy {
    /// Starts to pass on to `upstream`, without a fault.
    ///
    /// # Errors
    ///
    /// What listening fails with.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let (commands, orders) = async_mpsc::unbounded_channel();
        let (counting, traffic) = watch::channel(Traffic::default());
        let (started, starting) = mpsc::channel();
        let accepting = Background::start("fault-proxy", move || async move {
            match Door::open() {
                Ok(door) => {
                    let _ = started.send(Ok(door.address));
                    accept(door, upstream, orders, counting).await;
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            }
        })?;
        let address = starting.recv().map_err(|_| ended())??;
        Ok(Self { address, commands, traffic, _accepting: accepting })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the fault. Everything that arrives after this returned meets the new one.
    ///
    /// # Errors
    ///
    /// What listening again fails with, after [`Fault::Refuse`].
    pub fn set(&self, fault: Fault) -> io::Result<()> {
        let (applied, answer) = mpsc::channel();
        self.commands.send(Command { fault, applied }).map_err(|_| ended())?;
        answer.recv().map_err(|_| ended())?
    }

    /// What went through since the start.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        *self.traffic.borrow()
    }

    /// Waits until `condition` holds, for as long as the caller lets it.
    ///
    /// # Errors
    ///
    /// When the proxy has ended.
    pub async fn until(&self, condition: impl Fn(&Traffic) -> bool) -> io::Result<Traffic> {
        let mut traffic = self.traffic.clone();
        let reached = traffic.wait_for(|traffic| condition(traffic)).await;
        reached.map(|traffic| *traffic).map_err(|_| ended())
    }
}

fn ended() -> io::Error {
    io::Error::other("the fault proxy has ended")
}

async fn accept(
    mut door: Door,
    upstream: SocketAddr,
    mut orders: async_mpsc::UnboundedReceiver<Command>,
    traffic: watch::Sender<Traffic>,
) {
    let faults = watch::Sender::new(Fault::None);
    let mut relays = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(Command { fault, applied }) = order else { return };
                let outcome = door.set_open(fault != Fault::Refuse);
                faults.send_replace(fault);
                if matches!(fault, Fault::Reset | Fault::Refuse) {
                    // Every connection has met the fault before the next one may be set.
                    while relays.join_next().await.is_some() {}
                }
                let _ = applied.send(outcome); // the caller waits for it
            }
            client = door.accept() => {
                relays.spawn(relay(client, upstream, faults.subscribe(), traffic.clone()));
            }
            Some(_ended) = relays.join_next() => {}
        }
    }
}

/// A port that stays ours while nobody listens on it: a second socket is bound to it and never listens, so that
/// connecting is refused and the port is not handed to anyone else.
struct Door {
    address: SocketAddr,
    _holder: TcpSocket,
    listener: Option<TcpListener>,
}

impl Door {
    fn open() -> io::Result<Self> {
        let holder = bound_to(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let mut door = Self { address: holder.local_addr()?, _holder: holder, listener: None };
        door.set_open(true)?;
        Ok(door)
    }

    fn set_open(&mut self, open: bool) -> io::Result<()> {
        if !open {
            self.shut();
        } else if self.listener.is_none() {
            self.listener = Some(bound_to(self.address)?.listen(1024)?);
        }
        Ok(())
    }

    fn shut(&mut self) {
        if let Some(listener) = self.listener.take() {
            // Closing alone does not end it while a process that is just being forked, such as a test server, still
            // holds a copy. Where a listener cannot be shut down (macOS says so), closing has to do.
            let _ = rustix::net::shutdown(&listener, rustix::net::Shutdown::Both);
        }
    }

    async fn accept(&self) -> TcpStream {
        loop {
            match &self.listener {
                Some(listener) => {
                    if let Ok((client, _)) = listener.accept().await {
                        return client;
                    } // else the client went away before we looked
                }
                None => std::future::pending().await,
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut();
    }
}

fn bound_to(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
