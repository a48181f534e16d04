//! What options must not say together.

use super::documents::DocumentsAt;
use super::error::SetupError;
use super::keys::KeysAt;
use super::options::Options;
use super::registry::RegistryAt;
use stores::usage::UsageAt;

impl Options {
    /// Refuses options that contradict each other, that would go unused, or that name no store.
    ///
    /// # Errors
    /// [`SetupError`], which names the option and what would be right.
    pub fn check(&self) -> Result<(), SetupError> {
        let refuse = |option, cause| Err(SetupError::Combination { option, cause });
        if let Some((option, cause)) = self.unused() {
            return refuse(option, cause);
        }
        if self.jwks.is_none() && self.registry.is_none() {
            let cause = "is missing: give the key set that tokens are verified by, or the registry of the tenants' keys \
                         with '--registry'";
            return refuse("--jwks", cause);
        }
        let takes_every_address = self.relay_listen.is_some_and(|listen| listen.ip().is_unspecified());
        if takes_every_address && self.relay_address.is_none() {
            let cause = "is missing: '--relay-listen' takes every address, and other nodes need one to dial";
            return refuse("--relay-address", cause);
        }
        let names: Vec<_> = self.home.iter().map(|home| &home.name).collect();
        if names.iter().enumerate().any(|(i, name)| names[..i].contains(name)) {
            return refuse("--home", "names a home region twice: give each one table");
        }
        self.redis_url()?;
        self.archive_url()?;
        Ok(())
    }

    /// An option that would go unused, and why.
    fn unused(&self) -> Option<(&'static str, &'static str)> {
        let documents = self.documents_at();
        let are_lent = matches!(documents, DocumentsAt::Lender(_));
        let keys_of_tenants = matches!(self.jwks, Some(KeysAt::TenantUrl(_)));
        let is_on_dynamo = !self.home.is_empty()
            || matches!(self.registry, Some(RegistryAt::Table(_)))
            || matches!(self.usage, Some(UsageAt::Table(_)));
        let options = [
            (
                self.relay_address.is_some() && self.relay_listen.is_none(),
                ("--relay-address", "is of no use without '--relay-listen'"),
            ),
            (
                self.dynamodb_endpoint.is_some() && !is_on_dynamo,
                (
                    "--dynamodb-endpoint",
                    "is of no use without '--home', '--registry' or '--usage', which name tables",
                ),
            ),
            (
                keys_of_tenants && self.registry.is_some(),
                (
                    "--jwks",
                    "with {tenantId} is of no use where '--registry' has the tenants' keys: leave one of them out",
                ),
            ),
            (
                self.redis_password.is_some() && self.redis.is_none(),
                ("--redis-password", "is of no use without '--redis'"),
            ),
            (
                self.redis_ca.is_some() && self.redis.is_none(),
                ("--redis-ca", "is of no use without '--redis'"),
            ),
            (
                self.data.is_some() && documents != DocumentsAt::Disk,
                ("--data", "is of no use where '--documents' is not disk: leave one of them out"),
            ),
            (
                self.documents_secret.is_some() && !are_lent,
                (
                    "--documents-secret",
                    "is of no use where '--documents' is not the URL of a process that lends",
                ),
            ),
            (
                self.retain_documents.is_some() && are_lent,
                (
                    "--retain-documents",
                    "is of no use where documents are lent: the process that lends them keeps them",
                ),
            ),
            (
                self.archive_every.is_some() && self.archive.is_none(),
                ("--archive-every", "is of no use without '--archive', which says where"),
            ),
        ];
        options.into_iter().find_map(|(is_unused, option)| is_unused.then_some(option))
    }

