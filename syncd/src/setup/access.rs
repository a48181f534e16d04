use stores::dynamo::Access;
use tokio::sync::OnceCell;

/// Credentials and connections to DynamoDB, made when the first table wants them and shared by all.
#[derive(Default)]
pub(super) struct LazyAccess(OnceCell<Access>);

impl LazyAccess {
    pub(super) async fn get(&self) -> &Access {
        self.0.get_or_init(Access::from_environment).await
    }
}
