//! Says what is being done and how long it takes: a moving line on a terminal, plain lines elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitStatus;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run::Run;

const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// How often a line says that the work goes on where nothing can move.
const HEARTBEAT: Duration = Duration::from_mins(1);
/// What takes less is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(1);
/// How much of a failed step's output is shown, of its beginning and of its end.
const HEAD_LINES: usize = 10;
const TAIL_LINES: usize = 30;

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Done {
    /// Whether all its programs ended well.
    pub(crate) passed: bool,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Runs programs one after the other as one step, up to the first that fails, with all output going to `log`.
pub(crate) fn watch(label: &str, runs: &[Run], log: &Path) -> Result<Done> {
    follow(Line::new(label), runs, log)
}

fn follow(mut line: Line, runs: &[Run], log: &Path) -> Result<Done> {
    let started = Instant::now();
    File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    let mut file = OpenOptions::new().append(true).open(log)?;
    for run in runs {
        writeln!(file, "$ {}", run.shown())?;
        let mut child = match run.start_logged(&file) {
            Ok(child) => child,
            Err(error) => {
                writeln!(file, "{error:#}")?;
                line.clear();
                return Ok(Done { passed: false, took: started.elapsed() });
            }
        };
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            line.tick(started.elapsed(), log);
            sleep(Duration::from_millis(100));
        };
        if !status.success() {
            writeln!(file, "{}", ending(status))?;
            line.clear();
            return Ok(Done { passed: false, took: started.elapsed() });
        }
    }
    line.clear();
    Ok(Done { passed: true, took: started.elapsed() })
}

/// Runs a step of the setup: announced, timed, and an error with its last words where it fails.
pub(crate) fn step(label: &str, runs: &[Run], log: &Path) -> Result<()> {
    let mut line = Line::new(label);
    line.announces = true;
    let done = follow(line, runs, log)?;
    if done.passed {
        // What was done already needs no words.
        if done.took >= WORTH_A_LINE {
            println!("{label}: {}", seconds(done.took));
        }
        return Ok(());
    }
    print_tail(log);
    bail!("{label} failed after {}; all of its output is in {}", seconds(done.took), log.display())
}

/// Prints a log that ended badly, set off from our own lines: its end, and its beginning, where some programs say why.
pub(crate) fn print_tail(log: &Path) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail_from = lines.len().saturating_sub(TAIL_LINES);
    for (at, line) in lines.iter().enumerate() {
        if at < HEAD_LINES || at >= tail_from {
            println!("    | {line}");
        } else if at == HEAD_LINES {
            println!("    | ...");
        }
    }
}

/// A duration as people read it.
pub(crate) fn seconds(took: Duration) -> String {
    if took.as_secs() < 100 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(|| format!("ended by {status}"), |code| format!("ended with exit code {code}"))
}

/// The line that moves, or that says from time to time that it would.
struct Line {
    label: String,
    terminal: bool,
    /// Whether, where nothing can move, it says what it has begun once that takes a while.
    announces: bool,
    frame: usize,
    said_at: Duration,
}

impl Line {
    fn new(label: &str) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self { label: label.to_owned(), terminal, announces: false, frame: 0, said_at: Duration::ZERO }
    }

    fn tick(&mut self, elapsed: Duration, log: &Path) {
        if !self.terminal {
            if self.announces && elapsed >= WORTH_A_LINE {
                self.announces = false;
                println!("{} ...", self.label);
            }
            if elapsed.saturating_sub(self.said_at) >= HEARTBEAT {
                self.said_at = elapsed;
                println!("{} ... still at it after {}", self.label, seconds(elapsed));
            }
            return;
        }
        self.frame = (self.frame + 1) % FRAMES.len();
        let spinner = FRAMES.get(self.frame).copied().unwrap_or('.');
        let text = format!("{spinner} {} {}  {}", self.label, seconds(elapsed), last_line(log).unwrap_or_default());
        let short: String = text.chars().take(100).collect();
        print!("\r\x1b[2K{short}");
        let _ = std::io::stdout().flush();
    }

    fn clear(&mut self) {
        if self.terminal {
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        }
    }
}

fn last_line(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(400))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().filter(|c| !c.is_control()).collect())
}
