//! What the scheduled run promises that tells tenants of their usage, over memory stores on a hand-turned clock.

#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod events;
#[cfg(test)]
mod house;
#[cfg(test)]
mod many_apps;
#[cfg(test)]
mod our_own_faults;
#[cfg(test)]
mod watched_log;
