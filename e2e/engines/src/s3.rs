//! S3: a small store (`weed mini`), one process, with its buckets and two identities.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::ask::{Ready, http};
use crate::engines::Engines;
use crate::plan::Ports;
use crate::process::Spec;
use crate::site::{Site, program};

const LIMIT: Duration = Duration::from_mins(1);
/// The process's name.
pub(crate) const NAME: &str = "s3";
/// What the buckets' names begin with.
pub(crate) const BUCKET: &str = "sotto-media";
/// How many buckets there are.
pub(crate) const BUCKETS: u16 = 4;
/// Who may do everything: access key and secret key.
pub(crate) const OWNER: (&str, &str) = ("sotto-key", "sotto-secret");
/// Who is known, and may do nothing.
pub(crate) const STRANGER: (&str, &str) = ("stranger-key", "stranger-secret");

/// The one process.
pub(crate) fn specs(site: &Site) -> Result<Vec<Spec>> {
    let ports = site.ports;
    let mut all = vec![ports.s3()];
    all.extend((1..=9).map(|part| ports.weed(part)));
    let weed = program("SOTTO_WEED", &["weed"])?;
    let mut spec = site.spec(NAME, &weed, &all, Ready::Http(ports.s3(), "/healthz".to_owned()))?;
    let identities = spec.dir.join("identities.json");
    std::fs::write(&identities, identities_text().to_string())
        .with_context(|| format!("{} cannot be written", identities.display()))?;
    spec.args = vec![
        "mini".to_owned(),
        format!("-dir={}", site.home("s3/store")?.display()),
        format!("-s3.config={}", identities.display()),
        format!("-bucket={}", buckets().join(",")),
    ];
    spec.args.extend(flags(ports));
    Ok(vec![spec])
}

/// Starts it, and waits for the last bucket.
pub(crate) fn assemble(engines: &Engines) -> Result<()> {
    let process = engines.process(NAME)?;
    process.start()?;
    process.wait_until_ready(LIMIT)?;
    let ports = engines.ports();
    for bucket in buckets() {
        // The store behind S3 tells it without a signature.
        let is_there = || Ok(http::get(ports.weed(3), &format!("/buckets/{bucket}/"))?.status == 200);
        process.wait("ready with its buckets", LIMIT, is_there)?;
    }
    Ok(())
}

/// What it leaves outside its folder: sockets whose names end in its ports.
pub(crate) fn sockets(ports: Ports) -> Vec<PathBuf> {
    let grpc = [("master", 4), ("volume", 5), ("filer", 6), ("s3", 7), ("admin", 9)];
    let mut names: Vec<String> = grpc.iter().map(|(part, port)| format!("{part}-grpc-{}", ports.weed(*port))).collect();
    names.push(format!("filer-{}", ports.weed(3)));
    names.push(format!("s3-{}", ports.s3()));
    names.into_iter().map(|name| PathBuf::from(format!("/tmp/seaweedfs-{name}.sock"))).collect()
}

fn buckets() -> Vec<String> {
    (0..BUCKETS).map(|number| format!("{BUCKET}-{number}")).collect()
}

fn identities_text() -> Value {
    let identity = |name: &str, (access, secret): (&str, &str), actions: &[&str]| json!({ "name": name, "credentials": [{ "accessKey": access, "secretKey": secret }], "actions": actions });
    json!({ "identities": [
        identity("sotto", OWNER, &["Admin", "Read", "Write", "List", "Tagging"]),
        identity("stranger", STRANGER, &[]),
    ]})
}

fn flags(ports: Ports) -> Vec<String> {
    let numbered = [
        ("s3.port", 0),
        ("master.port", 1),
        ("volume.port", 2),
        ("filer.port", 3),
        ("master.port.grpc", 4),
        ("volume.port.grpc", 5),
        ("filer.port.grpc", 6),
        ("s3.port.grpc", 7),
        ("admin.port", 8),
        ("admin.port.grpc", 9),
    ];
    let fixed = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port.iceberg=0", "-s3.port.lance=0"];
    let off = ["-webdav=false", "-admin.ui=false"];
    let fixed = fixed.into_iter().chain(off).map(str::to_owned);
    fixed.chain(numbered.iter().map(|(flag, part)| format!("-{flag}={}", ports.weed(*part)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stranger_may_do_nothing() {
        let identities = identities_text();
        assert_eq!(identities["identities"][1]["actions"], json!([]));
        assert_eq!(buckets(), ["sotto-media-0", "sotto-media-1", "sotto-media-2", "sotto-media-3"]);
        assert!(flags(Ports::from(24_000).unwrap()).contains(&"-admin.port.grpc=24099".to_owned()));
    }
}
