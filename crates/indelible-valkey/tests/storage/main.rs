//! The storage driver against a real server: one binary, because linking it is the slow part.

// `cfg(test)` also tells clippy that the helpers in these files are test code.
#[cfg(test)]
mod backend;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod windows;
#[cfg(test)]
mod wire;
