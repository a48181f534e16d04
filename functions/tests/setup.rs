//! What functions are told by their environment, and what they say of it where it is wrong.

use functions::setup::{self, Environment, Mistakes};

/// An environment in which every function starts.
const WHOLE: [(&str, &str); 7] = [
    ("AWS_REGION", "eu-central-1"),
    ("WIRESOCKET_REGION", "eu-central-1"),
    ("WIRESOCKET_HOME", "aws-eu-central-1=wiresocket aws-us-east-1=wiresocket,region=us-east-1"),
    ("WIRESOCKET_REGISTRY", "wiresocket-registry"),
    ("WIRESOCKET_USAGE", "wiresocket-usage"),
    ("WIRESOCKET_VAULT", "kms:alias/wiresocket"),
    ("WIRESOCKET_REDIS", "redis://cache.internal:6379"),
];

/// The whole environment with these variables changed; an empty one is as good as none.
fn with(changes: &[(&str, &str)]) -> Environment {
    WHOLE.iter().chain(changes).copied().collect()
}

fn told<T>(outcome: Result<T, Mistakes>) -> String {
    outcome.err().map(|mistakes| mistakes.to_string()).unwrap_or_default()
}

#[test]
fn a_whole_environment_sets_every_function_up_without_a_network() {
    let plane = setup::lookups(&with(&[])).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(plane.region.as_str(), "eu-central-1");
    assert_eq!(plane.homes.default_home().as_str(), "aws-eu-central-1");
    assert_eq!(plane.homes.iter().count(), 2);
    assert_eq!(told(setup::issuer(&with(&[]))), "");
    assert_eq!(told(setup::sweep(&with(&[]))), "");
    assert!(plane.metering.is_some());
    assert!(setup::reports(&with(&[])).unwrap_or_else(|mistakes| panic!("{mistakes}")).1.webhooks.is_some());
    assert!(setup::platform(&with(&[])).unwrap_or_else(|mistakes| panic!("{mistakes}")).2.webhooks.is_none());
    assert_eq!(told(setup::alerting(&with(&[]))), "");
}

#[tokio::test]
async fn two_functions_of_one_environment_are_two_writers() {
    let writer = || setup::lookups(&with(&[])).ok().and_then(|plane| plane.metering).unwrap().writer();
    assert_ne!(writer(), writer());
}

#[test]
fn lookups_without_a_place_for_usage_meter_nothing() {
    let plane =
        setup::lookups(&with(&[("WIRESOCKET_USAGE", "")])).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(plane.metering.is_none() && plane.flush_after().is_none());
}

#[test]
fn each_function_asks_for_what_it_needs_and_nothing_else() {
    let cases = [
        // Lookups, the issuer, the sweep; reports, the platform's counts, alerting.
        ("WIRESOCKET_REGION", [false, true, true, true, true, true]),
        ("WIRESOCKET_HOME", [false, true, false, true, false, true]),
        ("WIRESOCKET_REGISTRY", [false, false, true, false, false, false]),
        ("WIRESOCKET_USAGE", [true, true, true, false, false, false]),
        ("WIRESOCKET_VAULT", [true, false, true, false, true, false]),
        ("WIRESOCKET_REDIS", [true, true, true, true, true, true]),
    ];
    for (lacking, starts) in cases {
        let rest = with(&[(lacking, "")]);
        let told = [
            setup::lookups(&rest).is_ok(),
            setup::issuer(&rest).is_ok(),
            setup::sweep(&rest).is_ok(),
            setup::reports(&rest).is_ok(),
            setup::platform(&rest).is_ok(),
            setup::alerting(&rest).is_ok(),
        ];
        assert_eq!(told, starts, "{lacking}");
    }
}

#[test]
fn the_operators_key_set_takes_the_place_of_the_registry() {
    for keys in ["/var/task/jwks.json", "https://keys.example.com/jwks", "https://h.example/{tenantId}/jwks"]
    {
        let environment = with(&[("WIRESOCKET_REGISTRY", ""), ("WIRESOCKET_JWKS", keys)]);
        assert_eq!(told(setup::lookups(&environment)), "", "{keys}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let wrong = with(&[
        ("WIRESOCKET_REGION", ""),
        ("WIRESOCKET_HOME", "wiresocket"),
        ("WIRESOCKET_REGISTRY", "no table"),
        ("WIRESOCKET_RATE_LIMITS", "maybe"),
        ("WIRESOCKET_TRUSTED_PROXY", "10.0.0.0/33"),
    ]);
    let told = told(setup::lookups(&wrong));
    for variable in [
        "REGION is missing",
        "HOME (`wiresocket`)",
        "REGISTRY (`no table`)",
        "RATE_LIMITS (`maybe`)",
        "TRUSTED_PROXY",
    ] {
        assert!(told.contains(&format!("WIRESOCKET_{variable}")), "{variable}: {told}");
    }
}

