//! The faults that other tests order are the faults that they get.

use house_tests::{
    Counts, Delay, Dynamo, DynamoAnswer, FaultProxy, Faults, LedgerWriter, LostReply, Outage, Tally,
    ask_dynamo,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const TABLE: &str = "table";
/// Longer than the proxy delays anything here, and than the machine stalls.
const SOON: Duration = Duration::from_secs(10);

struct House {
    dynamo: Dynamo,
    proxy: FaultProxy,
    tally: Arc<Tally>,
}

impl House {
    async fn open() -> Self {
        let dynamo = Dynamo::start();
        let tally = Arc::new(Tally::default());
        let proxy = FaultProxy::before(dynamo.address(), 7, Arc::clone(&tally));
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let table = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "AttributeDefinitions": [attribute("pk"), attribute("sk")],
        });
        let created = ask_dynamo(dynamo.address(), "CreateTable", &table).await.expect("an answer");
        assert_eq!(created.0, 200, "{}", created.1);
        Self { dynamo, proxy, tally }
    }

    /// Asks through the proxy.
    async fn ask(&self, operation: &str, body: &Value) -> DynamoAnswer {
        let endpoint = self.proxy.endpoint();
        let address = endpoint.trim_start_matches("http://").parse().expect("the proxy has an address");
        ask_dynamo(address, operation, body).await
    }

    /// Adds one to the share of `n#1`, through the proxy.
    async fn add(&self) -> DynamoAnswer {
        self.ask("UpdateItem", &addition()).await
    }

    /// What the share counts, read past the proxy.
    async fn count(&self) -> u64 {
        let read = json!({"TableName": TABLE, "Key": key(), "ConsistentRead": true});
        let (_, item) = ask_dynamo(self.dynamo.address(), "GetItem", &read).await.expect("an answer");
        item["Item"]["n#1"]["N"].as_str().map_or(0, |count| count.parse().expect("it is a number"))
    }

    fn counts(&self) -> Counts {
        self.tally.counts()
    }
}

fn key() -> Value {
    json!({"pk": {"S": "APP#t#a"}, "sk": {"S": "LEDGER"}})
}

fn addition() -> Value {
    json!({
        "TableName": TABLE,
        "Key": key(),
        "UpdateExpression": "ADD #me :one",
        "ExpressionAttributeNames": {"#me": "n#1"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    })
}

fn status(answer: &DynamoAnswer) -> Option<u16> {
    answer.as_ref().map(|(status, _)| *status)
}

#[tokio::test]
async fn without_faults_it_passes_all_on_and_counts_it() {
    let house = House::open().await;
    assert_eq!(status(&house.add().await), Some(200));
    let item = json!({"pk": {"S": "NODE#r"}, "sk": {"S": "n#1"}});
    let put = json!({"TableName": TABLE, "Item": item});
    assert_eq!(status(&house.ask("PutItem", &put).await), Some(200));
    let read = json!({"TableName": TABLE, "Key": key()});
    let (_, read) = house.ask("GetItem", &read).await.expect("an answer");
    assert_eq!(read["Item"]["n#1"]["N"], "1");

    let counts = house.counts();
    assert_eq!((counts.operations.get("GetItem"), counts.writes()), (Some(&1), 2));
    assert_eq!((counts.writes_of("LEDGER"), counts.writes_of("NODE")), (1, 1));
    let writer = LedgerWriter { app: "APP#t#a".into(), node: "n#1".into() };
    let writes = counts.ledger.get(&writer).expect("the share was written");
    assert_eq!((writes.asked, writes.in_flight, writes.in_flight_max), (1, 0, 1));
    house.tally.reset();
    assert_eq!(house.counts(), Counts::default());
}

#[tokio::test]
async fn the_largest_number_under_way_at_once_is_seen() {
    let house = House::open().await;
    house.proxy.set(Faults::slow(Duration::from_millis(100)));
    let began = Instant::now();
    let answers = tokio::join!(house.add(), house.add(), house.add());
    assert!([answers.0, answers.1, answers.2].iter().all(|answer| status(answer) == Some(200)));
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(house.counts().ledger_in_flight_max(), 3);
    assert_eq!(house.count().await, 3);
}

#[tokio::test]
async fn a_throttled_request_has_no_effect_and_says_why() {
    let house = House::open().await;
    house.proxy.set(Faults { throttled: 1.0, ..Faults::default() });
    let (status, body) = house.add().await.expect("an answer");
    assert_eq!(status, 400);
    let kind = body["__type"].as_str().expect("errors have a type");
    assert_eq!(kind.rsplit('#').next(), Some("ProvisionedThroughputExceededException"));
    assert_eq!(house.count().await, 0);
}

#[tokio::test]
async fn a_reset_before_the_effect_has_none() {
    let house = House::open().await;
    house.proxy.set(Faults { reset: 1.0, ..Faults::default() });
    assert_eq!(house.add().await, None);
    assert_eq!(house.count().await, 0);
}

#[tokio::test]
async fn a_lost_reply_has_an_effect_and_is_lost_once() {
    let house = House::open().await;
    house
        .proxy
        .set(Faults { delay: Delay::up_to(Duration::from_millis(3)), ..Faults::losing_each_reply_once() });
    for sent in 1..=20 {
        // One in ten is lost in silence.
        let first = timeout(Duration::from_millis(300), house.add()).await;
        assert!(matches!(first, Ok(None) | Err(_)), "{first:?}");
        let repeat = timeout(SOON, house.add()).await.expect("the repeat is answered");
        assert_eq!(status(&repeat), Some(200));
        assert_eq!(house.count().await, 2 * sent, "both took effect");
    }
}

#[tokio::test]
async fn replies_are_lost_as_often_as_ordered() {
    let house = House::open().await;
    house.proxy.set(Faults { lost: LostReply::Sometimes(0.3), ..Faults::default() });
    let mut lost = 0;
    for _ in 0..100 {
        let answer = timeout(Duration::from_millis(300), house.add()).await;
        lost += u32::from(!matches!(answer, Ok(Some(_))));
    }
    assert!((15..=45).contains(&lost), "{lost} of 100 were lost");
    assert_eq!(house.count().await, 100);
}

#[tokio::test]
async fn in_an_outage_nothing_goes_through_and_its_end_ends_it() {
    let house = House::open().await;
    house.proxy.set(Faults::outage(Outage::Refuses));
    assert_eq!(house.add().await, None);
    house.proxy.set(Faults::outage(Outage::Hangs));
    let asking = house.add();
    tokio::pin!(asking);
    assert!(timeout(Duration::from_millis(100), &mut asking).await.is_err(), "it hangs");
    house.proxy.set(Faults::default());
    assert_eq!(timeout(SOON, asking).await.expect("the end of an outage ends what hung"), None);
    assert_eq!(status(&house.add().await), Some(200));
    assert_eq!(house.count().await, 1);
}

#[tokio::test]
async fn an_outage_cuts_what_is_under_way() {
    let house = House::open().await;
    house.proxy.set(Faults::slow(Duration::from_secs(60)));
    let asking = house.add();
    tokio::pin!(asking);
    assert!(timeout(Duration::from_millis(100), &mut asking).await.is_err(), "it is slow");
    house.proxy.set(Faults::outage(Outage::Refuses));
    assert_eq!(timeout(SOON, asking).await.expect("it is cut"), None);
}
