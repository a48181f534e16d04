//! The Lambda function that a schedule runs each minute: rolls usage up, raises events, and delivers them to webhooks.

mod lambda;

use functions::alerting::{Alerting, embedded_metrics};
use functions::metrics::MetricsNamespace;
use functions::setup::{self, Environment};
use lambda::{Ended, run};
use lambda_http::lambda_runtime::Runtime;
use lambda_http::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run(async {
        let environment = Environment::of_process();
        let told = Arc::new(setup::alerting(&environment).map_err(Ended::SetUp)?);
        let handler = service_fn(move |_: LambdaEvent<IgnoredAny>| {
            let told = Arc::clone(&told);
            async move { alerted(&told.0, &told.1).await }
        });
        Runtime::new(handler).run().await.map_err(Ended::Runtime)
    })
}

/// One run. It fails where its stores kept something from being done, so that Lambda counts it among its errors.
async fn alerted(alerting: &Alerting, namespace: &MetricsNamespace) -> Result<(), Error> {
    let report = alerting.run().await;
    let metrics = embedded_metrics(&report, namespace, alerting.unix_ms());
    writeln!(std::io::stdout().lock(), "{metrics}")?;
    match report.failure {
        None => Ok(()),
        Some(failure) => Err(failure.into()),
    }
}
