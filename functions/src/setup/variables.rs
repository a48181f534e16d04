//! The variables that functions read, under the names that nodes know them by.

use super::environment::{Shown, Variable};

pub(super) const REGION: Variable = Variable {
    name: "WIRESOCKET_REGION",
    expected: "the name of this region, 1 to 64 letters, digits and hyphens, such as eu-central-1",
    shown: Shown::Always,
};
pub(super) const HOME: Variable = Variable {
    name: "WIRESOCKET_HOME",
    expected: "home regions and their tables, separated by spaces, the default first: NAME=TABLE[,region=AWS_REGION][,endpoint=URL], such as aws-eu-central-1=wiresocket",
    shown: Shown::Always,
};
pub(super) const DYNAMODB_ENDPOINT: Variable = Variable {
    name: "WIRESOCKET_DYNAMODB_ENDPOINT",
    expected: "http://HOST[:PORT] or https://HOST[:PORT]",
    shown: Shown::Always,
};
/// Set by Lambda itself.
pub(super) const AWS_REGION: Variable =
    Variable { name: "AWS_REGION", expected: "an AWS region, such as eu-central-1", shown: Shown::Always };
pub(super) const REGISTRY: Variable = Variable {
    name: "WIRESOCKET_REGISTRY",
    expected: "the registry's table: TABLE[,region=AWS_REGION][,endpoint=URL], such as wiresocket-registry",
    shown: Shown::Always,
};
pub(super) const USAGE: Variable = Variable {
    name: "WIRESOCKET_USAGE",
    expected: "the usage table: TABLE[,region=AWS_REGION][,endpoint=URL], such as wiresocket-usage",
    shown: Shown::Always,
};
pub(super) const VAULT: Variable = Variable {
    name: "WIRESOCKET_VAULT",
    expected: "kms:KEY[,region=REGION][,endpoint=URL] or file:PATH",
    shown: Shown::Always,
};
pub(super) const JWKS: Variable = Variable {
    name: "WIRESOCKET_JWKS",
    expected: "a file, https://HOST/PATH, or https://HOST/{tenantId}/.well-known/jwks",
    // A URL may hold a secret in its query.
    shown: Shown::Never,
};
pub(super) const REDIS: Variable = Variable {
    name: "WIRESOCKET_REDIS",
    expected: "redis[s]://HOST:PORT of the region's Redis or Valkey",
    shown: Shown::Never,
};
pub(super) const REDIS_PASSWORD: Variable =
    Variable { name: "WIRESOCKET_REDIS_PASSWORD", expected: "Redis's password", shown: Shown::Never };
pub(super) const REDIS_CA: Variable =
    Variable { name: "WIRESOCKET_REDIS_CA", expected: "a file of certificates (PEM)", shown: Shown::Always };
/// Read by whoever trusts the machine's certificate authorities.
pub(super) const SSL_CERT_FILE: Variable =
    Variable { name: "SSL_CERT_FILE", expected: "a file of certificates (PEM)", shown: Shown::Always };
pub(super) const METRICS: Variable = Variable {
    name: "WIRESOCKET_METRICS",
    expected: "a namespace of CloudWatch's metrics, such as WireSocket/production",
    shown: Shown::Always,
};
pub(super) const RATE_LIMITS: Variable =
    Variable { name: "WIRESOCKET_RATE_LIMITS", expected: "on or off", shown: Shown::Always };
pub(super) const TRUSTED_PROXY: Variable = Variable {
    name: "WIRESOCKET_TRUSTED_PROXY",
    expected: "address ranges separated by commas, such as 10.0.0.0/8",
    shown: Shown::Always,
};
