//! Every port's contract, on every kind of adapter.

mod world;

use world::World;

sotto_core::conformance!(embedded, async { World::ports() });
