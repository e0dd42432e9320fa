//! Settings of the admin listener.

use super::{AdminBind, SettingError, layers::Layers};
use std::path::PathBuf;

/// Settings of the admin listener.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Its address.
    pub bind: AdminBind,
    /// True if the dashboard is served.
    pub dashboard: bool,
    /// The files for HTTPS; `None` for HTTP.
    pub tls: Option<TlsFiles>,
}

/// PEM files of a server that speaks HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those of the authorities that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

const CERTIFICATE: &str = "admin.tls_certificate";
const KEY: &str = "admin.tls_key";

impl AdminSettings {
    /// Reads the section, and rejects a dashboard whose session would cross a network without encryption.
    pub(super) fn read(layers: &Layers) -> Result<Self, SettingError> {
        let settings = Self {
            bind: layers.parsed("admin.bind", AdminBind::EXPECTED)?,
            dashboard: layers.parsed("admin.dashboard", "true or false")?,
            tls: TlsFiles::read(layers)?,
        };
        match settings.bind {
            AdminBind::Address(address)
                if settings.dashboard && settings.tls.is_none() && !address.ip().is_loopback() =>
            {
                let expected = format!(
                    "false, or a certificate and its key in {CERTIFICATE} and {KEY}, because admin.bind = {address} is not a \
                     loopback address"
                );
                Err(layers.refused("admin.dashboard", "true", expected))
            }
            // A socket from systemd is checked once it is open.
            _ => Ok(settings),
        }
    }
}

impl TlsFiles {
    fn read(layers: &Layers) -> Result<Option<Self>, SettingError> {
        let [certificate, key] = [layers.text(CERTIFICATE), layers.text(KEY)];
        match (certificate, key) {
            ("", "") => Ok(None),
            ("", _) => Err(layers.refused(CERTIFICATE, "", format!("a file, because {KEY} is set"))),
            (_, "") => Err(layers.refused(KEY, "", format!("a file, because {CERTIFICATE} is set"))),
            _ => Ok(Some(Self { certificate: certificate.into(), key: key.into() })),
        }
    }
}
