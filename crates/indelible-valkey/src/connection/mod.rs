//! Connections: dialling, TLS, and the examination that every new one must pass before it carries an operation.

mod conversation;
mod dialer;
mod handshake;
mod server_info;
mod server_settings;
mod stream;
mod suspects;

pub(crate) use conversation::{Conversation, push_auth};
pub(crate) use dialer::Dialer;
pub(crate) use handshake::{Handshake, greet};
pub(crate) use server_info::ServerInfo;
pub(crate) use server_settings::ServerSettings;
pub(crate) use stream::Stream;
