//! HTTPS of the admin listener.

mod certificate;
mod client;
mod renewal;
mod stream;

pub(crate) use certificate::Certificate;
pub(crate) use client::connect;
pub(crate) use renewal::renew;
pub(crate) use stream::TlsStream;

use crate::settings::TlsFiles;
use anyhow::{Context, anyhow};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};
use tokio_rustls::TlsAcceptor;

/// The certificate of a listener with its private key. Clones share it, so a reload replaces it for all.
#[derive(Clone)]
pub(crate) struct Tls(Arc<Shared>);

struct Shared {
    files: TlsFiles,
    pair: RwLock<Pair>,
}

/// A certificate and its private key.
struct Pair {
    certificate: Certificate,
    /// The key, with the certificate's whole chain.
    key: Arc<CertifiedKey>,
}

impl Tls {
    /// Reads the files. An error names the setting.
    pub(crate) fn load(files: &TlsFiles) -> anyhow::Result<Self> {
        let pair = RwLock::new(Pair::read(files)?);
        Ok(Self(Arc::new(Shared { files: files.clone(), pair })))
    }

    /// Reads the files again, and returns whether they have another certificate than before. Connections that are made
    /// from now on get it. After an error, they get the old one.
    pub(crate) fn reload(&self) -> anyhow::Result<bool> {
        let new = Pair::read(&self.0.files)?;
        let mut pair = self.0.pair.write().unwrap_or_else(PoisonError::into_inner);
        let is_another = new.key.cert != pair.key.cert;
        *pair = new;
        Ok(is_another)
    }

    /// The certificate now.
    pub(crate) fn certificate(&self) -> Certificate {
        self.pair().certificate.clone()
    }

    /// Accepts connections by TLS.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn pair(&self) -> RwLockReadGuard<'_, Pair> {
        self.0.pair.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.pair().key))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.0.files).finish_non_exhaustive()
    }
}

impl Pair {
    fn read(files: &TlsFiles) -> anyhow::Result<Self> {
        let chain = read_chain(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| refused("admin.tls_key", &files.key))?;
        let certificate = Certificate::parse(&chain)
            .with_context(|| refused("admin.tls_certificate", &files.certificate))?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .context("the files in admin.tls_certificate and admin.tls_key cannot be used together")?;
        Ok(Self { certificate, key: Arc::new(key) })
    }
}

fn read_chain(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    read().map_err(|error| anyhow!("{error}")).with_context(|| refused("admin.tls_certificate", file))
}

fn refused(setting: &str, file: &Path) -> String {
    format!("{setting} = \"{}\" cannot be used", file.display())
}
