//! A stack that `sam deploy` put into a stand-in for AWS, reached as clients and operators do: through the HTTP API's
//! address, by invoking a function, and on the tables.

mod node;
mod stack;

pub use node::StackNode;
pub use stack::{Deployed, Stack};
