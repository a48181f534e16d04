use super::faulty::Faulty;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, DocumentKey, NodeId, Region, TenantId};
use domain::ledger::{LedgerRecord, ShareWrite, WriteOutcome};
use domain::metering::AppUsage;
use domain::policy::Window;
use domain::ports::{
    Beat, Cluster, Grant, HeldKey, Ledger, Mark, NodeMinute, NodeRecord, Owner, Pin, PinOutcome, Pins,
    PlatformLog, RateBucket, RateGate, Resolution, Sighting, Span, Unavailable, UsageAdd, UsageLog,
    UsageStanding, Want, Writer,
};
use std::time::Duration;

/// A call that may be made several times, at any later moment: its arguments are cloned for each.
macro_rules! meet {
    ($faulty:expr, $name:expr, $method:ident($($argument:ident),*)) => {{
        $(let $argument = $argument.to_owned();)*
        $faulty
            .meet($name, move |store| {
                $(let $argument = $argument.clone();)*
                async move { store.$method($(&$argument),*).await }
            })
            .await
    }};
}
pub(super) use meet;

#[async_trait::async_trait]
impl<T: Ledger + ?Sized> Ledger for Faulty<T> {
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        meet!(self, "ledger", read(app))
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        meet!(self, "ledger", write(app, write))
    }

    async fn forget_sealed(&self, app: &AppKey, share: &NodeId) -> Result<(), Unavailable> {
        meet!(self, "ledger", forget_sealed(app, share))
    }
}

#[async_trait::async_trait]
impl<T: Pins + ?Sized> Pins for Faulty<T> {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        meet!(self, "pins", read(document))
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        meet!(self, "pins", pin(document, owner))
    }

    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        meet!(self, "pins", take_over(document, dead, owner))
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        meet!(self, "pins", unpin(document, held))
    }
}

#[async_trait::async_trait]
impl<T: Cluster + ?Sized> Cluster for Faulty<T> {
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        meet!(self, "cluster", announce(record))
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        meet!(self, "cluster", beat(record))
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.meet("cluster", |store| async move { store.regions().await }).await
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        meet!(self, "cluster", nodes(region))
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        let (region, node) = (region.clone(), node.clone());
        self.meet("cluster", move |store| {
            let (region, node) = (region.clone(), node.clone());
            async move { store.sight(&region, &node, beat).await }
        })
        .await
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        let (region, node) = (region.clone(), node.clone());
        self.meet("cluster", move |store| {
            let (region, node) = (region.clone(), node.clone());
            async move { store.fence(&region, &node, beat).await }
        })
        .await
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        meet!(self, "cluster", reaped(region, node))
    }

    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        meet!(self, "cluster", hold(region, node, key))
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        meet!(self, "cluster", let_go(node, key))
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        meet!(self, "cluster", held(node))
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        meet!(self, "cluster", forget(region, node))
    }
}

#[async_trait::async_trait]
impl<T: RateGate + ?Sized> RateGate for Faulty<T> {
    async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Result<Grant, Unavailable> {
        let bucket = bucket.clone();
        self.meet("rate gate", move |store| {
            let bucket = bucket.clone();
            async move { store.take(&bucket, want, window, within).await }
        })
        .await
    }

    async fn give_back(
        &self,
        bucket: &RateBucket,
        mark: Mark,
        count: u64,
        window: Window,
    ) -> Result<(), Unavailable> {
        let bucket = bucket.clone();
        self.meet("rate gate", move |store| {
            let bucket = bucket.clone();
            async move { store.give_back(&bucket, mark, count, window).await }
        })
        .await
    }
}

#[async_trait::async_trait]
impl<T: UsageLog + ?Sized> UsageLog for Faulty<T> {
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        let add = add.clone();
        self.meet("usage log", move |store| {
            let add = add.clone();
            async move { store.add(writer, sequence, &add).await }
        })
        .await
    }

    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        let app = app.clone();
        self.meet("usage log", move |store| {
            let app = app.clone();
            async move { store.read(&app, from, to, resolution).await }
        })
        .await
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        let tenant = tenant.clone();
        self.meet("usage log", move |store| {
            let tenant = tenant.clone();
            async move { store.apps(&tenant).await }
        })
        .await
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        self.meet("usage log", move |store| async move { store.standings().await }).await
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        let app = app.clone();
        self.meet("usage log", move |store| {
            let app = app.clone();
            async move { store.roll_up(&app, before).await }
        })
        .await
    }
}

#[async_trait::async_trait]
impl<T: PlatformLog + ?Sized> PlatformLog for Faulty<T> {
    async fn note(&self, minute: &NodeMinute) -> Result<(), Unavailable> {
        meet!(self, "platform log", note(minute))
    }

    async fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Unavailable> {
        self.meet("platform log", move |store| async move { store.minutes(from, to).await }).await
    }
}
