//! What browsers ask before they ask, for targets without a gateway that answers it itself.

use super::caller::Caller;
use super::target::Target;

/// A preflight is answered at every path.
pub async fn a_preflight_is_answered_at_every_path(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key_set = format!("/{}/.well-known/jwks", caller.tenant());
    for (path, method) in [
        ("/discovery", "GET"),
        ("/usage", "GET"),
        ("/connect/token", "POST"),
        (&key_set, "GET"),
        ("/nowhere", "GET"),
    ] {
        let ask = caller
            .ask("OPTIONS", path)
            .header("Origin", "https://app.example.com")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", "authorization");
        let answer = plane.ask(&ask).await;
        assert_eq!((answer.status, &*answer.body), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        let methods = answer.header("access-control-allow-methods").unwrap_or_default();
        assert!(methods.contains(method), "{path}: {methods}");
        let headers = answer.header("access-control-allow-headers").unwrap_or_default();
        assert!(headers.contains("Authorization"), "{path}: {headers}");
    }
}

/// Other methods are told which there are, also where a gateway would not pass them on.
pub async fn other_methods_are_told_which_there_are(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/discovery", "/usage"] {
            let answer = plane.ask(&caller.ask(method, path)).await;
            let told = super::ask::refusal(&answer);
            assert_eq!(told, (405, "method_not_allowed".to_owned()), "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

/// `HEAD` is `GET` without its body.
pub async fn head_is_get_without_its_body(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for (path, status) in [("/usage", 200), ("/discovery", 400), ("/nowhere", 404)] {
        let answer = plane.ask(&caller.ask("HEAD", path).bearer(caller.token())).await;
        assert_eq!((answer.status, &*answer.body), (status, ""), "{path}");
        assert!(answer.header("x-request-id").is_some());
    }
}
