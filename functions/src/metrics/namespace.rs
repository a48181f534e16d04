use std::fmt::{self, Display, Formatter};

/// Where CloudWatch puts a deployment's metrics, so that those of two deployments of one account and AWS region stand
/// apart: 1 to 255 letters, digits and `. - _ / # :`, the first no colon, and nothing of Amazon's own (`AWS/`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsNamespace(String);

/// The text is no namespace of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no namespace of metrics")]
pub struct InvalidMetricsNamespace;

const LENGTH_MAX: usize = 255;

impl MetricsNamespace {
    /// Reads one.
    ///
    /// # Errors
    /// What CloudWatch would not take.
    pub fn parse(text: &str) -> Result<Self, InvalidMetricsNamespace> {
        let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#:".contains(&byte);
        let is_well_formed = (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_taken);
        if !is_well_formed || text.starts_with(':') || text.starts_with("AWS/") {
            return Err(InvalidMetricsNamespace);
        }
        Ok(Self(text.to_owned()))
    }
}

/// That of a deployment that is alone.
impl Default for MetricsNamespace {
    fn default() -> Self {
        Self("WireSocket".to_owned())
    }
}

impl Display for MetricsNamespace {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
