//! The error of a setting or of a layer.

use std::fmt::Display;

/// Reason why the settings cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A setting is unknown or has an invalid value.
    #[error("{setting} = {value:?} from {origin} is refused: expected {expected}")]
    Refused {
        /// Name, like `http.bind`.
        setting: String,
        /// The value, with secrets redacted.
        value: String,
        /// The layer or file that has the value.
        origin: String,
        /// Description of valid values.
        expected: String,
    },
    /// A layer cannot be read.
    #[error("{origin} is refused: {reason}")]
    Unreadable {
        /// The layer.
        origin: String,
        /// Reason, without any text of the layer, which may have secrets.
        reason: String,
    },
}

/// The error for a layer that cannot be read.
pub(super) fn unreadable(origin: &str, reason: impl Display) -> SettingError {
    SettingError::Unreadable { origin: origin.to_owned(), reason: reason.to_string() }
}
