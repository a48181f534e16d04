//! What the scheduled run promises that tells tenants of their usage, over memory stores on a hand-turned clock.

#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod events;
#[cfg(test)]
mod house;
