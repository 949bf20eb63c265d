//! Objects as files in a folder.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use sotto_core::{
    PortError,
    ports::{BlobKey, Blobs, Result},
};

/// A folder of objects.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// In this folder, which is made when it is first needed.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// An object's file. The extension is one that no key can have, so that `a` and `a/b` don't meet.
    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(format!("{}.BLOB", key.as_str()))
    }

    /// Runs file work on the blocking pool.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| PortError::new("blobs", error))?;
        done.map_err(|error| PortError::new("blobs", error))
    }
}

/// Written beside, forced to disk and renamed: whole or not there, whatever the moment of a crash.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("NEW-{}", uuid::Uuid::now_v7().simple()));
    let mut file = File::create_new(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// `None` for a file that is not there.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Blobs for Folder {
    async fn put(&self, key: &BlobKey, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(key);
        self.run(move || write(&path, &bytes)).await
    }

    async fn get(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let path = self.path(key);
        self.run(move || {
            let Some(mut file) = found(File::open(path))? else { return Ok(None) };
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        })
        .await
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        let path = self.path(key);
        self.run(move || Ok(found(fs::metadata(path))?.map(|metadata| metadata.len()))).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        let path = self.path(key);
        self.run(move || found(fs::remove_file(path)).map(drop)).await
    }
}
