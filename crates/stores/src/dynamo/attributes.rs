use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The partition key's attribute.
pub(super) const PARTITION: &str = "pk";
/// The sort key's attribute.
pub(super) const SORT: &str = "sk";

/// What names an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    pub(super) fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: sort.into() }
    }

    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([(PARTITION.to_owned(), text(self.partition)), (SORT.to_owned(), text(self.sort))])
    }
}

/// An item, or what an answer carries of one. Without attributes where there is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Item(HashMap<String, AttributeValue>);

/// An attribute is not what this service writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the attribute `{attribute}` of an item is not {expected}")]
pub(super) struct Undecodable {
    pub(super) attribute: String,
    pub(super) expected: &'static str,
}

impl Undecodable {
    pub(super) fn new(attribute: &str, expected: &'static str) -> Self {
        Self { attribute: attribute.to_owned(), expected }
    }
}

impl From<Option<HashMap<String, AttributeValue>>> for Item {
    fn from(attributes: Option<HashMap<String, AttributeValue>>) -> Self {
        Self(attributes.unwrap_or_default())
    }
}

impl From<HashMap<String, AttributeValue>> for Item {
    fn from(attributes: HashMap<String, AttributeValue>) -> Self {
        Self(attributes)
    }
}

impl Item {
    /// The item that `key` names, still without attributes of its own.
    pub(super) fn at(key: Key) -> Self {
        Self(key.into_attributes())
    }

    pub(super) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At least as many bytes as DynamoDB counts: names and values, of a number half a byte a digit and one, and its sign.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 2,
            other => panic!("{other:?} has another size"),
        };
        self.0.iter().map(|(name, each)| name.len() + value(each)).sum()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, Undecodable> {
        let value = self.0.get(name).and_then(|value| value.as_n().ok());
        value.and_then(|digits| digits.parse().ok()).ok_or_else(|| Undecodable::new(name, "a whole number"))
    }

    /// A number that others add to: past the largest it is the largest.
    pub(super) fn count(&self, name: &str) -> Result<u64, Undecodable> {
        let value = self.0.get(name).and_then(|value| value.as_n().ok());
        let count: Option<u128> = value.and_then(|digits| digits.parse().ok());
        let count = count.ok_or_else(|| Undecodable::new(name, "a whole number"))?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, Undecodable> {
        let value = self.0.get(name).and_then(|value| value.as_s().ok());
        value.map(String::as_str).ok_or_else(|| Undecodable::new(name, "a text"))
    }

    /// `None` where there is no such attribute.
    pub(super) fn number_if_any(&self, name: &str) -> Result<Option<u64>, Undecodable> {
        self.has(name).then(|| self.number(name)).transpose()
    }

    /// `None` where there is no such attribute.
    pub(super) fn text_if_any(&self, name: &str) -> Result<Option<&str>, Undecodable> {
        self.has(name).then(|| self.text(name)).transpose()
    }

    /// A text that `parse` takes.
    pub(super) fn parsed<T, E>(
        &self,
        name: &str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Undecodable> {
        parse(self.text(name)?).map_err(|_| Undecodable::new(name, expected))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, Undecodable> {
        let values = self.0.get(name).and_then(|value| value.as_l().ok());
        let texts =
            values.and_then(|values| values.iter().map(|v| v.as_s().ok().map(String::as_str)).collect());
        texts.ok_or_else(|| Undecodable::new(name, "a list of texts"))
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&[u8], Undecodable> {
        let value = self.0.get(name).and_then(|value| value.as_b().ok());
        value.map(AsRef::as_ref).ok_or_else(|| Undecodable::new(name, "bytes"))
    }
}

/// A string attribute.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute; DynamoDB's numbers have 38 digits, so each of ours fits exactly.
pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A list of strings, which may be empty, as a set may not.
pub(super) fn texts(values: impl IntoIterator<Item = String>) -> AttributeValue {
    AttributeValue::L(values.into_iter().map(AttributeValue::S).collect())
}

/// A binary attribute.
pub(super) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}
