//! The names in a certificate.

use anyhow::{Context, anyhow};
use rustls::pki_types::{CertificateDer, ServerName};
use std::{fmt, net::IpAddr, sync::Arc};
use webpki::EndEntityCert;

/// The certificate of a server.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<CertificateDer<'static>>);

impl Certificate {
    /// Takes the first certificate of a chain.
    pub(crate) fn parse(chain: &[CertificateDer<'static>]) -> anyhow::Result<Self> {
        let first = chain.first().context("it has no certificate")?;
        EndEntityCert::try_from(first).map_err(|error| anyhow!("{error}"))?;
        Ok(Self(Arc::new(first.clone())))
    }

    /// Returns true if the certificate is for `host`: a name, or an address (in brackets if it has colons).
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let Ok(name) = ServerName::try_from(host) else { return false };
        self.entity().is_some_and(|entity| entity.verify_is_valid_for_subject_name(&name).is_ok())
    }

    /// Returns the first name of the certificate that is not a wildcard; `None` if there is none, or if the certificate is
    /// for `address` too.
    pub(crate) fn name_instead_of(&self, address: IpAddr) -> Option<String> {
        if self.is_for(&address.to_string()) {
            return None;
        }
        self.entity()?.valid_dns_names().find(|name| !name.starts_with('*')).map(str::to_owned)
    }

    /// The certificate in DER.
    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        &self.0
    }

    fn entity(&self) -> Option<EndEntityCert<'_>> {
        EndEntityCert::try_from(&*self.0).ok()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}
