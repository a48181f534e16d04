//! Looks into a token without believing it. Good for nothing but telling apart who keeps being refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::bounds::TOKEN_BYTES_MAX;
use domain::ids::{AppId, AppKey, TenantId};
use serde_json::Value;

/// The app that a token claims to speak for.
pub(crate) fn app(jwt: &str) -> Option<AppKey> {
    if jwt.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    let tenant = payload.get("tenantid").or_else(|| payload.get("tenantId"))?.as_str()?;
    let app = payload.get("appId")?.as_str()?;
    Some(AppKey { tenant: TenantId::parse(tenant).ok()?, app: AppId::parse(app).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claimed_app_is_read_and_garbage_is_none() {
        let token = |payload: &str| format!("x.{}.y", URL_SAFE_NO_PAD.encode(payload));
        let key = app(&token(r#"{"tenantid":"t","appId":"a"}"#)).unwrap();
        assert_eq!(key.to_string(), "t::a");
        for garbage in ["", "a.b.c", "x.y", &token("[]"), &token(r#"{"tenantid":"a b","appId":"a"}"#)] {
            assert_eq!(app(garbage), None);
        }
    }
}
