//! The web client's weight, from its built files, and its first paint, from what the browser tests measured.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::figures::Web;

/// Reads both.
pub(crate) fn measure() -> Result<Web> {
    let dist = Path::new("web-client/dist");
    let (js_brotli_bytes, css_brotli_bytes) = (weight(dist, ".js.br")?, weight(dist, ".css.br")?);
    let measures = std::fs::read("build/web-measures.json").ok();
    let measures: Option<Value> = measures.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let first_paint_ms = measures.as_ref().and_then(|all| all.get("first_contentful_paint_ms")).and_then(Value::as_f64);
    Ok(Web { js_brotli_bytes, css_brotli_bytes, first_paint_ms })
}

fn weight(folder: &Path, ending: &str) -> Result<u64> {
    let mut bytes = 0;
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("{}: build the web client first", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            bytes += weight(&path, ending)?;
        } else if path.to_string_lossy().ends_with(ending) {
            bytes += path.metadata()?.len();
        }
    }
    Ok(bytes)
}
