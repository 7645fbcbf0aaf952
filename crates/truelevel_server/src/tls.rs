//! TLS from configured files, where no proxy ends it.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use truelevel_engine::EngineError;
use truelevel_engine::config::TlsFiles;
use truelevel_model::printable;

/// Reads the certificate and its key.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, EngineError> {
    let wrong = |what: &str, why: &dyn std::fmt::Display| {
        EngineError::Usage(format!("{}: {}: {why}", files.place, printable(what)))
    };
    let (certificate, key) = (files.certificate.display().to_string(), files.key.display().to_string());
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(&certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(&certificate, &"no certificate is in it"));
    }
    let private = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| wrong(&certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
