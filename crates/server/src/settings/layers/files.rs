//! Settings in files, as orchestrators hand over secrets: `GOCHAT__DATABASE__URL_FILE` names the file that has `database.url`.

use super::{Setting, SettingError, Settings, setting_of, unreadable};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
};

/// End of the name of a variable that names a file.
const SUFFIX: &str = "_file";

/// Most bytes of a file. No setting needs them; a device or a wrong file would fill the memory.
const LIMIT: u64 = 64 * 1024;

/// Why the file of a setting is refused. None of these shows what is in the file.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0} is set too; set one of the two")]
    TwoValues(String),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it has more than {LIMIT} bytes")]
    TooLarge,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("it is empty")]
    Empty,
}

/// Takes those of `variables` that name the file of a `known` setting, and reads the files.
pub(super) fn take(
    variables: &mut HashMap<String, String>,
    known: &[String],
) -> Result<Settings, SettingError> {
    let mut settings = Settings::new();
    for (setting, variable) in variables_of_files(variables, known) {
        let path = variables.remove(&variable).unwrap_or_default();
        if path.contains("://") {
            // It may be the secret itself.
            return Err(unreadable(&variable, "expected the path of a file, not a URL"));
        }
        let origin = format!("the file {path:?} of {variable}");
        let others = variables.keys().map(String::as_str);
        let value = match another_value(&setting, others) {
            Some(other) => Err(Fault::TwoValues(other)),
            None => read(&path),
        };
        let value = value.map_err(|fault| unreadable(&origin, fault))?;
        settings.insert(setting, Setting { value, origin, is_from_a_file: true });
    }
    Ok(settings)
}

/// The settings that are in files, each with the name of its variable, in alphabetical order.
fn variables_of_files(variables: &HashMap<String, String>, known: &[String]) -> Vec<(String, String)> {
    let named = variables.keys().filter_map(|variable| {
        let setting = setting_of(variable)?.strip_suffix(SUFFIX)?.to_owned();
        known.contains(&setting).then(|| (setting, variable.clone()))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

/// Another variable that has a setting, by itself or in a file.
fn another_value<'a>(setting: &str, mut variables: impl Iterator<Item = &'a str>) -> Option<String> {
    let is_other = |variable: &&str| {
        setting_of(variable).is_some_and(|name| name.strip_suffix(SUFFIX).unwrap_or(&name) == setting)
    };
    variables.find(is_other).map(str::to_owned)
}

/// The content of a file, without the end of line that editors and `echo` leave.
fn read(path: &str) -> Result<String, Fault> {
    let mut content = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LIMIT {
        return Err(Fault::TooLarge);
    }
    let mut content = String::from_utf8(content).map_err(|_| Fault::NotUtf8)?;
    if content.ends_with('\n') {
        content.pop();
        if content.ends_with('\r') {
            content.pop();
        }
    }
    if content.is_empty() { Err(Fault::Empty) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::NamedTempFile;

    fn read_back(content: &[u8]) -> Result<String, String> {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, content).unwrap();
        read(file.path().to_str().unwrap()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn one_end_of_line_is_removed_and_no_more() {
        let cases = [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret\n\n", "secret\n"),
            ("secret\n\r\n", "secret\n"),
            ("secret\r", "secret\r"),
            (" secret \n", " secret "),
            ("\nsecret", "\nsecret"),
        ];
        for (content, value) in cases {
            assert_eq!(read_back(content.as_bytes()).as_deref(), Ok(value), "{content:?}");
        }
    }

    #[test]
    fn what_is_no_text_of_a_setting_is_refused() {
        let largest = "x".repeat(64 * 1024);
        assert_eq!(read_back(largest.as_bytes()).as_ref(), Ok(&largest));
        let cases = [
            (&b""[..], "it is empty"),
            (b"\n", "it is empty"),
            (b"\r\n", "it is empty"),
            (b"secret\xff", "it is not UTF-8"),
            (&vec![b'x'; 64 * 1024 + 1], "it has more than 65536 bytes"),
        ];
        for (content, said) in cases {
            assert_eq!(read_back(content).unwrap_err(), said);
        }
        assert_eq!(read("/dev/zero").unwrap_err().to_string(), "it has more than 65536 bytes");
        assert_eq!(read("/").unwrap_err().to_string(), "it cannot be read: Is a directory (os error 21)");
    }
}
