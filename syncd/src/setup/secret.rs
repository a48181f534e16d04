use std::fs;

/// A secret as an operator gives it: itself, or `@` and the path of the file that holds it. White space around what
/// stands in the file is no part of it.
///
/// # Errors
/// What is wrong with the file, and its path.
pub(super) fn secret_argument(argument: &str) -> Result<String, String> {
    let Some(path) = argument.strip_prefix('@') else { return Ok(argument.to_owned()) };
    let content = fs::read_to_string(path).map_err(|error| format!("{path} can't be read ({error})"))?;
    Ok(content.trim().to_owned())
}