    pub(super) fn documents_at(&self) -> DocumentsAt {
        let by_default = || match (&self.data, &self.redis) {
            (Some(_), _) => DocumentsAt::Disk,
            (None, Some(_)) => DocumentsAt::Redis,
            (None, None) => DocumentsAt::Memory,
        };
        self.documents.clone().unwrap_or_else(by_default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::prepare;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(arguments: &[&str]) -> Result<Options, clap::Error> {
        let jwks = ["--jwks", "http://127.0.0.1:9/none"];
        let verifies = arguments.iter().any(|argument| ["--jwks", "--registry", "--node"].contains(argument));
        let jwks = if verifies { &[][..] } else { &jwks };
        let listen = ["node", "--listen", "127.0.0.1:0"];
        let arguments = listen.iter().chain(jwks).chain(arguments);
        CommandLine::try_parse_from(arguments).map(|line| line.options)
    }

    async fn refusal(arguments: &[&str]) -> String {
        match prepare(parsed(arguments).unwrap()).await {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{arguments:?} is taken"),
        }
    }

    #[tokio::test]
    async fn options_that_do_not_go_together_are_refused_by_name() {
        let short = "s".repeat(31);
        let lender = ["--documents", "http://127.0.0.1:1"];
        let of_tenants = "https://a/{tenantId}/jwks";
        let redis = ["--redis", "redis://:ssssssssssssssssssssssssssssssssssssss@a:1"];
        let cases: [(&[&str], &str); 33] = [
            (&["--node", "a"], "'--jwks' is missing"),
            (&["--registry", "file:d", "--jwks", of_tenants], "'--jwks' with {tenantId} is of no use"),
            (&["--jwks", "https://{tenantId}.example.net/jwks"], "'--jwks'"),
            (&["--registry", "file:/no/folder"], "/no/folder is no folder"),
            (&["--usage", "file:/proc/none"], "'--usage': file:/proc/none"),
            (&["--redis-password", &short], "'--redis-password' is of no use"),
            (&[redis[0], redis[1], "--redis-password", &short], "holds a password already"),
            (&["--redis", "redis://a:1", "--redis-password", "@/no/file"], "/no/file"),
            (&["--redis", "redis://a:1", "--redis-password", ""], "'--redis-password': it is empty"),
            (&["--relay-listen", "127.0.0.1:0"], "'--cluster-secret' is missing"),
            (&["--relay-listen", "127.0.0.1:0", "--cluster-secret", &short], "at least 32 bytes"),
            (&["--relay-listen", "127.0.0.1:0", "--cluster-secret", "@/no/file"], "/no/file"),
            (&["--relay-listen", "0.0.0.0:0"], "'--relay-address' is missing"),
            (&["--relay-address", "a:1"], "'--relay-address' is of no use"),
            (&["--documents", "disk"], "needs '--data DIR'"),
            (&["--documents", "memory", "--data", "d"], "'--data' is of no use"),
            (&["--documents", "http://127.0.0.1:1"], "'--documents-secret' is missing"),
            (&["--documents", "http://127.0.0.1:1", "--documents-secret", &short], "32 to 1024"),
            (&["--documents", "redis"], "needs '--redis URL'"),
            (&["--redis", "http://a:1"], "'--redis'"),
            (&["--redis", "redis://u:ssssssssssssssssssssssssssssssssssssss@"], "'--redis'"),
            (&["--redis", "rediss://a:1", "--redis-ca", "/no/file"], "/no/file"),
            (&["--redis-ca", "ca.pem"], "'--redis-ca' is of no use"),
            (&["--retain-documents", "24h"], "'--retain-documents' is 0s or forever"),
            (&["--archive", "file:///proc/none"], "'--archive'"),
            (&["--archive", "http://a"], "'--archive': `http://a`"),
            (&["--archive-every", "5m"], "'--archive-every' is of no use"),
            (&["--documents-secret", &short], "'--documents-secret' is of no use"),
            (&[lender[0], lender[1], "--retain-documents", "0s"], "'--retain-documents' is of no use"),
            (&["--data", "d", "--redis", "redis://a:1", "--documents", "redis"], "'--data' is of no use"),
            (&["--dynamodb-endpoint", "http://a"], "'--dynamodb-endpoint' is of no use"),
            (&["--home", "a=table", "--home", "a=other"], "twice"),
            (&["--home", "a=table", "--dynamodb-endpoint", "a"], "no endpoint"),
        ];
        for (arguments, expected) in cases {
            let refusal = refusal(arguments).await;
            assert!(refusal.contains(expected), "{arguments:?}: {refusal}");
            assert!(!refusal.contains(&short), "a secret is never told: {refusal}");
        }
    }

    #[test]
    fn values_that_can_not_be_used_are_refused_by_name() {
        for (option, value) in [
            ("--home", "table"),
            ("--registry", "file:"),
            ("--registry", "a=table"),
            ("--usage", "file:"),
            ("--usage", "a b"),
            ("--home", "a=table,endpoint=nowhere"),
            ("--documents", "redis://a"),
            ("--retain-documents", "never"),
            ("--archive-every", "0s"),
            ("--public-url", "https://a"),
            ("--relay-address", "a"),
            ("--relay-listen", "a:1"),
            ("--on-lease-loss", "maybe"),
            ("--capacity", "0"),
        ] {
            let error = parsed(&[option, value]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(option), "{error}");
        }
    }

    #[tokio::test]
    async fn a_node_without_a_name_draws_one_that_no_other_has() {
        let (one, other) = tokio::join!(prepare(parsed(&[]).unwrap()), prepare(parsed(&[]).unwrap()));
        let (one, other) = (one.unwrap_or_else(|e| panic!("{e}")), other.unwrap_or_else(|e| panic!("{e}")));
        assert!(one.config.name.as_str().starts_with("node-") && one.config.name.as_str().len() == 13);
        assert_ne!(one.config.name, other.config.name);
    }

    #[tokio::test]
    async fn a_home_table_that_can_not_be_reached_does_not_keep_a_node_from_starting() {
        let homes = ["--home", "a=table", "--home", "b=other", "--dynamodb-endpoint", "http://127.0.0.1:9"];
        let setup = prepare(parsed(&homes).unwrap()).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(setup.ports.homes.default_home().as_str(), "a");
        assert_eq!(setup.ports.homes.iter().count(), 2);
    }

    #[tokio::test]
    async fn a_usage_table_that_can_not_be_reached_does_not_keep_a_node_from_starting() {
        let usage = ["--usage", "usage", "--dynamodb-endpoint", "http://127.0.0.1:9"];
        let setup = prepare(parsed(&usage).unwrap()).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(setup.ports.usage.is_some() && setup.usage.is_some());
    }

    #[tokio::test]
    async fn it_is_said_where_a_node_listens() {
        let relay = ["--relay-listen", "127.0.0.1:0", "--cluster-secret", "0123456789abcdef0123456789abcdef"];
        let setup = prepare(parsed(&relay).unwrap()).await.unwrap_or_else(|error| panic!("{error}"));
        let mut said = Vec::new();
        setup.announce(&mut said).unwrap();
        let relay = setup.config.relay.unwrap().address;
        assert_eq!(
            String::from_utf8(said).unwrap(),
            format!("listening http://{}\nrelay {relay}\n", setup.address)
        );
        assert_eq!(setup.config.url, format!("ws://{}", setup.address));
    }
}
