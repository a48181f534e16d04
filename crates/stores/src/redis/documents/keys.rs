use crate::redis::Redis;
use domain::ids::DocumentKey;

/// The keys of one document: its head, its state and its log. What stands in braces is the same in all three, so that
/// they share a slot of a cluster and one script may work on all.
pub(super) fn keys(redis: &Redis, document: &DocumentKey) -> [String; 3] {
    let tag = tag(document);
    ["h", "s", "l"].map(|part| redis.key(format_args!("doc:{{{tag}}}:{part}")))
}

/// A document's key without the brace that would end it early: no two documents have the same.
fn tag(document: &DocumentKey) -> String {
    document.to_string().replace('%', "%25").replace('}', "%7D")
}

/// A key for a large state on its way to the document, in the same slot. No two attempts have the same.
pub(super) fn key_of_attempt(redis: &Redis, document: &DocumentKey, attempt: u64) -> String {
    redis.key(format_args!("doc:{{{}}}:w:{attempt:016x}", tag(document)))
}
