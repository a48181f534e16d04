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
mod grants;
#[cfg(test)]
mod house;
#[cfg(test)]
mod issuing;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod oauth_errors;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod slowness;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod usage;
