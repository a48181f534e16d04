//! Rates and documents that the nodes of a region share, on Redis or Valkey.
