use crate::broken::Broken;
use crate::house::{Ask, House, TOKEN};
use crate::issuing::{Books, CLIENT, SECRET, with_refresh, with_secret};
use domain::claims::Claims;
use domain::ports::Tokens;
use domain::token::TokenRefusal;
use functions::InvocationId;
use std::io;
use std::sync::{Arc, Mutex, Once};
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

/// Has every line be of interest to somebody, before the first is written. Otherwise `tracing` may note that nobody cares
/// for a line, while another test begins its log, and leave it out there too.
pub(crate) fn be_of_interest() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let nowhere = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(io::sink);
        tracing::subscriber::set_global_default(nowhere.finish()).unwrap();
    });
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

/// No key can be had to verify a token by.
struct Keyless;

#[async_trait::async_trait]
impl Tokens for Keyless {
    async fn verify(&self, _: &str, _: u64) -> Result<Arc<Claims>, TokenRefusal> {
        Err(TokenRefusal::Unverifiable)
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_logged_as_a_store_that_is_away() {
    let (log, _guard) = Log::begin();
    let house = House::with(|plane| plane.tokens = Arc::new(Keyless));
    assert_eq!(house.get("/usage").await.refusal().0, 503);
    let text = log.text();
    let line =
        text.lines().find(|line| line.contains("a store is unavailable")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("WARN") && line.contains("keys"), "{line}");
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
async fn every_line_of_a_request_carries_its_ids() {
    let (log, _guard) = Log::begin();
    let house = House::with_home(|home| home.ledger = Arc::new(Broken::Dead));
    let ask = Ask::get(&format!("/usage?token={TOKEN}")).extension(InvocationId("of-lambda".to_owned()));
    let answer = house.ask(ask).await;
    let text = log.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        assert!(
            line.contains(answer.header("x-request-id").unwrap()) && line.contains("of-lambda"),
            "{line}"
        );
    }
    let last = text.lines().last().unwrap();
    for part in ["INFO", "answered", "/usage", "status=503", "ms="] {
        assert!(last.contains(part), "{last}");
    }
}

#[tokio::test]
async fn who_gets_a_token_is_logged_and_no_secret_is() {
    let (log, _guard) = Log::begin();
    let books = Books::new().await;
    let house = books.house();
    let spent = house.refresh_token(CLIENT).await;
    let answer = house.form(&with_refresh(CLIENT, &spent)).await;
    house.form(&with_refresh(CLIENT, &spent)).await;
    house.form(&with_secret(CLIENT, "x")).await;
    let text = log.text();
    let line =
        |words: &str| text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{text}"));
    for words in ["issued a token", "refreshed a token"] {
        let parts = ["INFO", CLIENT, "acme", "editor"];
        assert!(parts.iter().all(|part| line(words).contains(part)), "{}", line(words));
    }
    for words in ["was used again", "a wrong secret was given"] {
        assert!(line(words).contains("WARN") && line(words).contains(CLIENT), "{}", line(words));
    }
    let access_token = answer.json()["access_token"].as_str().unwrap().to_owned();
    for secret in [SECRET, &spent, spent.split_once('.').unwrap().1, &answer.refresh_token(), &access_token] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
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
