//! The Lambda function that a schedule runs each minute: takes dead nodes off the books where no living node does.

mod lambda;

use functions::metrics::MetricsNamespace;
use functions::setup::{self, Environment};
use functions::sweep::{Sweep, embedded_metrics};
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
        let told = Arc::new(setup::sweep(&environment).map_err(Ended::SetUp)?);
        let handler = service_fn(move |_: LambdaEvent<IgnoredAny>| {
            let told = Arc::clone(&told);
            async move { swept(&told.0, &told.1).await }
        });
        Runtime::new(handler).run().await.map_err(Ended::Runtime)
    })
}

/// One run. It fails where a home was not swept to its end, so that Lambda counts it among its errors.
async fn swept(sweep: &Sweep, namespace: &MetricsNamespace) -> Result<(), Error> {
    let reports = sweep.run().await;
    let mut out = std::io::stdout().lock();
    for metrics in embedded_metrics(&reports, namespace, sweep.unix_ms()) {
        writeln!(out, "{metrics}")?;
    }
    match reports.into_iter().find_map(|report| report.failure) {
        None => Ok(()),
        Some(failure) => Err(failure.into()),
    }
}
