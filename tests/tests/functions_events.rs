//! Lambda's side of the functions: events that nobody in earnest sends, starts that fail, instances that share what they
//! count, and how long it all takes.

use domain::registry::Refresh;
use house_tests::control_plane::{Ask, Caller, Target, refusal};
use house_tests::lambda::{EmulatedFunctions, Emulator, Function, answer_of, event_of};
use house_tests::{Keeps, RedisServer};
use serde_json::{Value, json};
use std::io::Write;

/// A good event with one of its members changed; `null` leaves it out.
fn changed(event: &Value, member: &str, value: Value) -> String {
    let mut event = event.clone();
    match value {
        Value::Null => drop(event.as_object_mut().expect("an event is an object").remove(member)),
        value => event[member] = value,
    }
    event.to_string()
}

#[tokio::test]
async fn a_function_outlives_events_that_are_none() {
    let functions = EmulatedFunctions::start().await;
    let caller = Caller::fresh(&functions).await;
    for (function, good) in [
        (Function::Usage, caller.get("/usage")),
        (Function::Discovery, caller.get("/discovery?documentName=d")),
        (Function::Token, caller.ask("GET", &format!("/{}/.well-known/jwks", caller.tenant()))),
    ] {
        let mut variables = functions.variables(function);
        variables.push(("WIRESOCKET_RATE_LIMITS", "off".to_owned()));
        let emulator = Emulator::start(function, &variables).await;
        let event = event_of(&good, "$default");
        let events = [
            String::new(),
            "garbage".to_owned(),
            "null".to_owned(),
            "[1, 2".to_owned(),
            "{}".to_owned(),
            "{\"version\":\"2.0\"}".to_owned(),
            json!({"Records": [{"eventSource": "aws:sqs"}]}).to_string(),
            changed(&event, "requestContext", Value::Null),
            changed(&event, "requestContext", json!({"http": {}})),
            changed(&event, "rawPath", Value::Null),
            changed(&event, "rawPath", json!("no slash \u{0} \u{fc} #?")),
            changed(&event, "rawQueryString", json!("a b\u{0}\u{fc}#\"<>%")),
            changed(&event, "rawQueryString", json!("x".repeat(100_000))),
            changed(&event, "headers", json!({"a b": "c", "host": "\u{0}", "x": "\n"})),
            changed(&event, "headers", json!([])),
            changed(&event, "cookies", json!(["\u{0}", ""])),
            changed(&event, "body", json!("%%% no base64"))
                .replace("\"isBase64Encoded\":false", "\"isBase64Encoded\":true"),
            "[".repeat(10_000),
        ];
        for event in events {
            emulator.invoke_with(event).await;
            let answer = answer_of(&emulator.invoke(&event_of(&good, "$default")).await);
            assert_eq!(answer.status, 200, "{function:?}: {}\n{}", answer.body, emulator.log());
        }
        assert_eq!(emulator.log().matches("INIT START").count(), 1, "{function:?} was started again");
    }
}

#[tokio::test]
async fn a_start_that_fails_names_the_variables() {
    for (function, missing) in [
        (Function::Discovery, &["WIRESOCKET_HOME", "WIRESOCKET_REGION"][..]),
        (Function::Token, &["WIRESOCKET_REGISTRY", "WIRESOCKET_VAULT"]),
        (Function::Sweep, &["WIRESOCKET_HOME"]),
    ] {
        let environment = [("WIRESOCKET_RATE_LIMITS", "off".to_owned())];
        let emulator = Emulator::start(function, &environment).await;
        emulator.invoke_with("{}").await;
        let log = emulator.log();
        let line = log.lines().find(|line| line.contains("the function can't start"));
        let line = line.unwrap_or_else(|| panic!("{function:?} does not say why:\n{log}"));
        let line: Value = serde_json::from_str(line).expect("it is a line of JSON");
        assert_eq!(line["level"], "ERROR");
        let message = line["message"].as_str().expect("it has a message");
        assert!(missing.iter().all(|name| message.contains(name)), "{message}");
    }
}

