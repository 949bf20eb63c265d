//! The key-value file: one writer thread that commits whatever has gathered, and readers that never wait for it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use sotto_core::PortError;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::keys;

/// How many writes may wait; more make their callers wait.
const WAITING: usize = 4_096;
/// How many writes go into one commit, so that the first of them need not wait for an endless tail.
const GATHERED: usize = 1_024;
/// The file's name in the data directory.
const FILE: &str = "sotto.redb";

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the data directory {0} is in use by another process")]
    Locked(PathBuf),
    /// The directory or file can't be made or written.
    #[error("the data directory {0} can't be used: {1}")]
    Directory(PathBuf, std::io::Error),
    /// The number of partitions was changed while entries waited in them.
    #[error(
        "SOTTO_PARTITIONS is {now}, and was {before} when {waiting} entries were queued that still wait: start once with {before}"
    )]
    Partitions {
        /// What is asked for.
        now: u16,
        /// What it was.
        before: u16,
        /// How many wait.
        waiting: usize,
    },
    /// The file is damaged, or from a newer version.
    #[error("the store in {0} can't be opened: {1}")]
    Broken(PathBuf, Box<redb::Error>),
}

/// What a write does; its second half runs after the commit.
type Job = Box<dyn FnOnce(&WriteTransaction) -> Result<After, redb::Error> + Send>;
type After = Box<dyn FnOnce() + Send>;

/// The file. A write is durable when its future is ready.
pub struct Db {
    dir: PathBuf,
    database: Arc<Database>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Gives the store's error its port's name.
pub(crate) fn store_error(error: impl Into<redb::Error>) -> PortError {
    PortError::new("store", error.into())
}

/// What can't be read back is a defect or a damaged file.
pub(crate) fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, redb::Error> {
    serde_json::from_slice(bytes).map_err(|error| redb::Error::Corrupted(error.to_string()))
}

/// A value as it is stored.
pub(crate) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, PortError> {
    serde_json::to_vec(value).map_err(|error| PortError::new("store", error))
}

/// A value as it is stored, inside a write.
pub(crate) fn stored<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, redb::Error> {
    serde_json::to_vec(value).map_err(|error| redb::Error::Corrupted(error.to_string()))
}

impl Db {
    /// Opens the file, makes all tables and starts the writer.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let unusable = |error| OpenError::Directory(dir.to_owned(), error);
        fs::create_dir_all(dir).map_err(unusable)?;
        // A private directory: names, hashes and the metadata of who talks to whom are in it.
        #[cfg(unix)]
        fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(unusable)?;
        let database = Database::create(dir.join(FILE)).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::Locked(dir.to_owned()),
            DatabaseError::Storage(redb::StorageError::Io(error)) => OpenError::Directory(dir.to_owned(), error),
            other => OpenError::Broken(dir.to_owned(), Box::new(other.into())),
        })?;
        let (jobs, queue) = mpsc::channel(WAITING);
        let mut db = Self {
            dir: dir.to_owned(),
            database: Arc::new(database),
            jobs: Some(jobs),
            writer: None,
            trouble: Arc::default(),
        };
        db.write_now(keys::create_all)?;
        db.start(queue).map_err(unusable)?;
        Ok(db)
    }

    fn start(&mut self, mut queue: mpsc::Receiver<Job>) -> std::io::Result<()> {
        let database = Arc::clone(&self.database);
        let trouble = Arc::clone(&self.trouble);
        let writer = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            let mut gathered = Vec::with_capacity(GATHERED);
            while queue.blocking_recv_many(&mut gathered, GATHERED) > 0 {
                let wrong = commit(&database, &mut gathered).err().map(|error| error.to_string());
                if let Some(error) = &wrong {
                    error!(%error, "the store could not be written; what waited was refused");
                }
                *trouble.lock().unwrap_or_else(PoisonError::into_inner) = wrong;
            }
        })?;
        self.writer = Some(writer);
        Ok(())
    }

    /// Writes at the start, when nobody else does.
    pub(crate) fn write_now(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), OpenError> {
        let written = begin(&self.database).and_then(|txn| change(&txn).and_then(|()| Ok(txn.commit()?)));
        written.map_err(|error| OpenError::Broken(self.dir.clone(), Box::new(error)))
    }

    /// Reads from a view of everything that was committed. Reads are short: they hit memory or the page cache.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, PortError> {
        let txn = self.database.begin_read().map_err(store_error)?;
        look(&txn).map_err(store_error)
    }

    /// Runs `change` on the writer thread together with others; ready once it is on disk.
    ///
    /// `change` must decide before it writes anything: an error of the store undoes all that were gathered with it.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, PortError> {
        let (done, waiting) = oneshot::channel();
        self.enqueue(Box::new(move |txn| {
            let result = change(txn)?;
            Ok(Box::new(move || drop(done.send(result))))
        }))
        .await?;
        waiting.await.map_err(|_| PortError::new("store", "the write failed and was undone"))
    }

    /// Like [`Db::write`] without waiting for the commit: for what may be lost in a crash. `after` runs on the writer
    /// thread after the commit, in the order of the changes.
    pub(crate) async fn enqueue(&self, job: Job) -> Result<(), PortError> {
        let gone = || PortError::new("store", "it is being closed");
        self.jobs.as_ref().ok_or_else(gone)?.send(job).await.map_err(|_| gone())
    }

    /// What went wrong with the last commit, if it failed.
    pub fn trouble(&self) -> Option<String> {
        if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
            return Some("its writer has ended: restart the server".into());
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn begin(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut txn = database.begin_write()?;
    // Opening after a kill is instant however large the file is; commits pay a little for it.
    txn.set_quick_repair(true);
    Ok(txn)
}

/// One commit for all that gathered. When it fails, the waiting see their channel closed.
fn commit(database: &Database, gathered: &mut Vec<Job>) -> Result<(), redb::Error> {
    let jobs = std::mem::take(gathered);
    let txn = begin(database)?;
    let mut afters = Vec::with_capacity(jobs.len());
    for job in jobs {
        afters.push(job(&txn)?);
    }
    txn.commit()?;
    for after in afters {
        after();
    }
    Ok(())
}

impl Drop for Db {
    /// Lets the writer finish what waits, so that the file is free when this returns.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            error!("the store's writer ended badly");
        }
    }
}
