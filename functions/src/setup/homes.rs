use super::environment::{Reader, Settings};
use super::table::located;
use super::variables::HOME;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use domain::ports::{HomePorts, Homes};
use std::collections::BTreeSet;
use std::sync::Arc;
use stores::dynamo::{Access, ConnectError, HomeAt};

/// The home regions and their tables: at least one, the default first.
pub(super) struct HomeTables(Vec<HomeAt>);

impl Settings for HomeTables {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let homes = from.required(HOME, homes)?;
        let located = homes.into_iter().map(|HomeAt { name, table }| {
            let table = located(from, table)?;
            Some(HomeAt { name, table })
        });
        located.collect::<Option<_>>().map(Self)
    }
}

impl HomeTables {
    pub(super) fn names(&self) -> Vec<HomeRegion> {
        self.0.iter().map(|home| home.name.clone()).collect()
    }

    /// The ports of all of them; nothing is sent yet.
    pub(super) fn reach(&self, access: &Access, clock: &Arc<dyn Clock>) -> Result<Homes, ConnectError> {
        let ports = |home: &HomeAt| access.home(&home.table).map(|home| home.ports(Arc::clone(clock)));
        let mut reached = self.0.iter().map(|home| Ok((home.name.clone(), ports(home)?)));
        let (name, default) = reached.next().expect("reading refuses an empty list")?;
        reached.try_fold(Homes::new(name, default), |homes, home: Result<(HomeRegion, HomePorts), _>| {
            let (name, ports) = home?;
            Ok(homes.with(name, ports))
        })
    }
}

fn homes(text: &str) -> Result<Vec<HomeAt>, String> {
    let homes: Vec<HomeAt> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let names: BTreeSet<_> = homes.iter().map(|home| &home.name).collect();
    match homes.len() {
        0 => Err(format!("expected {}", HOME.expected)),
        n if n > names.len() => Err("it names a home region twice: give each one table".to_owned()),
        _ => Ok(homes),
    }
}