#[tokio::test]
async fn instances_of_a_function_count_a_client_together() {
    let redis = RedisServer::start(Keeps::Nothing).await;
    let functions = EmulatedFunctions::start().await;
    let caller = Caller::fresh(&functions).await;
    let mut variables = functions.variables(Function::Usage);
    variables.push(("WIRESOCKET_REDIS", format!("redis://{}", redis.address())));
    let instances = [
        Emulator::start(Function::Usage, &variables).await,
        Emulator::start(Function::Usage, &variables).await,
    ];
    let mut answered = 0;
    for n in 0..20 {
        let event = event_of(&caller.get("/usage"), "GET /usage");
        let answer = answer_of(&instances[n % 2].invoke(&event).await);
        answered += u32::from(answer.status == 200);
    }
    assert_eq!(answered, 12);
}

#[tokio::test]
async fn without_the_vault_no_token_is_signed_and_key_sets_are_served() {
    let functions = EmulatedFunctions::start().await;
    let caller = Caller::fresh(&functions).await;
    let client = caller.client(Refresh::Denied).await;
    let mut variables = functions.variables(Function::Token);
    variables.retain(|(name, _)| *name != "WIRESOCKET_VAULT");
    variables.push(("WIRESOCKET_VAULT", "kms:alias/none,endpoint=http://127.0.0.1:1".to_owned()));
    let token = Emulator::start(Function::Token, &variables).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*client.id),
        ("client_secret", &*client.secret),
    ];
    let answer = answer_of(&token.invoke(&event_of(&caller.token_request(&fields), "$default")).await);
    assert_eq!(refusal(&answer), (503, "service_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some());
    let key_set = caller.ask("GET", &format!("/{}/.well-known/jwks", caller.tenant()));
    assert_eq!(answer_of(&token.invoke(&event_of(&key_set, "$default")).await).status, 200);
}

#[tokio::test]
async fn each_request_is_logged_once_with_its_ids_and_without_its_token() {
    let functions = EmulatedFunctions::start().await;
    let caller = Caller::fresh(&functions).await;
    let answer = functions.ask(&caller.get("/usage")).await;
    let log = functions.function(Function::Usage).await.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let answered: Vec<Value> = lines.filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 1, "{log}");
    assert_eq!((&answered[0]["path"], &answered[0]["status"]), (&json!("/usage"), &json!(200)));
    assert!(answered[0]["ms"].is_number());
    assert_eq!(answered[0]["span"]["request_id"].as_str(), answer.header("x-request-id"));
    assert!(answered[0]["span"]["invocation_id"].is_string());
    assert!(!log.contains(caller.token()), "a token stands in the log");
}

/// Prints what the emulator reports, past the test's captured output; how long it may take is measured elsewhere, on a
/// quiet machine and in release.
#[tokio::test]
async fn the_emulator_reports_how_long_functions_take() {
    let functions = EmulatedFunctions::start().await;
    let callers = [Caller::fresh(&functions).await, Caller::fresh(&functions).await];
    for caller in &callers {
        for _ in 0..10 {
            let key_set = format!("/{}/.well-known/jwks", caller.tenant());
            let asks: [Ask; 3] =
                [caller.get("/usage"), caller.get("/discovery?documentName=d"), caller.ask("GET", &key_set)];
            for ask in &asks {
                assert_eq!(functions.ask(ask).await.status, 200, "{}", ask.uri);
            }
        }
    }
    for (function, timings) in functions.timings() {
        let init = timings.init.expect("the emulator reports it");
        let (first, median) = timings.first_and_median().expect("it was invoked");
        let name = function.name();
        let line =
            format!("{name}: init {init:.1} ms, first answer {first:.1} ms, then {median:.1} ms (median)");
        writeln!(std::io::stderr(), "{line}").expect("stderr can be written");
    }
}
