//! More than one server: replicas, failovers and those that tell of them. One binary, because linking it is the slow
//! part.

// `cfg(test)` also tells clippy that the helpers in these files are test code.
#[cfg(test)]
#[path = "../store/calls.rs"]
mod calls;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod scripted_sentinel;
#[cfg(test)]
mod sentinel;
#[cfg(test)]
mod sentinel_faults;
#[cfg(test)]
mod support;
