//! HTTPS of the admin listener.

mod certificate;
mod client;
mod stream;

pub(crate) use certificate::Certificate;
pub(crate) use client::connect;
pub(crate) use stream::TlsStream;

use crate::settings::TlsFiles;
use anyhow::{Context, anyhow};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// The certificate of a listener, and what it needs to speak HTTPS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) certificate: Certificate,
}

impl Tls {
    /// Reads the files. An error names the setting.
    pub(crate) fn load(files: &TlsFiles) -> anyhow::Result<Self> {
        let chain = read_chain(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| refused("admin.tls_key", &files.key))?;
        let certificate = Certificate::parse(&chain)
            .with_context(|| refused("admin.tls_certificate", &files.certificate))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("the files in admin.tls_certificate and admin.tls_key cannot be used together")?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

fn read_chain(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    read().map_err(|error| anyhow!("{error}")).with_context(|| refused("admin.tls_certificate", file))
}

fn refused(setting: &str, file: &Path) -> String {
    format!("{setting} = \"{}\" cannot be used", file.display())
}
