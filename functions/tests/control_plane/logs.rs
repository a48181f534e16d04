use crate::broken::Broken;
use crate::house::{Ask, House, TOKEN};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that this thread logs, at every level, while the guard lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_failing_store_is_logged_with_the_id_that_the_user_quotes() {
    let (log, _guard) = Log::begin();
    let house = House::with_home(|home| home.ledger = Arc::new(Broken::Dead));
    let answer = house.get("/usage").await;
    let text = log.text();
    let line = text.lines().find(|line| line.contains("connection refused")).unwrap();
    assert!(line.contains("WARN") && line.contains(answer.header("x-request-id").unwrap()), "{line}");
}

#[tokio::test]
async fn a_failing_gate_is_logged_once_a_minute() {
    let (log, _guard) = Log::begin();
    let house = House::with(|plane| plane.front.rate_gate = Arc::new(Broken::Dead));
    for _ in 0..100 {
        house.get("/usage").await;
        house.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(log.text().matches("requests pass uncounted").count(), 2);
}

#[tokio::test]
async fn no_token_and_no_document_name_is_logged() {
    let (log, _guard) = Log::begin();
    let house = House::with_home(|home| home.pins = Arc::new(Broken::Dead));
    house.get("/discovery?documentName=secret-plan").await;
    house.ask(Ask::get(&format!("/discovery?documentName=secret-plan&token={TOKEN}"))).await;
    house.ask(Ask::get("/secret-plan/forged?access_token=forged")).await;
    let text = log.text();
    assert!(text.contains("answered"));
    for secret in [TOKEN, "secret-plan", "forged"] {
        assert!(!text.contains(secret), "{text}");
    }
}
