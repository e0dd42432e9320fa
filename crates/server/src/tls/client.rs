//! The client of this program's own listener.

use super::Certificate;
use anyhow::Context;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{net::TcpStream, sync::Arc};

/// Speaks TLS on `stream`, with a server that must have exactly this certificate. Its name and its authority do not
/// matter: the client has read the file that the server reads, too, every 2 seconds.
pub(crate) fn connect(
    stream: TcpStream,
    certificate: Certificate,
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let name = ServerName::from(stream.peer_addr()?.ip());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ThisCertificate { certificate, provider }))
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name).context("TLS cannot be used")?;
    Ok(StreamOwned::new(connection, stream))
}

/// Accepts one certificate, byte for byte.
#[derive(Debug)]
struct ThisCertificate {
    certificate: Certificate,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ThisCertificate {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if certificate == self.certificate.der() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General("the server has another certificate than admin.tls_certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
