//! The OpenAPI document as a judge of answers: as much of JSON Schema as it uses, and a panic at whatever else.

use functions::OPENAPI;
use regex_lite::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(OPENAPI).unwrap());

/// What of a schema says nothing about values. Formats are judged by those who parse them.
const WORDS: [&str; 4] = ["description", "default", "example", "format"];

/// Asserts that an answer is one that the document promises.
pub(crate) fn assert_described(
    method: &str,
    path: &str,
    status: u16,
    content_type: Option<&str>,
    body: &str,
) {
    let told = format!("{method} {path}: {status} {body}");
    let Some(schema) = schema_of(method, path, status, body) else {
        assert!(body.is_empty(), "{told}: nothing is promised, and something is there");
        return;
    };
    assert_eq!(content_type, Some("application/json"), "{told}");
    let wrong = mistakes(schema, &serde_json::from_str(body).unwrap());
    assert!(wrong.is_empty(), "{told}: {wrong:?}");
}

/// The schema of an answer's body; `None` where it has none.
fn schema_of(method: &str, path: &str, status: u16, body: &str) -> Option<&'static Value> {
    if matches!(method, "HEAD" | "OPTIONS") && body.is_empty() {
        return None;
    }
    let is_served = status != 405 && !body.contains("nothing is served at this path");
    let operation = operation(method, path).filter(|_| is_served);
    let Some(operation) = operation else {
        let is_platforms = path == "/admin" || path.starts_with("/admin/");
        return Some(resolved(
            &DOCUMENT["components"]["schemas"][if is_platforms { "PlatformError" } else { "Error" }],
        ));
    };
    let promised = resolved(&operation["responses"][status.to_string()]);
    assert!(!promised.is_null(), "{method} {path}: nobody promised {status}: {body}");
    promised.pointer("/content/application~1json/schema").map(resolved)
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let exact = paths.get(path);
    let item =
        exact.or_else(|| paths.iter().find(|(template, _)| fits(template, path)).map(|(_, item)| item))?;
    item.get(method.to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref") {
        Some(reference) => DOCUMENT.pointer(reference.as_str().unwrap().trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// What is wrong with a value by a schema, and where.
pub(crate) fn mistakes(schema: &'static Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    judge(resolved(schema), value, "$", &mut wrong);
    wrong
}

fn judge(schema: &'static Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            word if WORDS.contains(&word) => true,
            "type" => is_of(rule, value),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
            }
            "maxLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap())
            }
            "pattern" => {
                value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
            }
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "uniqueItems" => value.as_array().is_none_or(|items| is_unique(items)),
            "anyOf" => rule.as_array().unwrap().iter().any(|each| mistakes(each, value).is_empty()),
            "required" => value.as_object().is_none_or(|members| has_all(members, rule)),
            "items" => {
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|item| judge(resolved(rule), item, &format!("{at}[]"), wrong));
                true
            }
            "properties" | "additionalProperties" | "propertyNames" => true,
            other => panic!("the judge does not know the keyword {other}"),
        };
        if !holds {
            wrong.push(format!("{at}: {keyword} {rule} does not hold for {value}"));
        }
    }
    if let Some(members) = value.as_object() {
        judge_members(schema, members, at, wrong);
    }
}

fn judge_members(schema: &'static Value, members: &Map<String, Value>, at: &str, wrong: &mut Vec<String>) {
    for (name, member) in members {
        let at = format!("{at}.{name}");
        if let Some(names) = schema.get("propertyNames") {
            judge(resolved(names), &Value::from(name.as_str()), &at, wrong);
        }
        match (schema.get("properties").and_then(|known| known.get(name)), schema.get("additionalProperties"))
        {
            (Some(rule), _) => judge(resolved(rule), member, &at, wrong),
            (None, Some(Value::Bool(false))) => wrong.push(format!("{at} is not to be there")),
            (None, Some(rule)) => judge(resolved(rule), member, &at, wrong),
            (None, None) => {}
        }
    }
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("the judge does not know the type {other}"),
    };
    kinds.as_array().map_or_else(|| is(kinds), |kinds| kinds.iter().any(is))
}

fn has_all(members: &Map<String, Value>, names: &Value) -> bool {
    names.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))
}

fn is_unique(items: &[Value]) -> bool {
    items.iter().enumerate().all(|(n, item)| !items[..n].contains(item))
}
