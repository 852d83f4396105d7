//! The storage domain from outside: one binary, because linking it is the slow part.

// `cfg(test)` also tells clippy that the helpers in these files are test code.
#[cfg(test)]
mod policy_vectors;
#[cfg(test)]
mod registry;
