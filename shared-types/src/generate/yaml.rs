//! JSON values as YAML: block style, every string quoted, so that none is mistaken for something else (YAML 1.2.2).

use std::fmt::Write as _;

use serde_json::Value;

/// The value as a YAML document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let _ = write!(out, "{pad}{}:", key(name));
                nested(out, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{pad}-");
                nested(out, item, depth + 1);
            }
        }
        scalar => {
            let _ = writeln!(out, "{pad}{scalar}");
        }
    }
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    let is_block = value.as_object().is_some_and(|fields| !fields.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if is_block {
        out.push('\n');
        block(out, value, depth);
    } else {
        let _ = writeln!(out, " {value}");
    }
}

/// Plain where it can't be misread.
fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_by_indent_and_strings_are_quoted() {
        let value = json!({"a": {"b:c": [1, "x: y", {"d": []}]}, "e": null});
        assert_eq!(document(&value), "a:\n  \"b:c\":\n    - 1\n    - \"x: y\"\n    -\n      d: []\ne: null\n");
    }
}
