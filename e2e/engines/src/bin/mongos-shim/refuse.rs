//! What a mongos of version 6 refuses for want of the shard key.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};

/// The unique indexes of each collection, as lists of fields.
pub(crate) type Indexes = BTreeMap<String, Vec<Vec<String>>>;

/// A refusal in the server's form.
pub(crate) fn error(code: i32, name: &str, text: &str) -> Document {
    doc! { "ok": 0.0, "code": code, "codeName": name, "errmsg": text }
}

/// Remembers the unique indexes that a command makes.
pub(crate) fn remember(namespace: &str, command: &Document, indexes: &mut Indexes) {
    let unique = unique(command);
    if !unique.is_empty() {
        indexes.entry(namespace.to_owned()).or_default().extend(unique);
    }
}

/// Whether a collection may not be sharded by this key, for an index that could not be kept unique.
pub(crate) fn sharding(namespace: &str, key: &[String], indexes: &Indexes) -> Option<Document> {
    let strange = indexes.get(namespace)?.iter().find(|fields| !fields.starts_with(key))?;
    Some(error(72, "InvalidOptions", &format!("can't shard {namespace} by {key:?} with a unique index on {strange:?}")))
}

/// Whether a command on a sharded collection is refused.
pub(crate) fn command(name: &str, namespace: &str, key: &[String], command: &Document) -> Option<Document> {
    let fixes_key = |query: &Document| key.iter().all(|field| fixes(query, field));
    let missing = |what: &str| {
        Some(error(61, "ShardKeyNotFound", &format!("{what} on {namespace} must contain the shard key {key:?}")))
    };
    match name {
        "createIndexes" => {
            let strange = unique(command).into_iter().find(|fields| !fields.starts_with(key))?;
            let text = format!("cannot create unique index over {strange:?} with shard key pattern {key:?}");
            Some(error(67, "CannotCreateIndex", &text))
        }
        "update" => documents(command, "updates").find_map(|update| {
            let query = query(update, "q");
            let is = |option: &str| update.get_bool(option).unwrap_or(false);
            let by_id = !is("upsert") && fixes(&query, "_id");
            if is("upsert") && !fixes_key(&query) {
                return missing("an upsert");
            }
            if is("multi") || by_id || fixes_key(&query) { None } else { missing("a single update") }
        }),
        "delete" => documents(command, "deletes").find_map(|delete| {
            let query = query(delete, "q");
            let is_single = matches!(delete.get("limit"), Some(Bson::Int32(1) | Bson::Int64(1)));
            if !is_single || fixes(&query, "_id") || fixes_key(&query) { None } else { missing("a single delete") }
        }),
        "findAndModify" | "findandmodify" => {
            if fixes_key(&query(command, "query")) {
                None
            } else {
                missing("findAndModify")
            }
        }
        _ => None,
    }
}

/// The queries in a command, by which it would be routed.
pub(crate) fn queries(name: &str, command: &Document) -> Vec<Document> {
    match name {
        "update" => documents(command, "updates").map(|update| query(update, "q")).collect(),
        "delete" => documents(command, "deletes").map(|delete| query(delete, "q")).collect(),
        "find" => vec![query(command, "filter")],
        "findAndModify" | "findandmodify" | "count" | "distinct" => vec![query(command, "query")],
        "aggregate" => {
            let first = documents(command, "pipeline").next();
            vec![first.map(|stage| query(stage, "$match")).unwrap_or_default()]
        }
        _ => Vec::new(),
    }
}

/// Whether a query says what a field is equal to.
pub(crate) fn fixes(asked: &Document, field: &str) -> bool {
    match asked.get(field) {
        Some(Bson::Document(condition)) => {
            condition.keys().next().is_none_or(|first| !first.starts_with('$') || first == "$eq" || first == "$in")
        }
        Some(_) => true,
        None => documents(asked, "$and").any(|part| fixes(part, field)),
    }
}

fn unique(command: &Document) -> Vec<Vec<String>> {
    let indexes = documents(command, "indexes").filter(|index| index.get_bool("unique").unwrap_or(false));
    let fields = indexes.map(|index| query(index, "key").keys().cloned().collect::<Vec<_>>());
    fields.filter(|fields| fields != &["_id"]).collect()
}

fn documents<'a>(of: &'a Document, field: &str) -> impl Iterator<Item = &'a Document> {
    of.get_array(field).into_iter().flatten().filter_map(Bson::as_document)
}

fn query(of: &Document, field: &str) -> Document {
    of.get_document(field).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_found_inside_conditions_too() {
        assert!(fixes(&doc! { "a": 1 }, "a"));
        assert!(fixes(&doc! { "a": { "$in": [1, 2] } }, "a"));
        assert!(fixes(&doc! { "$and": [{ "b": 1 }, { "a": { "$eq": 1 } }] }, "a"));
        assert!(!fixes(&doc! { "a": { "$gt": 1 } }, "a"));
        assert!(!fixes(&doc! { "b": 1 }, "a"));
    }

    #[test]
    fn an_aggregation_is_routed_by_its_first_match() {
        let command = doc! { "aggregate": "a", "pipeline": [{ "$match": { "a": 1 } }, { "$count": "n" }] };
        assert_eq!(queries("aggregate", &command), [doc! { "a": 1 }]);
    }
}
