use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Why no certificate of a receiver's could be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTrust {
    /// The machine's certificate authorities can't be read.
    #[error("cannot read this machine's certificate authorities: {0}")]
    Machine(String),
    /// What was given is no certificate authority.
    #[error("expected a certificate authority in PEM: {0}")]
    Given(String),
}

/// Whom to believe: the certificate authorities in `ca_pem` alone, or the machine's where none is given.
pub(super) fn client_config(ca_pem: Option<&[u8]>) -> Result<ClientConfig, NoTrust> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the suites of every default version");
    let builder = match ca_pem {
        Some(pem) => builder.with_root_certificates(authorities(pem)?),
        None => builder.with_native_roots().map_err(|error| NoTrust::Machine(error.to_string()))?,
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, NoTrust> {
    let given = |error: &dyn std::fmt::Display| NoTrust::Given(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| given(&error))?).map_err(|error| given(&error))?;
    }
    if roots.is_empty() { Err(given(&"there is no certificate in it")) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_authority_is_named() {
        for bad in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(client_config(Some(bad.as_bytes())), Err(NoTrust::Given(_))), "{bad}");
        }
    }
}
