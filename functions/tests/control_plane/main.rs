//! What the control plane promises, asked of its router over memory stores, without a network.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod broken_operators;
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
mod metering;
#[cfg(test)]
mod oauth_errors;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod platform;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod slowness;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod webhooks;
