use serde_json::Value;

/// What a stack says of itself, as `sam list stack-outputs` prints it.
#[derive(Debug)]
pub(crate) struct Outputs(Vec<Value>);

impl Outputs {
    /// Reads the list; `None` where it is none.
    pub(crate) fn parse(printed: &str) -> Option<Self> {
        serde_json::from_str(printed).ok().map(Self)
    }

    /// The value of the output of this name.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let output = self.0.iter().find(|output| output["OutputKey"] == key)?;
        output["OutputValue"].as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_found_by_their_names() {
        let printed =
            r#"[{"OutputKey": "ApiId", "OutputValue": "a1", "Description": "x"}, {"OutputKey": "B"}]"#;
        let outputs = Outputs::parse(printed).unwrap();
        assert_eq!(outputs.get("ApiId"), Some("a1"));
        assert_eq!(outputs.get("B"), None);
        assert_eq!(outputs.get("C"), None);
        assert!(Outputs::parse("none").is_none());
    }
}
