use crate::plane::{Front, answered, answered_within};
use crate::refusal::Refusal;
use crate::token::sha256;
use axum::http::request::Parts;
use domain::http_error::HttpError;
use domain::policy::Policy;
use domain::ports::{ApiKeys, Unavailable};
use domain::registry::{ApiKey, ApiKeyText, ApiScope, KeyHolder};
use std::time::Duration;

/// How long noting a key's use may hold its request up.
const NOTING_MAX: Duration = Duration::from_millis(250);

/// What an endpoint asks of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right {
    /// What the key must be good for.
    pub(crate) scope: ApiScope,
    /// What its requests count under.
    pub(crate) policy: Policy,
}

/// Whose key `text` is, where it is genuine and has the right. Text without the form of a key costs no look-up; keys
/// that are not known count for the client that tries them, and known ones for themselves, whatever they may do.
pub(crate) async fn holder(
    front: &Front,
    api_keys: &dyn ApiKeys,
    text: Option<&str>,
    parts: &Parts,
    right: Right,
) -> Result<KeyHolder, Refusal> {
    let text = text.and_then(ApiKeyText::parse).ok_or(HttpError::UnknownKey)?;
    let key = answered("registry", api_keys.api_key(&text.id())).await?;
    let Some(key) = key.filter(|key| key.is(&sha256(text.reveal().as_bytes()))) else {
        front.admit(Policy::UnknownKey, front.client(parts)).await?;
        return Err(HttpError::UnknownKey.into());
    };
    front.admit_key(right.policy, key.id.clone()).await?;
    note_use(front, api_keys, &key).await;
    if !key.scopes.contains(&right.scope) || !key.holder.may_have(right.scope) {
        return Err(HttpError::ScopeMissing(right.scope.name()).into());
    }
    Ok(key.holder)
}

/// A use that can't be noted is no reason to refuse it.
async fn note_use(front: &Front, api_keys: &dyn ApiKeys, key: &ApiKey) {
    let now_unix_s = front.clock.unix_ms() / 1000;
    if !key.is_use_noteworthy(now_unix_s) {
        return;
    }
    let noting = api_keys.note_use(&key.id, now_unix_s);
    if let Err(Unavailable { store, cause }) = answered_within(NOTING_MAX, "registry", noting).await {
        tracing::warn!(store, cause, key = %key.id, "the use of a key is not noted");
    }
}
