use super::environment::Reader;
use super::mistakes::Mistake;
use super::variables::{AWS_REGION, DYNAMODB_ENDPOINT};
use stores::dynamo::TableAt;

/// The table, at the endpoint for all where it names none, or in the function's own region where it names neither.
pub(super) fn located(from: &mut Reader<'_>, table: TableAt) -> Option<TableAt> {
    let table = match from.text(DYNAMODB_ENDPOINT).map(str::to_owned) {
        None => table,
        Some(endpoint) => match table.or_endpoint(&endpoint) {
            Ok(table) => table,
            Err(wrong) => return from.note(Mistake::value(DYNAMODB_ENDPOINT, &endpoint, wrong)),
        },
    };
    if table.region().is_some() || table.endpoint().is_some() {
        return Some(table);
    }
    from.required(AWS_REGION, |region| format!("{},region={region}", table.name()).parse())
}
