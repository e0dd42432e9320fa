//! Addresses of the listeners.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// Address of the public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// An IP address and a port.
    Address(SocketAddr),
    /// A Unix socket, for programs on this machine.
    Unix(PathBuf),
    /// A socket passed by systemd.
    Systemd,
}

/// Address of the admin listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminBind {
    /// An IP address and a port.
    Address(SocketAddr),
    /// A socket passed by systemd.
    Systemd,
}

/// The mode of a Unix socket, which decides who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketMode(u32);

/// Error for a text that is not an [`AdminBind`] or a [`SocketMode`].
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid;

/// Reason why a text is not a [`Bind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidBind {
    /// Not an address, not `unix:` with a path, and not `systemd`.
    Unknown,
    /// A path that depends on the working directory (`unix:http.sock`), or an abstract socket (`unix:@name`), which
    /// has no file and no mode.
    NotAbsolute,
    /// A path with parameters (`unix:/run/http.sock?mode=660`), surrounding white space, or a control character. All of
    /// these would become part of the file name.
    MoreThanPath,
    /// A path with more than [`MAX_PATH_BYTES`] bytes.
    TooLong,
}

/// Maximum length of the path of a Unix socket: an address has 108 bytes (unix(7)), the last of which is zero.
const MAX_PATH_BYTES: usize = 107;

const UNIX: &str = "unix:";
const SYSTEMD: &str = "systemd";

impl InvalidBind {
    /// Returns the expected form, for error messages.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Unknown => {
                "an address and a port (127.0.0.1:1213), a Unix socket (unix:/run/gochat/http.sock), or systemd"
            }
            Self::NotAbsolute => {
                "an absolute path after unix:, like unix:/run/gochat/http.sock; abstract sockets (@) are not supported"
            }
            Self::MoreThanPath => {
                "only a path after unix:, without parameters or surrounding white space, like unix:/run/gochat/http.sock; http.socket_mode sets its mode"
            }
            Self::TooLong => {
                "a path of at most 107 bytes after unix:, the limit of Linux for Unix sockets, like unix:/run/gochat/http.sock; a symbolic link to its folder makes it shorter"
            }
        }
    }
}

impl AdminBind {
    /// Expected form of the setting, for error messages.
    pub(super) const EXPECTED: &str = "an address and a port, like 127.0.0.1:1214, or systemd";
}

impl SocketMode {
    /// Expected form of the setting, for error messages.
    pub(super) const EXPECTED: &str = "three octal digits other than 000, like 660";

    /// Returns the mode as bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl FromStr for Bind {
    type Err = InvalidBind;

    fn from_str(text: &str) -> Result<Self, InvalidBind> {
        match text.strip_prefix(UNIX) {
            Some("") => Err(InvalidBind::Unknown),
            Some(path) if !path.starts_with('/') => Err(InvalidBind::NotAbsolute),
            Some(path) if path.contains('?') || path.contains(char::is_control) || path.trim() != path => {
                Err(InvalidBind::MoreThanPath)
            }
            Some(path) if path.len() > MAX_PATH_BYTES => Err(InvalidBind::TooLong),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(|bind: AdminBind| bind.into()).map_err(|_| InvalidBind::Unknown),
        }
    }
}

impl FromStr for AdminBind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == SYSTEMD {
            return Ok(Self::Systemd);
        }
        text.parse().map(Self::Address).map_err(|_| Invalid)
    }
}

impl FromStr for SocketMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('0').filter(|digits| digits.len() == 3).unwrap_or(text);
        let is_octal = digits.len() == 3 && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        // With the mode 000, only root could connect.
        let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| is_octal && *mode != 0);
        mode.map(Self).ok_or(Invalid)
    }
}

impl From<AdminBind> for Bind {
    fn from(bind: AdminBind) -> Self {
        match bind {
            AdminBind::Address(address) => Self::Address(address),
            AdminBind::Systemd => Self::Systemd,
        }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
            Self::Systemd => f.write_str(SYSTEMD),
        }
    }
}

impl fmt::Display for SocketMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_displayed_as_it_was_parsed() {
        for text in
            ["127.0.0.1:1213", "[::]:80", "unix:/run/gochat/http.sock", "unix:/a b@c/http.sock", "systemd"]
        {
            assert_eq!(text.parse::<Bind>().unwrap().to_string(), text);
        }
        for text in
            ["127.0.0.1", "localhost:80", "unix:", "unix", "Unix:/x", "/run/http.sock", "systemd:http", ""]
        {
            assert_eq!(text.parse::<Bind>(), Err(InvalidBind::Unknown), "{text}");
        }
        for text in [
            "unix:http.sock",
            "unix:./x",
            "unix:@gochat",
            "unix:~/x",
            "unix:$HOME/x",
            "unix: /x",
            "unix:\"/x\"",
        ] {
            assert_eq!(text.parse::<Bind>(), Err(InvalidBind::NotAbsolute), "{text}");
        }
        for text in
            ["unix:/run/x?mode=660", "unix:/run/x?", "unix:/run/x ", "unix:/run/x\n", "unix:/run/x\0y"]
        {
            assert_eq!(text.parse::<Bind>(), Err(InvalidBind::MoreThanPath), "{text:?}");
        }
        let longest = format!("unix:/run/{}", "\u{e9}".repeat(51));
        assert_eq!(longest.parse::<Bind>().unwrap().to_string(), longest);
        assert_eq!(format!("{longest}x").parse::<Bind>(), Err(InvalidBind::TooLong));
        assert_eq!("systemd".parse(), Ok(AdminBind::Systemd));
        assert_eq!("unix:/run/admin.sock".parse::<AdminBind>(), Err(Invalid));
    }

    #[test]
    fn a_mode_is_octal() {
        for (text, bits) in [("660", 0o660), ("0660", 0o660), ("002", 0o2), ("777", 0o777), ("0600", 0o600)] {
            assert_eq!(text.parse::<SocketMode>().unwrap().bits(), bits, "{text}");
        }
        for text in
            ["", "000", "0000", "66", "668", "1660", "00660", "0o660", "rw-rw----", "+66", "-66", " 660"]
        {
            assert_eq!(text.parse::<SocketMode>(), Err(Invalid), "{text}");
        }
        assert_eq!(SocketMode(0o60).to_string(), "060");
    }
}
