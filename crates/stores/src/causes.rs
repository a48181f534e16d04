use std::error::Error;

/// An error with what caused it: HTTP clients say at the top only that something failed.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause: &&(dyn Error + 'static)| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
