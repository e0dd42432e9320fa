//! Listeners on a Unix socket. A killed process leaves the file of its socket behind.

use super::BACKLOG;
use crate::settings::SocketMode;
use anyhow::{Context, bail};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs::{self, File, Permissions, TryLockError},
    io::{self, ErrorKind},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Longest wait for another server that starts on the same path, which takes only a moment.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The file of a listener. Dropping the value removes the file, unless another server has replaced it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Identity of a file: device, inode and modification time.
#[derive(Debug, PartialEq, Eq)]
struct Identity(u64, u64, i64, i64);

/// Listens on `path` with this mode. Replaces the file of a process that has ended.
pub(super) fn bind(path: &Path, mode: SocketMode) -> anyhow::Result<(UnixListener, SocketFile)> {
    // Without the lock, two servers that start at once could each take the other's file for a stale one.
    let _lock = lock(path.parent().unwrap_or(path))?;
    remove_if_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
    // No client can connect before `listen`, so the mode with which the file was created never applies.
    fs::set_permissions(path, Permissions::from_mode(mode.bits()))?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), file))
}

/// Locks a folder while a server checks the sockets in it. The lock leaves no file behind.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let file =
        File::open(folder).with_context(|| format!("the folder {} cannot be opened", folder.display()))?;
    let end = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => {
                bail!("another process has locked the folder {}", folder.display())
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Removes the file at `path` if it is a socket that no process serves.
fn remove_if_stale(path: &Path) -> anyhow::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        bail!("the file there is not a socket; move it away, or set another path");
    }
    // Non-blocking, because `connect` would wait if the queue is full. Such a socket is being served too.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Ok(()) => bail!("another process listens on it; stop that process, or set another path"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            bail!("another process listens on it; stop that process, or set another path")
        }
        Err(error) => Err(error).context("cannot find out whether the existing socket is served"),
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::symlink_metadata(path)?;
    Ok(Identity(file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // If the file cannot be removed, the next start replaces it.
            let _removed = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use tempfile::TempDir;

    fn bind_at(path: &Path) -> Result<(UnixListener, SocketFile), String> {
        bind(path, "660".parse().unwrap()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_file_has_the_mode_and_is_removed_at_the_end() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        for mode in ["600", "660", "666", "777"] {
            let mode: SocketMode = mode.parse().unwrap();
            let (listener, file) = bind(&path, mode).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode.bits());
            UnixStream::connect(&path).unwrap();
            drop((listener, file));
            assert!(!path.exists());
        }
    }

    #[test]
    fn the_file_of_a_process_that_has_ended_is_replaced() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (_listener, _file) = bind_at(&path).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_served_socket_is_refused_even_while_its_queue_is_full() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        let served = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        served.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        served.listen(0).unwrap();
        let message = "another process listens on it; stop that process, or set another path";
        // The first connection fills the queue.
        for _ in 0..3 {
            assert_eq!(bind_at(&path).unwrap_err(), message);
        }
        assert!(path.exists());
    }

    #[test]
    fn a_path_that_is_not_a_stale_socket_is_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        let message = "the file there is not a socket; move it away, or set another path";
        fs::write(&path, "precious").unwrap();
        assert_eq!(bind_at(&path).unwrap_err(), message);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        let link = folder.path().join("link.sock");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(bind_at(&link).unwrap_err(), message);
        assert_eq!(bind_at(folder.path()).unwrap_err(), message);
        let other = folder.path().join("datagram.sock");
        let _datagram = UnixDatagram::bind(&other).unwrap();
        let error = bind_at(&other).unwrap_err();
        assert!(error.starts_with("cannot find out whether the existing socket is served: "), "{error}");
        let nowhere = bind_at(&folder.path().join("nowhere/http.sock")).unwrap_err();
        assert!(nowhere.contains("nowhere cannot be opened: No such file or directory"), "{nowhere}");
    }

    #[test]
    fn a_file_that_replaced_the_socket_is_kept() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        let (listener, file) = bind_at(&path).unwrap();
        drop(listener);
        let (_listener, _file) = bind_at(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }

    #[test]
    fn only_one_of_several_servers_starting_at_once_on_a_stale_file_serves_it() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("http.sock");
        for _ in 0..50 {
            drop(UnixListener::bind(&path).unwrap());
            let bound: Vec<_> = thread::scope(|scope| {
                let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| bind_at(&path))).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert_eq!(bound.iter().filter(|bound| bound.is_ok()).count(), 1, "{bound:?}");
            UnixStream::connect(&path).unwrap();
            drop(bound);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_start_does_not_wait_forever_for_a_locked_folder() {
        let folder = TempDir::new().unwrap();
        let held = File::open(folder.path()).unwrap();
        held.lock().unwrap();
        let error = bind_at(&folder.path().join("http.sock")).unwrap_err();
        assert!(error.starts_with("another process has locked the folder "), "{error}");
    }
}
