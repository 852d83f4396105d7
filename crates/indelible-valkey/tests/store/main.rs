//! The Rust face of the store against real servers: one binary, because linking it is the slow part.

// `cfg(test)` also tells clippy that the helpers in these files are test code.
#[cfg(test)]
mod calls;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod fail_closed;
#[cfg(test)]
mod open_store;
#[cfg(test)]
mod retry;
#[cfg(test)]
mod tls;
