//! What is kept of a run that failed, and how much there was of one that did not.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checker::Reading;
use crate::history::{Outcome, Run, What};

/// How many sends were answered with yes.
pub fn accepted(run: &Run) -> usize {
    let accepted = |what: &What| matches!(what, What::Sent { result: Outcome::Accepted, .. });
    run.records.iter().filter(|record| accepted(&record.what)).count()
}

/// How many entries there are in all logs.
pub fn entries(run: &Run) -> usize {
    run.logs.iter().map(|log| log.entries.len()).sum()
}

/// How a run went, as far as keys are concerned.
pub fn keys_line(reading: &Reading) -> String {
    let Reading { opened, asked, begged, repaired, lost, failed, restarts, undecryptable } = reading;
    format!(
        "keys: {opened} messages read, {lost} boxes lost on purpose, {failed} did not open, {restarts} clients ended and \
         came back, {asked} times asked again ({begged} times in vain, for what was not for them), {repaired} repaired, \
         {undecryptable} undecryptable"
    )
}

/// Keeps a run, copies of logs, and what was done and found; says where.
pub fn keep(run: &Run, seed: u64, (logs, done, found): (&[PathBuf], &[String], &[String])) -> Result<String> {
    let folder = Path::new("build/chaos").join(seed.to_string());
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("history.jsonl"), run.lines()?)?;
    std::fs::write(folder.join("logs.json"), serde_json::to_vec_pretty(&run.logs)?)?;
    std::fs::write(folder.join("faults.txt"), done.join("\n"))?;
    std::fs::write(folder.join("findings.txt"), found.join("\n"))?;
    for log in logs {
        if let (true, Some(name)) = (log.is_file(), log.file_name()) {
            std::fs::copy(log, folder.join(name))?;
        }
    }
    Ok(folder.display().to_string())
}
