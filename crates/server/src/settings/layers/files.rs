//! Settings in files, as orchestrators provide secrets: `GOCHAT__DATABASE__URL_FILE` names the file with
//! `database.url`.

use super::{Setting, SettingError, SettingMap, error::unreadable, sources::setting_name};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Suffix of a variable that names a file.
const SUFFIX: &str = "_file";

/// Maximum size of a file in bytes. No setting needs more; a device or a wrong file could fill the memory.
const MAX_BYTES: u64 = 64 * 1024;

/// Longest wait for a file. A named pipe ends only when the program that writes to it closes it.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Reason to reject the file of a setting. No message shows the file's content.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{0} is set too; set one of the two")]
    TwoValues(String),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it could not be read to its end within {} seconds", READ_TIMEOUT.as_secs())]
    TimedOut,
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it begins with a byte order mark (EF BB BF); save it without the mark")]
    ByteOrderMark,
    #[error("it has more than one line; expected a single line, with at most one line break at its end")]
    SeveralLines,
    #[error("it has a control character, such as a zero byte")]
    Control,
    #[error("it is empty")]
    Empty,
}

/// Removes the variables that name the file of a `known` setting, and reads the files.
pub(super) fn take(
    variables: &mut HashMap<String, String>,
    known: &[String],
) -> Result<SettingMap, SettingError> {
    let mut settings = SettingMap::new();
    for (setting, variable) in file_variables(variables, known) {
        let path = variables.remove(&variable).unwrap_or_default();
        if path.contains("://") {
            // The value may be the secret itself.
            return Err(unreadable(&variable, "expected the path of a file, not a URL"));
        }
        let origin = format!("the file {path:?} of {variable}");
        let others = variables.keys().map(String::as_str);
        let value = match another_value(&setting, others) {
            Some(other) => Err(FileError::TwoValues(other)),
            None => read(&path, READ_TIMEOUT),
        };
        let value = value.map_err(|error| unreadable(&origin, error))?;
        settings.insert(setting, Setting { value, origin, is_string: true, is_from_file: true });
    }
    Ok(settings)
}

/// Returns the settings that have a file, each with the name of its variable, sorted.
fn file_variables(variables: &HashMap<String, String>, known: &[String]) -> Vec<(String, String)> {
    let named = variables.keys().filter_map(|variable| {
        let setting = setting_name(variable)?.strip_suffix(SUFFIX)?.to_owned();
        known.contains(&setting).then(|| (setting, variable.clone()))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

/// Returns another variable that sets the same setting, directly or by a file.
fn another_value<'a>(setting: &str, mut variables: impl Iterator<Item = &'a str>) -> Option<String> {
    let is_other = |variable: &&str| {
        setting_name(variable).is_some_and(|name| name.strip_suffix(SUFFIX).unwrap_or(&name) == setting)
    };
    variables.find(is_other).map(str::to_owned)
}

/// Reads a file, and strips the line break that editors and `echo` add at the end.
fn read(path: &str, timeout: Duration) -> Result<String, FileError> {
    let content = read_bytes(path.to_owned(), timeout)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let mut content = String::from_utf8(content).map_err(|_| FileError::NotUtf8)?;
    if content.ends_with('\n') {
        content.pop();
        if content.ends_with('\r') {
            content.pop();
        }
    }
    match &*content {
        "" => Err(FileError::Empty),
        text if text.starts_with('\u{feff}') => Err(FileError::ByteOrderMark),
        text if text.contains(['\n', '\r']) => Err(FileError::SeveralLines),
        text if text.contains(char::is_control) => Err(FileError::Control),
        _ => Ok(content),
    }
}

/// Reads the bytes of a file, up to one more than the limit.
///
/// A dedicated thread reads them: opening a named pipe without a writer blocks forever, and so does reading from one
/// whose writer never closes it. Such a thread ends with the process, which refuses to start.
fn read_bytes(path: String, timeout: Duration) -> Result<Vec<u8>, FileError> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let mut content = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut content));
        // After a timeout nobody receives the result.
        let _receiver_gone = sender.send(read.map(|_| content));
    };
    thread::Builder::new().name("setting-file".to_owned()).spawn(read)?;
    Ok(receiver.recv_timeout(timeout).map_err(|_| FileError::TimedOut)??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write, process::Command};
    use tempfile::{NamedTempFile, TempDir};

    const SEVERAL_LINES: &str =
        "it has more than one line; expected a single line, with at most one line break at its end";

    fn read_back(content: &[u8]) -> Result<String, String> {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, content).unwrap();
        read(file.path().to_str().unwrap(), READ_TIMEOUT).map_err(|error| error.to_string())
    }

    #[test]
    fn one_end_of_line_is_removed() {
        let cases = [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" secret \n", " secret "),
            ("sec\u{feff}ret", "sec\u{feff}ret"),
        ];
        for (content, value) in cases {
            assert_eq!(read_back(content.as_bytes()).as_deref(), Ok(value), "{content:?}");
        }
    }

    #[test]
    fn content_that_is_not_a_setting_is_refused() {
        let largest = "x".repeat(64 * 1024);
        assert_eq!(read_back(largest.as_bytes()).as_ref(), Ok(&largest));
        let cases = [
            (&b""[..], "it is empty"),
            (b"\n", "it is empty"),
            (b"\r\n", "it is empty"),
            (b"secret\xff", "it is not UTF-8"),
            (b"\xff\xfes\0", "it is not UTF-8"),
            (
                b"\xef\xbb\xbfsecret\n",
                "it begins with a byte order mark (EF BB BF); save it without the mark",
            ),
            (b"secret\n\n", SEVERAL_LINES),
            (b"secret\n\r\n", SEVERAL_LINES),
            (b"secret\r\r\n", SEVERAL_LINES),
            (b"secret\r", SEVERAL_LINES),
            (b"\nsecret", SEVERAL_LINES),
            (b"\n\n", SEVERAL_LINES),
            (b"secret\nanother\n", SEVERAL_LINES),
            (b"sec\0ret\n", "it has a control character, such as a zero byte"),
            (b"secret\x1b", "it has a control character, such as a zero byte"),
            (b"\tsecret", "it has a control character, such as a zero byte"),
            (&vec![b'x'; 64 * 1024 + 1], "it has more than 65536 bytes"),
        ];
        for (content, message) in cases {
            assert_eq!(read_back(content).unwrap_err(), message);
        }
        let refused = |path| read(path, READ_TIMEOUT).unwrap_err().to_string();
        assert_eq!(refused("/dev/zero"), "it has more than 65536 bytes");
        assert_eq!(refused("/"), "it cannot be read: Is a directory (os error 21)");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_until_the_timeout() {
        let folder = TempDir::new().unwrap();
        let [unwritten, written] = ["unwritten", "written"].map(|name| {
            let pipe = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            pipe
        });
        let late = || read(unwritten.to_str().unwrap(), Duration::from_millis(50)).unwrap_err().to_string();
        assert_eq!(late(), "it could not be read to its end within 10 seconds");
        let mut writer = File::options().write(true).open(&unwritten).unwrap();
        writer.write_all(b"secret").unwrap();
        assert_eq!(late(), "it could not be read to its end within 10 seconds");
        thread::scope(|scope| {
            scope.spawn(|| fs::write(&written, "secret\n").unwrap());
            assert_eq!(read(written.to_str().unwrap(), READ_TIMEOUT).unwrap(), "secret");
        });
    }
}
