//! The whole service in one process.
fn main() {}
