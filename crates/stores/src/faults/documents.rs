use super::faulty::Faulty;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, LogBounds, Opened, Position};
use std::time::Duration;

const NAME: &str = "documents";

#[async_trait::async_trait]
impl<T: Documents + ?Sized> Documents for Faulty<T> {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let document = document.clone();
            async move { store.open(&document, generation).await }
        })
        .await
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        let (document, updates) = (document.clone(), updates.to_vec());
        self.meet(NAME, move |store| {
            let (document, updates) = (document.clone(), updates.clone());
            async move { store.append(&document, generation, after, &updates).await }
        })
        .await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let (document, state) = (document.clone(), state.clone());
            async move { store.compact(&document, generation, through, state).await }
        })
        .await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let document = document.clone();
            async move { store.check(&document, generation, at).await }
        })
        .await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let document = document.clone();
            async move { store.expire(&document, generation).await }
        })
        .await
    }

    async fn archive(
        &self,
        document: &DocumentKey,
        generation: Generation,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let (document, state) = (document.clone(), state.clone());
            async move { store.archive(&document, generation, state).await }
        })
        .await
    }

    async fn restore(
        &self,
        document: &DocumentKey,
        generation: Generation,
        above: Position,
        state: Bytes,
    ) -> Result<Position, DocumentsError> {
        let document = document.clone();
        self.meet(NAME, move |store| {
            let (document, state) = (document.clone(), state.clone());
            async move { store.restore(&document, generation, above, state).await }
        })
        .await
    }

    fn archive_every(&self) -> Option<Duration> {
        self.store().archive_every()
    }

    fn log_bounds(&self) -> LogBounds {
        self.store().log_bounds()
    }

    async fn interrupted(&self) {
        self.store().interrupted().await;
    }
}