#[test]
fn everything_that_operators_functions_lack_is_told_at_once() {
    let lacking =
        with(&[("WIRESOCKET_USAGE", "no table"), ("WIRESOCKET_REGISTRY", ""), ("WIRESOCKET_VAULT", "")]);
    for told in [told(setup::reports(&lacking)), told(setup::alerting(&lacking))] {
        for wrong in ["USAGE (`no table`)", "REGISTRY is missing", "VAULT is missing"] {
            assert!(told.contains(&format!("WIRESOCKET_{wrong}")), "{wrong}: {told}");
        }
    }
    let told = told(setup::platform(&with(&[("WIRESOCKET_HOME", ""), ("WIRESOCKET_USAGE", "")])));
    assert!(
        told.contains("WIRESOCKET_HOME is missing") && told.contains("WIRESOCKET_USAGE is missing"),
        "{told}"
    );
}

#[test]
fn a_mistake_says_what_would_be_right() {
    let cases = [
        ("WIRESOCKET_REGION", "a region", "eu-central-1"),
        ("WIRESOCKET_HOME", " ", "NAME=TABLE"),
        ("WIRESOCKET_HOME", "a=table a=other", "twice"),
        ("WIRESOCKET_HOME", "a=t", "3 to 255 characters"),
        ("WIRESOCKET_HOME", "a b=table", "NAME=TABLE"),
        ("WIRESOCKET_DYNAMODB_ENDPOINT", "localhost:8000", "http://HOST"),
        ("WIRESOCKET_JWKS", "ftp://keys", "https://HOST/PATH"),
        ("WIRESOCKET_JWKS", "http://keys.example.com/jwks", "https://"),
        ("WIRESOCKET_JWKS", "https://h/{tenantId}/jwks", "leave one of them out"),
        ("WIRESOCKET_REDIS", "http://cache", "redis://"),
        ("WIRESOCKET_REDIS_CA", "/no/such/file", "can't be read"),
        ("WIRESOCKET_RATE_LIMITS", "true", "on or off"),
        ("WIRESOCKET_TRUSTED_PROXY", "localhost", "10.0.0.0/8"),
        ("AWS_REGION", "", "AWS_REGION"),
    ];
    for (variable, value, right) in cases {
        let told = told(setup::lookups(&with(&[(variable, value)])));
        assert!(told.starts_with(variable) && told.contains(right), "{variable}={value}: {told}");
    }
    let vault = told(setup::issuer(&with(&[("WIRESOCKET_VAULT", "hsm:1")])));
    assert!(vault.starts_with("WIRESOCKET_VAULT (`hsm:1`)") && vault.contains("kms:KEY"), "{vault}");
}

#[test]
fn what_goes_unused_is_refused() {
    for variable in ["WIRESOCKET_REDIS_PASSWORD", "WIRESOCKET_REDIS_CA"] {
        let told = told(setup::lookups(&with(&[("WIRESOCKET_REDIS", ""), (variable, "/dev/null")])));
        assert!(told.starts_with(variable) && told.contains("of no use without WIRESOCKET_REDIS"), "{told}");
    }
}

#[test]
fn no_secret_is_told() {
    let secret = "s3cret";
    for changes in [
        [("WIRESOCKET_REDIS", "http://:s3cret@cache"), ("WIRESOCKET_REDIS_PASSWORD", "")],
        [("WIRESOCKET_REDIS", "redis://:s3cret@cache"), ("WIRESOCKET_REDIS_PASSWORD", "s3cret")],
        [("WIRESOCKET_JWKS", "ftp://keys/?key=s3cret"), ("WIRESOCKET_REGISTRY", "")],
    ] {
        let told = told(setup::lookups(&with(&changes)));
        assert!(told.starts_with("WIRESOCKET_") && !told.contains(secret), "{told}");
    }
}

#[test]
fn metrics_go_where_cloudwatch_takes_them() {
    let namespace =
        |text: &str| setup::sweep(&with(&[("WIRESOCKET_METRICS", text)])).map(|(_, namespace)| namespace);
    assert_eq!(
        namespace("WireSocket/staging").map(|namespace| namespace.to_string()).unwrap(),
        "WireSocket/staging"
    );
    for wrong in ["AWS/Lambda", ":staging", "two words", &"n".repeat(256)] {
        assert!(told(namespace(wrong)).contains("WIRESOCKET_METRICS"), "{wrong}");
    }
    let both = told(setup::sweep(&with(&[("WIRESOCKET_METRICS", ":"), ("WIRESOCKET_HOME", "")])));
    assert!(both.contains("WIRESOCKET_METRICS") && both.contains("WIRESOCKET_HOME"), "{both}");
}
