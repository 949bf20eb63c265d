//! How to reach the engines, as settings of a pod and as variables of the test suites.

use std::ops::RangeInclusive;

use crate::plan::{Part, Plan, Redis};
use crate::{mongo, redis, s3};

/// A variable and its value.
pub type Variable = (String, String);

/// The settings of a pod; `secret` is what all pods share.
pub(crate) fn pod(plan: &Plan, secret: &str) -> Vec<Variable> {
    let mut settings =
        vec![("SOTTO_STORE", store(plan)), ("SOTTO_QUEUE", queue(plan)), ("SOTTO_SECRET", secret.to_owned())];
    settings.extend(plan.redis.first().map(|kind| ("SOTTO_CACHE", cache(plan, *kind))));
    if plan.s3 == Part::Wanted {
        settings.push(("SOTTO_BLOBS", blobs(plan)));
        settings.push(("SOTTO_BLOBS_ACCESS_KEY", s3::OWNER.0.to_owned()));
        settings.push(("SOTTO_BLOBS_SECRET_KEY", s3::OWNER.1.to_owned()));
    }
    owned(settings)
}

/// The variables of the test suites.
pub(crate) fn tests(plan: &Plan) -> Vec<Variable> {
    let mut variables = vec![("SOTTO_TEST_STORE", store(plan)), ("SOTTO_TEST_QUEUE", queue(plan))];
    for kind in &plan.redis {
        let name = match kind {
            Redis::Standalone => "SOTTO_TEST_CACHE",
            Redis::Sentinel => "SOTTO_TEST_CACHE_SENTINEL",
            Redis::Cluster => "SOTTO_TEST_CACHE_CLUSTER",
        };
        variables.push((name, cache(plan, *kind)));
    }
    if plan.s3 == Part::Wanted {
        variables.push(("SOTTO_TEST_BLOBS", blobs(plan)));
        variables.push(("SOTTO_TEST_BLOBS_ACCESS_KEY", s3::OWNER.0.to_owned()));
        variables.push(("SOTTO_TEST_BLOBS_SECRET_KEY", s3::OWNER.1.to_owned()));
        variables.push(("SOTTO_TEST_BLOBS_STRANGER_ACCESS_KEY", s3::STRANGER.0.to_owned()));
        variables.push(("SOTTO_TEST_BLOBS_STRANGER_SECRET_KEY", s3::STRANGER.1.to_owned()));
    }
    if plan.mongos == Part::Wanted {
        variables.push(("SOTTO_TEST_MONGOS", format!("mongodb://127.0.0.1:{}/sotto", plan.ports.mongos())));
    }
    owned(variables)
}

fn store(plan: &Plan) -> String {
    let hosts = hosts(plan.mongo.numbers(), |node| plan.ports.mongo(node));
    format!("mongodb://{hosts}/sotto?replicaSet={}", mongo::SET)
}

fn queue(plan: &Plan) -> String {
    format!("amqp://guest:guest@{}/%2f", hosts(plan.rabbit.numbers(), |node| plan.ports.amqp(node)))
}

fn cache(plan: &Plan, kind: Redis) -> String {
    let ports = plan.ports;
    match kind {
        Redis::Standalone => format!("redis://127.0.0.1:{}", ports.redis()),
        Redis::Sentinel => {
            format!("redis+sentinel://{}/?master={}", hosts(1..=3, |node| ports.sentinel(node)), redis::MASTER)
        }
        Redis::Cluster => format!("redis+cluster://{}", hosts(1..=6, |node| ports.sharded(node))),
    }
}

fn blobs(plan: &Plan) -> String {
    let (port, buckets) = (plan.ports.s3(), s3::BUCKETS);
    format!("s3://{}?endpoint=http://127.0.0.1:{port}&region=us-east-1&buckets={buckets}", s3::BUCKET)
}

fn hosts(nodes: RangeInclusive<u16>, port: impl Fn(u16) -> u16) -> String {
    nodes.map(|node| format!("127.0.0.1:{}", port(node))).collect::<Vec<_>>().join(",")
}

fn owned(variables: Vec<(&str, String)>) -> Vec<Variable> {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Ports;

    fn value<'a>(variables: &'a [Variable], name: &str) -> &'a str {
        &variables.iter().find(|(found, _)| found == name).unwrap().1
    }

    #[test]
    fn a_pod_is_told_of_every_node() {
        let plan = Plan::cluster("x".into(), Ports::from(24_000).unwrap()).with_cache(Redis::Sentinel);
        let settings = pod(&plan, "00");
        assert_eq!(
            value(&settings, "SOTTO_STORE"),
            "mongodb://127.0.0.1:24051,127.0.0.1:24052,127.0.0.1:24053/sotto?replicaSet=sotto"
        );
        assert_eq!(
            value(&settings, "SOTTO_QUEUE"),
            "amqp://guest:guest@127.0.0.1:24001,127.0.0.1:24002,127.0.0.1:24003/%2f"
        );
        assert_eq!(
            value(&settings, "SOTTO_CACHE"),
            "redis+sentinel://127.0.0.1:24064,127.0.0.1:24065,127.0.0.1:24066/?master=sotto"
        );
        assert_eq!(
            value(&settings, "SOTTO_BLOBS"),
            "s3://sotto-media?endpoint=http://127.0.0.1:24090&region=us-east-1&buckets=4"
        );
    }

    #[test]
    fn suites_are_told_of_every_kind() {
        let variables = tests(&Plan::conformance("x".into(), Ports::from(24_000).unwrap()));
        assert_eq!(value(&variables, "SOTTO_TEST_CACHE"), "redis://127.0.0.1:24060");
        assert!(value(&variables, "SOTTO_TEST_CACHE_CLUSTER").starts_with("redis+cluster://127.0.0.1:24071,"));
        assert_eq!(value(&variables, "SOTTO_TEST_MONGOS"), "mongodb://127.0.0.1:24054/sotto");
        assert_eq!(value(&variables, "SOTTO_TEST_STORE"), "mongodb://127.0.0.1:24051/sotto?replicaSet=sotto");
    }
}
