use super::faulty::Faulty;
use domain::ports::{RefreshFamilies, Turn, Unavailable};
use domain::registry::{Presented, RefreshFamily};

const NAME: &str = "refresh tokens";

#[async_trait::async_trait]
impl<T: RefreshFamilies + ?Sized> RefreshFamilies for Faulty<T> {
    async fn begin(&self, family: &RefreshFamily) -> Result<(), Unavailable> {
        let family = family.clone();
        self.meet(NAME, move |store| {
            let family = family.clone();
            async move { store.begin(&family).await }
        })
        .await
    }

    async fn turn(&self, turn: &Turn, now_unix_s: u64) -> Result<Presented, Unavailable> {
        let turn = turn.clone();
        self.meet(NAME, move |store| {
            let turn = turn.clone();
            async move { store.turn(&turn, now_unix_s).await }
        })
        .await
    }
}
