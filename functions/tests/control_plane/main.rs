//! What the control plane promises, asked of its router over memory stores, without a network.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod house;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod usage;
