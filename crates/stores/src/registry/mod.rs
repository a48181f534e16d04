//! What the operator has on the books, in files that several processes share; and the books themselves, as memory holds
//! them too.

mod api_key_record;
mod books;
mod books_record;
mod families;
mod families_record;
mod files;

pub(crate) use books::Books;
pub(crate) use families::Families;
pub use files::{FileRegistry, OpenRegistryError};
