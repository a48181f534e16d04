use super::http::Message;
use domain::ports::Vault;
use serde_json::Value;
use std::sync::Arc;
use stores::dynamo::Access;
use stores::vault::VaultAt;

/// A vault of a key that is made for it, on the KMS at `endpoint`.
pub(crate) async fn vault(endpoint: &str) -> Arc<dyn Vault> {
    let vault: VaultAt = format!("kms:{},endpoint={endpoint}", new_key(endpoint).await).parse().unwrap();
    vault.open(&Access::of_function()).unwrap()
}

/// As an operator makes one, once; no code of the service may.
async fn new_key(endpoint: &str) -> String {
    let head = concat!(
        "POST / HTTP/1.1\r\nhost: kms\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n",
        "x-amz-target: TrentService.CreateKey\r\nauthorization: AWS4-HMAC-SHA256 ",
        "Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{}"
    );
    let answer = Message::raw(head).ask(endpoint).await;
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}
