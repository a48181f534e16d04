//! The scheduled sweep over memory stores, in tokio's paused time: runs a minute apart, runs that overlap, and nodes
//! that beat meanwhile.

#[cfg(test)]
mod house;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod runs;
