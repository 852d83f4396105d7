//! The test kit tested: one binary, because linking it is the slow part.

// `cfg(test)` also tells clippy that the helpers in these files are test code.
#[cfg(test)]
mod contract;
#[cfg(test)]
mod fault_proxy;
#[cfg(test)]
mod server;
#[cfg(test)]
mod storage_contract;
#[cfg(test)]
mod subprocess;
#[cfg(test)]
mod tls;
