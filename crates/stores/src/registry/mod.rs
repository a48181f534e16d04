//! What the operator has on the books, as memory and files hold it.

mod books;
mod families;

pub(crate) use books::Books;
pub(crate) use families::Families;
