//! What the sentinels say: each by itself, and together.

use std::sync::Arc;

use super::{Finding, STEP_TIMEOUT};
use crate::config::SentinelConfig;
use crate::endpoint::Address;
use crate::outcome::Outcomes;
use crate::sentinel::{Answer, Panel, Verdict};
use crate::waiting::Waiting;

const NAME: &str = "sentinels";

/// Asks every sentinel where the primary is. The finding, and the address if they agree on one.
pub(super) async fn judge(sentinels: &Arc<SentinelConfig>) -> (Finding, Option<Address>) {
    let nobody: Arc<dyn Outcomes> = Arc::new(Waiting::new(drop));
    let each = Panel::new(sentinels, &nobody).question_each(STEP_TIMEOUT).await;
    let answers: Vec<Answer> = each.iter().map(|(_, answer)| answer.clone()).collect();
    let (service, all) = (&sentinels.service, each.len());
    let primary = match Verdict::of(&answers, all) {
        Verdict::Named(primary) => primary,
        Verdict::Unknown(why) => {
            let hint = "are these the sentinels, is `service` the name in their `sentinel monitor`, may this user ask?";
            return (Finding::fail(NAME, format!("{why}; {}", dissent(&each, None)), hint), None);
        }
    };
    let dissent = dissent(&each, Some(&primary));
    let agreed = each.iter().filter(|(_, answer)| answer.address() == Some(&primary)).count();
    let detail = format!("{agreed} of {all} name {primary} the primary of {service}");
    let finding = if dissent.is_empty() {
        Finding::ok(NAME, detail)
    } else {
        let hint = "a store works as long as more than half agree: mend the others, or take them off the list";
        Finding::warn(NAME, format!("{detail}; {dissent}"), hint)
    };
    (finding, Some(primary))
}

/// What those say that do not name `primary`.
fn dissent(each: &[(String, Answer)], primary: Option<&Address>) -> String {
    let others = each.iter().filter(|(_, answer)| answer.address().is_none() || answer.address() != primary);
    let said = others.map(|(sentinel, answer)| match answer {
        Answer::Named(other) => format!("{sentinel} names {other}"),
        Answer::Unknown => format!("{sentinel} knows no such service"),
        Answer::Refused => format!("{sentinel} refuses the credentials or the question"),
        Answer::Silent => format!("{sentinel} cannot be reached"),
    });
    said.collect::<Vec<_>>().join(", ")
}
