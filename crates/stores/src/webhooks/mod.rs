//! How a message gets to a tenant's webhook: over HTTPS, to addresses that were looked at, signed as Standard Webhooks has
//! it (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

mod courier;
mod route;
mod signature;
mod trust;

pub use courier::HttpsCourier;
pub use trust::NoTrust;
