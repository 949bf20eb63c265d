//! Every port's contract over the cluster adapters, on real engines: RabbitMQ, MongoDB, an S3 server, and Redis in its
//! three kinds.

mod world;

use world::World;

sotto_core::conformance!(standalone, World::open("SOTTO_TEST_CACHE"));
sotto_core::conformance!(sentinel, World::open("SOTTO_TEST_CACHE_SENTINEL"), hot);
sotto_core::conformance!(cluster, World::open("SOTTO_TEST_CACHE_CLUSTER"), hot);
