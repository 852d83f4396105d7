//! Listens to one sentinel for the news that a primary has changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::link::Link;
use super::primary::Primary;
use crate::endpoint::Address;
use crate::fault::Fault;
use crate::resp::{Element, Elements, Malformed, Reply, push_command};

const CHANNEL: &[u8] = b"+switch-master";
/// A connection that has been silent for so long is tried: a dead line looks like one with nothing to tell.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Mean pause before the next connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens for as long as the task lives.
pub(super) async fn listen(link: Arc<Link>, primary: Arc<Primary>, connect_timeout: Duration) {
    loop {
        // Whatever ends it, the sentinels are asked every second all the same.
        let _ = follow(&link, &primary, connect_timeout).await;
        tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
    }
}

async fn follow(link: &Link, primary: &Primary, connect_timeout: Duration) -> Result<(), Fault> {
    let Ok(connected) = timeout(connect_timeout, link.connect()).await else { return Ok(()) };
    let mut connection = connected?;
    let mut conversation = connection.converse();
    let mut out = Vec::new();
    push_command(&mut out, &[b"SUBSCRIBE", CHANNEL]);
    conversation.send(&mut out).await?;
    let mut tried = false;
    loop {
        match timeout(HEARTBEAT, conversation.read(|reply| read_news(reply, link.service()))).await {
            Ok(news) => {
                tried = false;
                if let Some(left) = news? {
                    primary.leave(&left);
                }
            }
            Err(_) if tried => return Ok(()),
            Err(_) => {
                tried = true;
                push_command(&mut out, &[b"PING"]);
                conversation.send(&mut out).await?;
            }
        }
    }
}

/// The address that is no longer the primary of `service`, if that is what a message says.
fn read_news(reply: &Reply<'_>, service: &str) -> Result<Option<Address>, Malformed> {
    match reply {
        Reply::Array(parts) => Ok(message(parts).and_then(|text| left(text, service))),
        // The right to subscribe, or to PING, is missing.
        Reply::Scalar(_) | Reply::NilArray | Reply::TooLarge => Err(Malformed),
    }
}

fn message<'a>(parts: &Elements<'a>) -> Option<&'a str> {
    let mut parts = parts.iter();
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Element::Bulk(b"message")), Some(Element::Bulk(CHANNEL)), Some(Element::Bulk(text))) => {
            std::str::from_utf8(text).ok()
        }
        _ => None,
    }
}

/// Of `service old-host old-port new-host new-port`.
fn left(text: &str, service: &str) -> Option<Address> {
    let mut words = text.split(' ');
    (words.next()? == service).then_some(())?;
    Address::of_node(words.next()?, words.next()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_of_the_service_count() {
        let old = Address::of_node("10.0.0.1", 6379);
        assert_eq!(left("labels 10.0.0.1 6379 10.0.0.2 6379", "labels"), old);
        for text in ["other 10.0.0.1 6379 10.0.0.2 6379", "labels", "labels 10.0.0.1 x", ""] {
            assert_eq!(left(text, "labels"), None, "{text}");
        }
    }
}
