use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A certificate authority of one's own, and a certificate of 127.0.0.1 and localhost that it has signed.
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Made with openssl.
    pub(crate) fn make() -> Self {
        let folder = TempDir::new().unwrap();
        openssl(
            folder.path(),
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj /CN=ca -keyout ca.key -out ca.pem",
        );
        openssl(
            folder.path(),
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -subj /CN=redis -keyout server.key -out server.csr",
        );
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost").unwrap();
        openssl(
            folder.path(),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile names -out server.pem",
        );
        Self { folder }
    }

    /// What a client must believe in.
    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("ca.pem")).unwrap()
    }

    /// Where a file is: `ca.pem`, `server.pem`, `server.key`.
    pub(crate) fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }
}

fn openssl(folder: &Path, args: &str) {
    let output = Command::new("openssl").args(args.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&output.stderr));
}
